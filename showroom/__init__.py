"""An open VR showroom whose products re-fit live, by pose and by voice."""

__version__ = "0.1.0"
