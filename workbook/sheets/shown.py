"""The row of the table that the sheets `explorer` and `derivation` work out, and the names of what they show of it.

Beside columns and constants these are `mean ∂E/∂w1` (or `sum`), over the batch of the row, `rows of w1`, the cells of
the batch, and `new w1`, after its step. Of sequences `a_h1[-1]` and `∂E/∂h1[+1]` are those of the rows above and below.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine import Columns, FloatArray
from engine.columns import gradient_name
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Operation, Tree, Variable, leaves, replaced
from workbook.table.definition import in_all_rows
from workbook.table.definitions import constant_names, definitions
from workbook.table.layout import FIRST_ROW, Layout, on_sheet

NEW = "new "
GIVEN = ("target", "counted", "input", "sample", "time", "initial-state")
CHANGED = ("weight", "bias")
OTHER_ROW = re.compile(r"(.*)\[([+-]\d+)\]")
OTHER_ROWS = re.compile(r"(.*)\[([+-]\d+):([+-]\d+)\]")
OVER_BATCH = {"AVERAGE": "mean ", "SUM": "sum ", "": "rows of "}


@dataclass(frozen=True)
class Shown:
    """A row of the table on the main sheet, as formulas refer to it.

    Attributes:
        row: a cell that holds its number.
    """

    layout: Layout
    row: str

    def cells(self, name: str) -> str:
        """A column of the table from row 1 of the sheet, so that a row's number finds its cell."""
        column = self.layout.letters[name]
        return on_sheet(MAIN_SHEET, f"${column}$1:${column}${self.layout.last_row}")

    def value(self, name: str) -> str:
        """What a column has in the row, or another so many rows from there: `a_h1[-1]`.

        `q1[-1:+2]` is an array of all its rows, 0 but in these: what SUMPRODUCT takes for a range.
        """
        if of := OTHER_ROWS.fullmatch(name):
            cells = on_sheet(MAIN_SHEET, self.layout.range(of[1]))
            return f"(ROW({cells})>={self.row}{of[2]})*(ROW({cells})<={self.row}{of[3]})*{cells}"
        if of := OTHER_ROW.fullmatch(name):
            return f"INDEX({self.cells(of[1])},{self.row}{of[2]})"
        return f"INDEX({self.cells(name)},{self.row})"

    def by_step(self, formulas: Sequence[str]) -> str:
        """The formula for the row's step, of those for each step of a sequence or the one for all."""
        steps: dict[str, list[int]] = {}
        for step, formula in enumerate(formulas, start=1):
            steps.setdefault(formula, []).append(step)
        *others, whole = sorted(steps, key=lambda formula: len(steps[formula]))
        for formula in others:
            tests = [f"{self.value('time')}={step}" for step in steps[formula]]
            whole = f"IF({tests[0] if len(tests) == 1 else 'OR(' + ','.join(tests) + ')'},{formula},{whole})"
        return whole

    def batch_row(self, offset: int) -> str:
        """The number of a row of its batch, by its offset there from 0; the next batch starts at the batch's size."""
        size = self.layout.columns.method.batch_size
        if size == 1:
            return f"{self.row}+{offset}"
        return f"{self.row}-MOD({self.row}-{FIRST_ROW},{size})+{offset}"

    def in_batch(self, name: str, offset: int) -> str:
        """What a column has in a row of the batch."""
        return f"INDEX({self.cells(name)},{self.batch_row(offset)})"

    def counters(self) -> Iterator[tuple[str, int, str]]:
        """What tells the row beside its step: `sample`, in a sequence `time`, each with the last and its formula."""
        columns = self.layout.columns
        most = {"sample": columns.samples // columns.network.time, "time": columns.network.time}
        return ((name, last, self.value(name)) for name, last in most.items() if name in columns.by_name)

    def over_batch(self, name: str) -> str:
        """The value of a name such as `mean ∂E/∂w1`."""
        function, column = over_batch(name)
        return f"{function}IF({self.cells('step')},{self.value('step')},{self.cells(column)})"


@dataclass(frozen=True)
class Quantities:
    """What the row has: a formula, without its `=`, and a number for each quantity.

    Attributes:
        largest: the size of the largest gradient of a weight or bias, likewise.
    """

    formulas: dict[str, str]
    numbers: dict[str, float]
    largest: tuple[str, float]


def over_batch(name: str) -> tuple[str, str]:
    """The function and the column of a name such as `mean ∂E/∂w1`."""
    function = next(function for function, word in OVER_BATCH.items() if name.startswith(word))
    return function, name.removeprefix(OVER_BATCH[function])


def is_over_batch(name: str) -> bool:
    """Whether a name is one such as `mean ∂E/∂w1`."""
    return name.startswith(tuple(OVER_BATCH.values()))


def in_words(columns: Columns, tree: Tree) -> str:
    """The tree over names, with `AVERAGE(∂E/∂w1 of the batch)` for `mean ∂E/∂w1`."""

    def word(leaf: Variable) -> str:
        if not is_over_batch(leaf.name):
            return leaf.name
        function, column = over_batch(leaf.name)
        cells = in_all_rows(columns, column)
        return f"{function}({cells})" if function else cells

    return printed(tree, word)


def in_the_row(columns: Columns, name: str) -> Tree:
    """What a column is in the first row of an update, over names."""
    return in_each_step(columns, name)[0]


def in_each_step(columns: Columns, name: str) -> list[Tree]:
    """What a column is in each step of a sequence, over names; a tree alone where samples are no sequences."""
    defined = definitions(columns)[name]
    return [over_names_of_rows(columns, defined.tree_of(step)) for step in range(columns.network.time)]


def over_names_of_rows(columns: Columns, tree: Tree) -> Tree:
    """The tree with `a_h1[-1]` for what a sequence has in the row above, and so on, and names of ranges."""
    if columns.network.time == 1:
        return over_names_of_batches(tree)

    def named(leaf: Tree) -> Tree:
        if isinstance(leaf, Variable) and leaf.row:
            return Variable(f"{leaf.name}[{leaf.row:+}]", 0)
        return leaf

    return replaced(over_names_of_batches(_over_names_of_ranges(tree)), named)


def _over_names_of_ranges(tree: Tree) -> Tree:
    """The tree with `q1[-1:+2]` for a range of a sequence's rows in a sum of products."""
    if not isinstance(tree, Operation):
        return tree
    if tree.kind != "SUMPRODUCT":
        return Operation(tree.kind, tuple(map(_over_names_of_ranges, tree.operands)))
    return Operation(tree.kind, tuple(map(_range_name, tree.operands)))


def _range_name(tree: Tree) -> Tree:
    first, last = (tree.operands[0], tree.operands[-1]) if isinstance(tree, Operation) else (tree, tree)
    if isinstance(first, Variable) and isinstance(last, Variable) and first != last:
        return Variable(f"{first.name}[{first.row:+}:{last.row:+}]", 0)
    return tree


def in_other_rows(columns: Columns) -> list[str]:
    """The names such as `a_h1[-1]` that the passes of some row read, in order."""
    if columns.network.time == 1:
        return []
    passes = [column.name for column in columns.all if column.kind not in (*GIVEN, *CHANGED, "step", "state")]
    trees = (tree for name in passes for tree in in_each_step(columns, name))
    names = (leaf.name for tree in trees for leaf in leaves(tree) if isinstance(leaf, Variable))
    return [name for name in dict.fromkeys(names) if OTHER_ROW.fullmatch(name)]


def after_the_step(columns: Columns, name: str) -> Tree:
    """The value, over names, of a column that changes with every batch, after the batch of the row."""
    constants = constant_names(columns)

    def change(leaf: Tree) -> Tree:
        if isinstance(leaf, Variable) and leaf.row == 0 and leaf.name not in constants:
            return Variable(NEW + leaf.name, 0)
        return leaf

    return over_names_of_batches(replaced(definitions(columns)[name].tree, change))


def over_names_of_batches(tree: Tree) -> Tree:
    """The tree with `mean ∂E/∂w1` for the mean of a range of a batch's rows, and `rows of w1` for any other range."""
    if not isinstance(tree, Operation):
        return tree
    if tree.kind == "block" and isinstance(cell := tree.operands[0], Variable):
        return Variable(OVER_BATCH[""] + cell.name, 0)
    operands = tuple(map(over_names_of_batches, tree.operands))
    if len(operands) == 1 and tree.kind in OVER_BATCH and isinstance(tree.operands[0], Operation):
        range_of = operands[0]
        if isinstance(range_of, Variable) and tree.operands[0].kind == "block":
            return Variable(OVER_BATCH[tree.kind] + over_batch(range_of.name)[1], 0)
    return Operation(tree.kind, operands)


def errors(columns: Columns) -> dict[str, Tree]:
    """∂E/∂z of every neuron, over the table's columns, be it one of them or not."""
    kept = definitions(replace(columns, network=replace(columns.network, deltas=True)))
    found: dict[str, Tree] = {}
    for layer in reversed(range(columns.depth)):
        for name in map(gradient_name, columns.neuron_names(layer)):
            tree = kept[name].tree
            if not columns.network.deltas:
                tree = replaced(tree, lambda leaf: found.get(leaf.name, leaf) if isinstance(leaf, Variable) else leaf)
            found[name] = tree
    return found


def changing(columns: Columns) -> list[str]:
    """The columns that a step changes: its number, then each weight and trained bias after the states behind it."""
    trained = [name for name in columns.of("weight", "bias") if name in columns.trained]
    return [
        *columns.of("step"),
        *(name for of in trained for name in (*(f"{state}_{of}" for state in columns.states), of)),
    ]


def numbers_of_the_first_row(layout: Layout, values: FloatArray, learning_rate: float) -> dict[str, float]:
    """The number of every name, of the first row of a run, (T, C)."""
    columns = layout.columns
    numbers = dict(zip(columns.names, values[0].tolist(), strict=True))
    numbers |= {constant_names(columns)[0]: learning_rate, **dict(columns.method.constants)}
    for step in range(1, columns.network.time):
        below = values[step].tolist()
        numbers |= {f"{name}[+{step}]": number for name, number in zip(columns.names, below, strict=True)}
    size = columns.method.batch_size
    if size > 1:
        batch = values[:size]
        reduced = {"AVERAGE": batch.mean(axis=0), "SUM": batch.sum(axis=0)}
        for function, of_batch in reduced.items():
            word = OVER_BATCH[function]
            numbers |= {word + name: number for name, number in zip(columns.names, of_batch.tolist(), strict=True)}
    for name in changing(columns):
        numbers[NEW + name] = value_of(after_the_step(columns, name), numbers)
    return numbers
