"""Products that no family builds: others' meshes, inflated outlines, visual hulls."""
