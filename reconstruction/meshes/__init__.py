"""Work on meshes of any origin: reading, checking, cleaning, simplifying, unwrapping."""
