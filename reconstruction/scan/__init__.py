"""Depth scans to products: frames, their fusion, cleaning and meshing."""
