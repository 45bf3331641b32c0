"""The definitions prove themselves by differentiation, and hold for the engine's numbers row by row."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import Columns, Experiment, FloatArray, descend, load_experiment
from engine.experiment_file import packaged_experiments
from tests.engine.networks import random_experiment
from tests.engine.pictures import picture_experiment
from tests.workbook.duals import derivative
from tests.workbook.kinds import KINDS
from tests.workbook.whole import overflows
from workbook.spreadsheet.evaluator import Value, evaluate
from workbook.spreadsheet.trees import Tree, Variable, leaves
from workbook.table.definitions import constant_names, definitions

EXPERIMENTS = {name: load_experiment(name) for name in packaged_experiments()} | {
    f"random {seed}": experiment for seed in range(30) if not overflows(experiment := random_experiment(seed))
}
# All runs of the sweep that differ in their method, under a name each.
RUNS = {f"{name} {run.method.optimizer}": each.as_run(run) for name, each in EXPERIMENTS.items() for run in each.runs}
PICTURES = {f"pictures {seed}": picture_experiment(seed) for seed in range(25)}
POINTS = 20


def one_row(columns: Columns, learning_rate: float = 0.0) -> dict[Variable, Value]:
    """A row's numbers by the definitions, at random points, (POINTS,) each.

    At a learning rate of 0 the new weights that output-first passes errors back through are the old ones.
    """
    draw, defined = np.random.default_rng(2), definitions(columns)
    values: dict[Variable, Value] = {Variable("eta", 0): np.float64(learning_rate)}
    for name in columns.of("target", "input", "weight", "bias"):
        values[Variable(name, 0)] = draw.uniform(0.05, 0.95, POINTS) * (1 if name[0] == "t" else draw.choice([-1, 1]))
    if columns.network.loss == "cross-entropy":
        whole = sum(values[Variable(name, 0)] for name in columns.target_names)
        values |= {Variable(name, 0): values[Variable(name, 0)] / whole for name in columns.target_names}

    def value(leaf: Variable) -> Value:
        if leaf not in values:
            tree = defined[leaf.name].tree
            values[leaf] = evaluate(tree, {of: value(of) for of in leaves(tree) if isinstance(of, Variable)})
        return values[leaf]

    for name in columns.of("total", "delta", "gradient"):
        value(Variable(name, 0))
    return values


def slope_of_the_loss(columns: Columns, values: dict[Variable, Value]) -> Callable[[str], Value]:
    """dE_tot/d(column), by the chain rule over the columns between: Σ ∂E_tot/∂x · dx/d(column)."""
    defined = definitions(columns)

    def slope(by: str) -> Value:
        @cache
        def change(name: str) -> Value:
            if name == by:
                return np.float64(1)
            if defined[name].typed_in:
                return np.float64(0)
            tree = defined[name].tree
            used = {leaf for leaf in leaves(tree) if isinstance(leaf, Variable)}
            return np.float64(0) + sum(derivative(tree, leaf, values) * change(leaf.name) for leaf in used)

        return change("E_tot")

    return slope


# A row of these stands by itself: no mask is drawn, no rows of a batch are read for a mean, none of a sequence.
BY_THEMSELVES = [name for name, of in EXPERIMENTS.items() if not of.columns.of("mask", "mean") and of.network.time == 1]


@pytest.mark.parametrize("name", BY_THEMSELVES)
def test_every_gradient_and_error_is_the_derivative_of_the_loss(name: str) -> None:
    columns = EXPERIMENTS[name].columns
    values = one_row(columns)
    slope = slope_of_the_loss(columns, values)
    for column in columns.of("delta", "gradient"):
        expected = np.broadcast_to(slope(column.removeprefix("∂E/∂")), POINTS)
        got = np.broadcast_to(values[Variable(column, 0)], POINTS)
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-13, err_msg=column)


def test_the_hidden_errors_of_output_first_are_no_derivatives_but_the_outputs_are() -> None:
    columns = load_experiment("mazur-output-first").columns
    values = one_row(columns, learning_rate=0.5)
    slope = slope_of_the_loss(columns, values)
    same = {
        column: np.allclose(values[Variable(column, 0)], slope(column.removeprefix("∂E/∂")), rtol=1e-10)
        for column in columns.of("delta", "gradient")
    }
    assert {column for column, agrees in same.items() if not agrees} == {
        "∂E/∂h1", "∂E/∂h2", "∂E/∂w1", "∂E/∂w2", "∂E/∂w3", "∂E/∂w4",
    }  # fmt: skip


@pytest.mark.parametrize("name", [*EXPERIMENTS, *RUNS, *PICTURES])
def test_every_definition_holds_for_the_engines_numbers(name: str) -> None:
    experiment = (EXPERIMENTS | RUNS | PICTURES)[name]
    numbers = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    for column, definition in definitions(experiment.columns).items():
        phases = len(definition.trees)
        for phase in range(phases):
            rows = np.arange(phase, len(numbers), phases)
            rows = rows[rows >= definition.typed_in]
            got = evaluate(definition.trees[phase], around(experiment, numbers, rows, definition.trees[phase]))
            index = experiment.columns.index[column]
            largest = np.abs(numbers[:, index]).max()
            np.testing.assert_allclose(
                np.broadcast_to(got, rows.shape), numbers[rows, index], rtol=1e-9, atol=1e-12 * largest, err_msg=column
            )


def around(experiment: Experiment, numbers: FloatArray, rows: NDArray[np.intp], tree: Tree) -> dict[Variable, Value]:
    """What a tree's variables stand for in these rows: numbers of the same or of other rows, and the constants."""
    rate, *_ = constant_names(experiment.columns)
    constants = {rate: experiment.learning_rate, **dict(experiment.method.constants)}
    index = experiment.columns.index
    return {
        leaf: numbers[rows + leaf.row, index[leaf.name]] if leaf.name in index else np.float64(constants[leaf.name])
        for leaf in leaves(tree)
        if isinstance(leaf, Variable)
    }


def test_what_all_places_of_a_map_share_stands_once_in_the_gradients_of_a_batch_norm() -> None:
    columns = KINDS["batch-norm of maps"].columns
    for name in ("∂E/∂var1", "∂E/∂mean1"):
        text = definitions(columns)[name].text(columns)
        assert (text.count("∂E/∂n1_"), text.count("var1")) == (9, 1)
