"""Photos, scans, tables and others' files to products: what an artist or a shop asks for."""
