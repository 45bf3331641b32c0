"""The backward pass, derived from the forward columns: the chain rule as it is, for any kind of layer.

∂E/∂c in row p of an update is the sum, over every column d and every row q of the same update whose formula reads c in
row p, of ∂E/∂d in row q times the slope of that formula by what it reads. Nothing here knows what a layer is.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_

from engine.columns import gradient_name
from workbook.spreadsheet.algebra import (
    ONE,
    cell_by_cell,
    factored,
    own,
    product,
    shifted,
    signed_factors,
    times,
    total,
)
from workbook.spreadsheet.differentiate import slopes
from workbook.spreadsheet.trees import Number, Operation, Tree, Variable, leaves, replaced
from workbook.table.definition import Definition


@dataclass(frozen=True)
class Line:
    """A line of the chain rule, over the names of columns and of lines before it.

    Attributes:
        name: such as `∂E/∂h1`, or `∂a_h1/∂h1`.
        trees: what it is, by the position of a row in its update or its sequence; one where all rows have the same.
    """

    name: str
    trees: tuple[Tree, ...]


@dataclass(frozen=True)
class _Reading:
    """That a column, in some row of an update, reads another so many rows from there; and its slope by that."""

    by: str
    row: int
    offset: int
    slope: Tree


def backward(
    stages: Sequence[Sequence[Definition]],
    trained: Collection[str],
    rows: int = 1,
    *,
    kept: Collection[str] = (),
    passing_back: Callable[[Tree], Tree] = lambda slope: slope,
) -> list[list[Line]]:
    """The lines of each stage, in an order in which each can be computed if the last stage goes first.

    Where a column is read once, and that within its stage, its slope has a line of its own before the product; errors
    that come from later stages are one sum.

    Args:
        stages: the forward columns, layer by layer; the last stage is the losses', and its last column their total.
        trained: the names of the weights, biases and their like.
        rows: of an update, which may read one another.
        kept: computed columns that have lines though no trained one be behind them.
        passing_back: what is done to a slope through which an error passes back to an earlier stage.

    Raises:
        UnsupportedError: a column on the way from a trained one to the loss uses a function without a derivative.
    """
    return _Backward(stages, frozenset(trained), frozenset(kept), rows, passing_back).lines()


@dataclass(frozen=True)
class _Backward:
    stages: Sequence[Sequence[Definition]]
    trained: frozenset[str]
    kept: frozenset[str]
    rows: int
    passing_back: Callable[[Tree], Tree]

    @cached_property
    def total(self) -> str:
        return self.stages[-1][-1].name

    @cached_property
    def computed(self) -> dict[str, Definition]:
        return {definition.name: definition for stage in self.stages for definition in stage}

    @cached_property
    def relevant(self) -> frozenset[str]:
        """The columns between the trained or kept ones and the loss, with both ends."""
        reads = {name: _reads(definition) for name, definition in self.computed.items()}
        return _closure(
            self.trained | self.kept, lambda found: {name for name in reads if reads[name] & found}
        ) & _closure({self.total}, lambda found: {read for name in found for read in reads.get(name, ())})

    @cached_property
    def readings(self) -> dict[str, list[_Reading]]:
        """By whom each column is read."""
        found: dict[str, list[_Reading]] = {name: [] for name in self.relevant}
        for name in self.computed:
            by_tree = self._slopes(self.computed[name]) if name in self.relevant else []
            for row in range(self.positions if by_tree else 0):
                for leaf, slope in by_tree[row % len(by_tree)].items():
                    if leaf.name in found and 0 <= row + leaf.row < self.positions:
                        found[leaf.name].append(_Reading(name, row, leaf.row, slope))
        return found

    @cached_property
    def positions(self) -> int:
        """The rows of an update, or 1 where none of them reads another, so that all are alike."""
        trees = [self.computed[name].trees for name in self.relevant if name in self.computed]
        apart = all(
            leaf.row == 0
            for by_row in trees
            for tree in by_row
            for leaf in leaves(tree)
            if isinstance(leaf, Variable) and leaf.name in self.relevant
        )
        return 1 if apart and all(len(by_row) == 1 for by_row in trees) else self.rows

    def _slopes(self, definition: Definition) -> list[dict[Variable, Tree]]:
        """The slopes of each of its trees; a range's mean that is a column is read there."""
        if definition.slopes is not None:
            return [{own(name): slope for name, slope in definition.slopes.items()}]
        found = []
        for row, tree in enumerate(definition.trees):
            by_leaf = slopes(tree, definition.name)
            cut = row in definition.cut
            found.append(
                {leaf: self._with_means(slope, row) for leaf, slope in by_leaf.items() if not cut or leaf.row == 0}
            )
        return found

    @cached_property
    def alike(self) -> frozenset[str]:
        """The columns that are the same in all rows of an update, since they read the same cells."""
        several = [each for each in self.computed.values() if len(each.trees) > 1]
        return frozenset(
            each.name for each in several if len({shifted(tree, row) for row, tree in enumerate(each.trees)}) == 1
        )

    def _in_own_row(self, slope: Tree) -> Tree:
        """A slope in which columns that are the same in all rows, as weights are, are read in the own one."""
        same = self.alike | self.trained
        return replaced(
            slope, lambda leaf: own(leaf.name) if isinstance(leaf, Variable) and leaf.name in same else leaf
        )

    @cached_property
    def means(self) -> dict[tuple[Tree, int], Variable]:
        """The columns that are means, by the cells that they read in a row of the update."""
        averages = [each for each in self.computed.values() if getattr(each.tree, "kind", "") == "AVERAGE"]
        return {(cell_by_cell(tree), row): own(each.name) for each in averages for row, tree in enumerate(each.trees)}

    def _with_means(self, slope: Tree, row: int) -> Tree:
        if not isinstance(slope, Operation):
            return slope
        if slope.kind == "AVERAGE":
            return self.means.get((slope, row), slope)
        return Operation(slope.kind, tuple(self._with_means(operand, row) for operand in slope.operands))

    @cached_property
    def stage(self) -> dict[str, int]:
        """In which stage each column stands; a trained one in the first that reads it."""
        found = {definition.name: number for number, stage in enumerate(self.stages) for definition in stage}
        return found | {
            name: min(found[reading.by] for reading in self.readings[name]) for name in self.trained & self.relevant
        }

    def lines(self) -> list[list[Line]]:
        found: list[list[Line]] = [[] for _ in self.stages]
        seen = {self.total}

        def visit(name: str) -> None:
            """Adds the lines of a column after those of all that read it."""
            if name in seen or name not in self.relevant:
                return
            seen.add(name)
            for reading in self.readings[name]:
                visit(reading.by)
            found[self.stage[name]] += self._lines_of(name)

        for number in reversed(range(len(self.stages))):
            for definition in self.stages[number]:
                visit(definition.name)
                for name in filter(self._is_read_once, self._trained_in(definition)):
                    visit(name)
            for definition in self.stages[number]:
                for name in self._trained_in(definition):
                    visit(name)
        return found

    def _trained_in(self, definition: Definition) -> list[str]:
        """The trained columns that a column reads, in order."""
        read = dict.fromkeys(
            leaf.name for tree in definition.trees for leaf in leaves(tree) if isinstance(leaf, Variable)
        )
        return [name for name in read if name in self.trained]

    def _is_read_once(self, name: str) -> bool:
        return len({reading.by for reading in self.readings.get(name, ())}) == 1

    def _lines_of(self, name: str) -> Iterator[Line]:
        readings = self.readings[name]
        by, stage = readings[0].by, self.stage[name]
        here = by != self.total and self.stage[by] == stage
        in_own_row = [(reading.row, reading.offset) for reading in readings] == [
            (row, 0) for row in range(self.positions)
        ]
        if here and self._is_read_once(name) and in_own_row:
            slope = f"∂{by}/∂{name}"
            yield Line(slope, as_few(reading.slope for reading in readings))
            yield Line(gradient_name(name), (times(own(gradient_name(by)), own(slope)),))
        else:
            yield Line(gradient_name(name), as_few(self._sum(name, row) for row in range(self.positions)))

    def _sum(self, name: str, row: int) -> Tree:
        """∂E/∂name in a row of the update."""
        terms: dict[str, list[Tree]] = {}
        for reading in self.readings[name]:
            if reading.row + reading.offset == row:
                away = reading.row - row
                error = ONE if reading.by == self.total else Variable(gradient_name(reading.by), away)
                slope = self._in_own_row(shifted(reading.slope, away))
                if name in self.computed and self.stage[reading.by] > self.stage[name]:
                    slope = self.passing_back(slope)
                terms.setdefault(reading.by, []).append(product(error, slope))
        return factored(*map(_over_rows, terms.values()))


def _reads(definition: Definition) -> frozenset[str]:
    if definition.slopes is not None:
        return frozenset(definition.slopes)
    return frozenset(leaf.name for tree in definition.trees for leaf in leaves(tree) if isinstance(leaf, Variable))


def _closure(first: Collection[str], more: Callable[[frozenset[str]], set[str]]) -> frozenset[str]:
    found = frozenset(first)
    while not (new := more(found)) <= found:
        found |= new
    return found


def as_few(trees: Iterable[Tree]) -> tuple[Tree, ...]:
    """The shortest pattern of trees that the rows repeat: one where all have the same, else those of a sequence."""
    by_row = tuple(trees)
    rows = len(by_row)
    return next(by_row[:n] for n in range(1, rows + 1) if rows % n == 0 and by_row[:n] * (rows // n) == by_row)


def _over_rows(terms: Sequence[Tree]) -> Tree:
    """The sum of what rows of an update add, as SUM, AVERAGE or SUMPRODUCT of ranges if they all add alike."""
    parts = [signed_factors(term) for term in terms]
    if len(terms) == 1 or len({negative for negative, _ in parts}) > 1:
        return total(*terms)
    shared = reduce(and_, (Counter(factors) for _, factors in parts))
    common = list(shared.elements())
    varying = [list((Counter(factors) - shared).elements()) for _, factors in parts]
    blocks = [_block(column) for column in zip(*varying, strict=False)]
    if not blocks or None in blocks or len(set(map(len, varying))) > 1:
        return total(*terms)
    whole = [block for block in blocks if block is not None]
    function = "SUM" if len(blocks) == 1 else "SUMPRODUCT"
    if function == "SUM" and (mean := ("/", Number(len(terms)))) in common:
        common.remove(mean)
        function = "AVERAGE"
    added: Tree = Operation(function, tuple(whole))
    for sign, factor in common:
        added = Operation(sign, (added, factor))
    return product(Operation("neg", (added,)) if parts[0][0] else added)


def _block(column: Sequence[tuple[str, Tree]]) -> Tree | None:
    """The range of what is one column's cell in each row, from the first on."""
    sign, first = column[0]
    if sign == "*" and isinstance(first, Variable):
        cells = tuple(Variable(first.name, first.row + row) for row in range(len(column)))
        if [factor for _, factor in column] == list(cells):
            return Operation("block", cells)
    return None
