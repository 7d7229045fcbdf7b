"""Training data: procedural scenes, rendered products and real photos, all seeded."""
