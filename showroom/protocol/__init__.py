"""Wire messages, units, frames and error codes of the showroom channel; no I/O."""
