"""A z-buffer renderer in numba."""
