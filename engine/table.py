"""Several runs as one pandas table."""

from typing import TYPE_CHECKING

from engine.descent import Trace, descend
from engine.experiment import Experiment

if TYPE_CHECKING:
    import pandas as pd


def long_table(trace: Trace) -> "pd.DataFrame":
    """All runs one below the other, with the learning rate as the first column."""
    import pandas as pd

    rates = trace.learning_rates
    tables = [trace.table(run) for run in range(len(rates))]
    return pd.concat(tables, keys=rates, names=["learning rate"]).reset_index(level=0)


def sweep_table(experiment: Experiment) -> "pd.DataFrame":
    """Every run of an experiment's sweep, one below the other; its first columns tell the runs apart.

    A number that overflows is inf or nan.
    """
    import pandas as pd

    if not experiment.runs:
        return long_table(descend(experiment, keep_overflow=True))
    tables = []
    for number, run in enumerate(experiment.runs, start=1):
        frame = descend(experiment.as_run(run), [run.learning_rate], keep_overflow=True).table()
        frame.insert(0, "run", number)
        frame.insert(1, "learning rate", run.learning_rate)
        frame.insert(2, "optimizer", run.method.optimizer)
        frame.insert(3, "schedule", run.method.schedule)
        tables.append(frame)
    return pd.concat(tables)
