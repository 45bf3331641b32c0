"""What the roots of a table cost: the same training with the right mathematics, from the first row on."""

from collections.abc import Collection

import numpy as np

from engine import Experiment, FloatArray, InputError, descend
from workbook.inspect.find.understand import Understood
from workbook.inspect.findings import Cost, Finding

# Two runs of the same mathematics drift apart by rounding, in 10,000 steps and 10 digits by less than this.
SAME_RUN = 1e-8


def replay(understood: Understood) -> dict[str, FloatArray] | None:
    """The columns as they should be; None where the table cannot be run again from its first row."""
    numbers, columns = understood.numbers, understood.network.columns
    rate = understood.rate.value if understood.rate is not None else None
    given = [*understood.network.samples, *(name for layer in _weights(understood) for row in layer for name in row)]
    if (
        understood.network.variant
        or rate is None
        or not understood.one_sample
        or any(name not in numbers.columns for name in given)
    ):
        return None
    first = {name: float(numbers.columns[name][0]) for name in given}
    try:
        experiment = Experiment(
            network=columns.network,
            weights=tuple(np.array([[first[name] for name in row] for row in layer]) for layer in _weights(understood)),
            inputs=np.array([[first[name] for name in columns.input_names]]),
            targets=np.array([[first[name] for name in columns.target_names]]),
            learning_rate=rate,
            learning_rates=(rate,),
            steps=understood.table.steps,
        )
        values = descend(experiment).numbers.values[:, :, 0]
    except InputError:
        return None  # the run overflows, or its numbers are none: there is nothing to compare with
    return {name: values[:, index] for index, name in enumerate(columns.names)}


def _weights(understood: Understood) -> list[list[list[str]]]:
    columns = understood.network.columns
    return [columns.weight_names(layer) for layer in range(columns.depth)]


def consequences(understood: Understood, expected: dict[str, FloatArray], roots: Collection[str]) -> list[Finding]:
    """The columns that are off only because of a root elsewhere."""
    found = []
    for name in understood.network.columns.names:
        if name in roots or name not in understood.table.columns:
            continue
        got = understood.numbers.columns[name]
        with np.errstate(all="ignore"):
            off = np.abs(got - expected[name])
            rows = np.flatnonzero(
                ~(off <= SAME_RUN * np.abs(expected[name]) + understood.numbers.rounded[name] * 4 + 1e-12)
            )
            rows = np.setdiff1d(rows, understood.table.without_value(name))
            rows = rows[rows < len(got) - understood.table.ends_early(name)]
            share = off[rows] / np.abs(expected[name][rows])
        if not len(rows):
            continue
        at = tuple(understood.table.at[row] for row in rows.tolist())
        known = share[np.isfinite(share)]
        found.append(
            Finding(
                "consequence", name, understood.table.cell(name, at[0]), len(at), None, None,
                "off because of what is wrong elsewhere; right by its own row",
                float(known.max()) if len(known) else None, at,
            )
        )  # fmt: skip
    return found


def cost(understood: Understood, expected: dict[str, FloatArray]) -> Cost | None:
    """The loss at the last row that has one, and the weight that is furthest off there."""
    table, numbers = understood.table, understood.numbers.columns
    if "E_tot" not in table.columns:
        return None
    last = -2 if table.ends_early("E_tot") else -1
    weights = [
        name for name in understood.network.given if name not in understood.network.samples and name in table.columns
    ]
    off = {name: abs(float(numbers[name][last] - expected[name][last])) for name in weights}
    known = {name: far for name, far in sorted(off.items()) if np.isfinite(far)}
    if not np.isfinite(numbers["E_tot"][last]) or not known:
        return None
    worst = max(known, key=lambda name: known[name])
    return Cost(
        loss=float(numbers["E_tot"][last]),
        expected_loss=float(expected["E_tot"][last]),
        weight=worst,
        cell=table.cell(worst, table.at[last]),
        value=float(numbers[worst][last]),
        expected_value=float(expected[worst][last]),
    )
