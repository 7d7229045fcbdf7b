"""What a visitor asks without a visit: a body, a fit, a place in a room, an answer."""
