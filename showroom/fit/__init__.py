"""Bodies, garments on them and furniture in rooms: arrays in, arrays out."""
