"""Products, sizes, assets and scenes of a showroom."""
