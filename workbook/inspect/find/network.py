"""The network behind a table: its sizes, and what every column should be."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import combinations, pairwise

from engine import Column, Columns
from workbook.spreadsheet.algebra import plus, times
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Name, Number, Operation, Tree, UnsupportedError, Variable, leaves, replaced
from workbook.table.definition import Definition
from workbook.table.definitions import definitions, given_names
from workbook.table.updates import ETA

DEFAULT_SIZES = (2, 2, 2)
MOST_NEURONS = 12
MOST_LAYERS = 4
# A header may claim any number of neurons: with more weights than this, formulas do not fit into cells.
MOST_WEIGHTS = 1_000
LARGEST = f"at most {MOST_NEURONS} hidden neurons in {MOST_LAYERS} layers and {MOST_WEIGHTS:,} weights"
# The row of a variable that stands neither in the formula's own row nor in the one above.
FAR = -2


def possible_sizes(names: Mapping[str, int]) -> list[tuple[int, ...]]:
    """Layer sizes whose table has just these columns; or else 2-2-2, if it has them all and more."""
    counts = {family: _count(names, pattern) for family, pattern in FAMILIES.items()}
    inputs, outputs, hidden, weights = counts["i"], counts["t"], counts["h"], counts["w"]
    found = []
    if inputs and outputs and hidden <= MOST_NEURONS:
        found = [
            (inputs, *layers, outputs)
            for layers in _splits(hidden)
            if sum(a * b for a, b in pairwise((inputs, *layers, outputs))) == weights <= MOST_WEIGHTS
        ]
        # A column may be numbered 0: x0 for a bias input.
        found = [sizes for sizes in found if _has(sizes, names) and _fits_in_cells(sizes)]
    return found or ([DEFAULT_SIZES] if _has(DEFAULT_SIZES, names) else [])


def _has(sizes: tuple[int, ...], names: Mapping[str, int]) -> bool:
    return set(names) - {"eta"} <= set(Columns.plain(sizes).names)


@lru_cache
def _fits_in_cells(sizes: tuple[int, ...]) -> bool:
    columns = Columns.plain(sizes)
    try:
        return all(parse(definition.text(columns)) for definition in definitions(columns).values())
    except UnsupportedError:
        return False


FAMILIES = {"i": r"i(\d+)", "t": r"(?:t|E|o|a_o)(\d+)", "h": r"(?:a_)?h(\d+)", "w": r"(?:∂E/∂)?w(\d+)"}


def _count(names: Mapping[str, int], pattern: str) -> int:
    return max((int(match[1]) for name in names if (match := re.fullmatch(pattern, name))), default=0)


def _splits(hidden: int) -> Iterator[tuple[int, ...]]:
    if hidden == 0:
        yield ()
    for cuts in range(min(hidden, MOST_LAYERS)):
        for boundaries in combinations(range(1, hidden), cuts):
            yield tuple(b - a for a, b in pairwise((0, *boundaries, hidden)))


# Conventions that a whole table may follow without being wrong, as they are told.
NO_HALF = "a variant: the losses have no ½, and so the gradients are twice as large"
NEGATIVE_RATE = "a variant: the learning rate is negative, and so the step is added"


@dataclass(frozen=True)
class Network:
    """What the columns of a table should be, as far as it has them.

    Attributes:
        sizes: neurons in each layer.
        known: our names for which the sheet has a cell in every row, or a labelled one for all rows.
        variant: NO_HALF, NEGATIVE_RATE, or "" where the table is as it usually is.
    """

    sizes: tuple[int, ...]
    known: frozenset[str]
    variant: str = ""

    @cached_property
    def columns(self) -> Columns:
        """The columns of the whole table."""
        return Columns.plain(self.sizes)

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """What each column of the whole table is."""
        usual = definitions(self.columns)
        return {column.name: _varied(usual[column.name], column, self.variant) for column in self.columns.all}

    @cached_property
    def given(self) -> frozenset[str]:
        """The columns whose first row is typed in."""
        return frozenset(given_names(self.columns))

    @cached_property
    def samples(self) -> tuple[str, ...]:
        """Targets and inputs."""
        return (*self.columns.target_names, *self.columns.input_names)

    def expected(self, name: str) -> Tree | None:
        """A column's tree over the names that are known; None if it cannot be spelled with them."""
        return _expected(self, name)

    def spelled(self, tree: Tree) -> Tree:
        """Put the definitions of missing columns in their place."""

        def known(leaf: Tree) -> Tree:
            if not isinstance(leaf, Variable) or leaf == ETA or leaf.name in self.known:
                return leaf
            if leaf.name in self.given:
                raise UnsupportedError(f"it takes {leaf.name}, which is missing")
            # What is not typed in is computed from its own row, wherever that is.
            inner = self.spelled(self.definitions[leaf.name].tree)
            return replaced(inner, lambda own: Variable(own.name, leaf.row) if isinstance(own, Variable) else own)

        return replaced(tree, known)


@lru_cache(maxsize=1024)
def _expected(network: Network, name: str) -> Tree | None:
    """As Network.expected: the same for all tables of one kind, as for the runs of a sweep."""
    try:
        tree = network.spelled(network.definitions[name].tree)
        parse(printed(tree))
    except UnsupportedError:
        return None  # with the definitions of missing columns in it, it may be too long for a cell
    return tree


def _varied(usual: Definition, column: Column, variant: str) -> Definition:
    if variant == NO_HALF and column.kind in ("loss", "gradient"):
        return replace(usual, tree=times(Number(2), usual.tree))
    if variant == NEGATIVE_RATE and column.kind == "weight" and isinstance(usual.tree, Operation):
        return replace(usual, tree=plus(*usual.tree.operands))
    return usual


def over_variables(text: str, row: int) -> Tree:
    """A formula over names as a tree over the variables of a row."""

    def variable(leaf: Tree) -> Tree:
        if not isinstance(leaf, Name):
            return leaf
        return ETA if leaf.text == "eta" else Variable(leaf.text, row)

    return replaced(parse(text), variable)


def variables(tree: Tree) -> list[Variable]:
    """The variables of a tree, each once, in their order."""
    return list(dict.fromkeys(leaf for leaf in leaves(tree) if isinstance(leaf, Variable)))
