"""Experiments from elsewhere: a network, a loss and an optimizer of torch. It is loaded only if used."""

from engine.imports.from_torch import from_torch

__all__ = ["from_torch"]
