"""Garments from photos: fitting, draping, texture."""
