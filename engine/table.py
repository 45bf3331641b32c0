"""A trace as pandas tables."""

import pandas as pd

from engine.descent import Trace


def table(trace: Trace, run: int) -> pd.DataFrame:
    """One run of a trace, with the sheet's column names in their order; the index is the step, from 1 on."""
    steps = pd.RangeIndex(1, len(trace.numbers.values) + 1, name="step")
    return pd.DataFrame(trace.numbers.values[:, :, run], index=steps, columns=list(trace.columns.names))


def long_table(trace: Trace) -> pd.DataFrame:
    """All runs one below the other, with the learning rate as the first column."""
    rates = trace.learning_rates
    tables = [table(trace, run) for run in range(len(rates))]
    return pd.concat(tables, keys=rates, names=["learning rate"]).reset_index(level=0)
