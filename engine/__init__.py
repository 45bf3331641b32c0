"""A NumPy engine: every number of every step of a small network's training.

>>> import engine
>>> experiment = engine.load("default")
>>> experiment.train().table().loc[1, "E_tot"].round(9)
np.float64(0.014181378)
"""

from engine import interrupts  # noqa: F401 - before NumPy, so that it hears Ctrl-C

# isort: split

from engine.arrays import FloatArray
from engine.columns import Columns
from engine.descent import Trace, descend
from engine.errors import InputError, InputWarning
from engine.experiment import Experiment, Run
from engine.experiment_file import default_experiment, load_experiment
from engine.experiment_file import load_experiment as load
from engine.imports import from_torch
from engine.layers import Dense, Layer
from engine.names import Column
from engine.network import Method, Network
from engine.table import long_table, sweep_table

__all__ = [
    "Column",
    "Columns",
    "Dense",
    "Experiment",
    "FloatArray",
    "InputError",
    "InputWarning",
    "Layer",
    "Method",
    "Network",
    "Run",
    "Trace",
    "default_experiment",
    "descend",
    "from_torch",
    "load",
    "load_experiment",
    "long_table",
    "sweep_table",
]
