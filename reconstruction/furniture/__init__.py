"""Furniture from photos: fitting and texture."""
