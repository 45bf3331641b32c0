"""Traces as pandas tables."""

from typing import TYPE_CHECKING

from engine.descent import Trace, descend
from engine.experiment import Experiment

if TYPE_CHECKING:
    import pandas as pd


def table(trace: Trace, run: int) -> "pd.DataFrame":
    """One run of a trace, with the sheet's column names in their order; the index counts rows from 1.

    It is named "step" where every row is one, and "row" where a column tells the step.
    """
    import pandas as pd  # takes longer to load than the rest of the engine

    name = "row" if "step" in trace.columns.place else "step"
    rows = pd.RangeIndex(1, len(trace.numbers.values) + 1, name=name)
    return pd.DataFrame(trace.numbers.values[:, :, run], index=rows, columns=list(trace.columns.names))


def long_table(trace: Trace) -> "pd.DataFrame":
    """All runs one below the other, with the learning rate as the first column."""
    import pandas as pd

    rates = trace.learning_rates
    tables = [table(trace, run) for run in range(len(rates))]
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
        frame = table(descend(experiment.as_run(run), [run.learning_rate], keep_overflow=True), run=0)
        frame.insert(0, "run", number)
        frame.insert(1, "learning rate", run.learning_rate)
        frame.insert(2, "optimizer", run.method.optimizer)
        frame.insert(3, "schedule", run.method.schedule)
        tables.append(frame)
    return pd.concat(tables)
