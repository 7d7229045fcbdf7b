"""What goes out beside the product folder: levels of detail, USDZ, OBJ, and their checks."""
