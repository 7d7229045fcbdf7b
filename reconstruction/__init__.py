"""Photos in, re-fittable products out; usable without the rest of the showroom."""
