"""What comes in: photos, what is declared of their size, and what a caller asks for."""
