"""Formulas and cells, free of networks."""
