"""A NumPy engine: every number of every step of a small network's training."""
