"""An experiment as an .xlsx file holds it."""

from dataclasses import replace

import numpy as np

from engine import Experiment, Method, Run


def as_stored(experiment: Experiment) -> Experiment:
    """The experiment as a file holds it: typed numbers keep 16 significant digits there.

    The caches are right only if the engine starts from the same numbers as a spreadsheet program that opens the
    file.
    """
    stored = np.vectorize(_number, otypes=[float])
    return replace(
        experiment,
        weights=tuple(stored(matrix) for matrix in experiment.weights),
        biases=tuple(stored(bias) for bias in experiment.biases),
        inputs=stored(experiment.inputs),
        targets=stored(experiment.targets),
        learning_rate=_number(experiment.learning_rate),
        learning_rates=tuple(stored(experiment.learning_rates).tolist()),
        method=_method_as_stored(experiment.method),
        runs=tuple(Run(_number(run.learning_rate), _method_as_stored(run.method)) for run in experiment.runs),
    )


def _method_as_stored(method: Method) -> Method:
    return replace(method, constants=tuple((name, _number(value)) for name, value in method.constants))


def _number(number: float) -> float:
    return float(f"{number:.16G}")
