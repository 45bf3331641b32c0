"""An experiment as a script of its own, in plain torch or plain NumPy, that prints the numbers of the sheet."""

from engine.export.numpy_script import numpy_script
from engine.export.torch_script import torch_script

__all__ = ["numpy_script", "torch_script"]
