"""An experiment as an .xlsx file holds it."""

from dataclasses import replace

import numpy as np

from engine import Experiment


def as_stored(experiment: Experiment) -> Experiment:
    """The experiment as a file holds it: typed numbers keep 16 significant digits there.

    The caches are right only if the engine starts from the same numbers as a spreadsheet program that opens the
    file.
    """
    stored = np.vectorize(lambda number: float(f"{number:.16G}"), otypes=[float])
    return replace(
        experiment,
        weights=tuple(stored(matrix) for matrix in experiment.weights),
        inputs=stored(experiment.inputs),
        targets=stored(experiment.targets),
        learning_rate=float(stored(experiment.learning_rate)),
        learning_rates=tuple(stored(experiment.learning_rates).tolist()),
    )
