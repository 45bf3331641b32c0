"""Differentiates anybody's sheet: whatever it calls a gradient must be the derivative of its own loss."""
