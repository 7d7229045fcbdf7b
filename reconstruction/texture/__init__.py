"""What the surfaces of every kind of product share: light, relief, synthesis, scores."""
