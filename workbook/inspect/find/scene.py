"""Random numbers for the columns of a right table: formulas that give the same from all of them are taken as equal."""

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from engine import FloatArray
from workbook.inspect.find.network import FAR, Network
from workbook.spreadsheet.evaluator import Evaluator, Value, evaluate
from workbook.spreadsheet.trees import Tree, UnsupportedError, Variable
from workbook.table.updates import ETA

DRAWS = 24


class Scene:
    """Every variable of a network in the own row, the row above and one far away, drawn DRAWS times.

    All rows but the own one are drawn; the own row follows from the one above. So a formula is judged by what it
    computes, however it is spelled.
    """

    def __init__(self, network: Network, *, same_samples: bool, rate: float | None) -> None:
        """Args:
        same_samples: whether all rows have the same targets and inputs.
        rate: the learning rate, where it is a number in the formulas and no variable.
        """
        self.network, self.same_samples, self.rate = network, same_samples, rate

    def holds(self, name: str, tree: Tree) -> bool:
        """Whether a tree computes what a column should be; one that cannot be evaluated does not."""
        try:
            return equal(self.evaluated(tree), self._expected[name])
        except UnsupportedError:
            return False

    def same(self, tree: Tree, other: Tree) -> bool:
        """Whether two trees compute the same."""
        return equal(self.evaluated(tree), self.evaluated(other))

    def evaluated(self, tree: Tree) -> Value:
        """A tree's value in every draw.

        Raises:
            UnsupportedError: the tree uses a function that is not supported.
        """
        return self.evaluator(tree)

    @cached_property
    def _expected(self) -> dict[str, Value]:
        return {name: self.evaluated(column.tree) for name, column in self.network.definitions.items()}

    @cached_property
    def evaluator(self) -> Evaluator:
        """Evaluates trees over the draws."""
        return Evaluator(self._values)

    @cached_property
    def _values(self) -> dict[Variable, FloatArray]:
        generator = np.random.default_rng(20)
        rates = generator.uniform(0.2, 2.0, DRAWS)
        values: dict[Variable, FloatArray] = {ETA: rates if self.rate is None else np.full_like(rates, self.rate)}
        values[Variable("eta", FAR)] = generator.uniform(0.2, 2.0, DRAWS)
        weights = [name for name in self.network.given if name not in self.network.samples]
        samples = self._sample_numbers(generator, self.network.samples)
        for row in (FAR, -1):
            given = samples if self.same_samples else self._sample_numbers(generator, self.network.samples)
            values |= self._row(row, {**given, **self._sample_numbers(generator, weights)})
        above = {variable: array for variable, array in values.items() if variable.row == -1} | {ETA: values[ETA]}
        updated = {name: np.asarray(evaluate(self.network.definitions[name].tree, above)) for name in weights}
        own = samples if self.same_samples else self._sample_numbers(generator, self.network.samples)
        return values | self._row(0, {**own, **updated})

    def _sample_numbers(self, generator: np.random.Generator, names: Iterable[str]) -> dict[str, FloatArray]:
        drawn = {}
        for name in sorted(names):
            target = name in self.network.columns.target_names
            low, high = (0.05, 0.95) if target else (0.2, 1.6)
            signs = 1.0 if target else generator.choice([-1.0, 1.0], DRAWS)
            drawn[name] = signs * generator.uniform(low, high, DRAWS)
        return drawn

    def _row(self, row: int, given: Mapping[str, FloatArray]) -> dict[Variable, FloatArray]:
        """All columns of one row, from what is given in it."""
        own: dict[Variable, Value] = {Variable(name, 0): values for name, values in given.items()}
        for name, definition in self.network.definitions.items():
            if name not in given:
                own[Variable(name, 0)] = evaluate(definition.tree, own)
        return {Variable(variable.name, row): np.asarray(values) for variable, values in own.items()}


def equal(values: Value, others: Value) -> bool:
    """Whether two trees came to the same numbers in all draws, up to rounding."""
    scale = np.maximum(np.abs(values), np.abs(others))
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.isfinite(scale) & (np.abs(values - others) <= 1e-9 * scale + 1e-13)))
