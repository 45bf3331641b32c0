"""A small CNN, trained on MNIST with torch."""
