"""Visits over a websocket and HTTP on one port, and the Python client; no decisions in here."""
