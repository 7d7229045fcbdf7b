"""Recorded visitors: the demo and its pictures, sessions recorded and replayed, crowds."""
