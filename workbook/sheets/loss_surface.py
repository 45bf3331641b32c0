"""The loss over all samples as formulas that fit in cells, for the sheet `landscape`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from engine import Columns
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import cell_by_cell, over, plus
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Tree, Variable, leaves, replaced
from workbook.table.definitions import definitions
from workbook.table.layout import FORMULA_LIMIT_OF_EXCEL, on_sheet

# A leaf takes at least so many characters; where not even these fit, the tree is not made.
LEAST_A_LEAF = 25
# The longest that stand for a weight at a point of the grid, for what is typed in, and for a helper.
WEIGHT, TYPED, HELPER = "($AAA$999+$AAA$999*$AA$99+$AAA$999*$D$99)", on_sheet(MAIN_SHEET, "$AAA$9999"), "XFD1999"
# A tile is LOG10(MAX(…,10^-34)).
AROUND = 30


@dataclass(frozen=True)
class LossFormula:
    """The loss over weights (row 0), over what is typed in of each sample (its row), and over helpers.

    Attributes:
        helpers: what has a cell of its own, each over those before it; none where the loss fits in one cell.
        tree: the loss itself.
        longest: at most how many characters its longest formula has.
    """

    helpers: dict[Variable, Tree]
    tree: Tree
    longest: int


def loss_over_weights(columns: Columns, samples: int) -> LossFormula:
    """The loss of the first samples, with as few helpers as its length allows."""
    totals = [Variable("E_tot", sample) for sample in range(samples)]
    if LEAST_A_LEAF * _leaves(columns, totals) <= FORMULA_LIMIT_OF_EXCEL:
        loss = _spelled(columns, totals, set())
        if loss.longest <= FORMULA_LIMIT_OF_EXCEL:
            return loss
    shared = _read_more_than_once(columns, totals)
    loss = _spelled(columns, totals, shared)
    return loss if loss.longest <= FORMULA_LIMIT_OF_EXCEL else _spelled(columns, totals, shared | set(totals))


def _leaves(columns: Columns, totals: list[Variable]) -> int:
    """How many weights, inputs and targets the loss names when all else is spelled out."""
    defined = definitions(columns)

    @cache
    def count(of: Variable) -> int:
        if defined[of.name].typed_in:
            return 1
        read = leaves(defined[of.name].tree_of(of.row))
        return sum(count(Variable(leaf.name, of.row + leaf.row)) for leaf in read if isinstance(leaf, Variable))

    return sum(map(count, totals))


def _reads(columns: Columns, of: Variable) -> Iterator[Variable]:
    """What a sample's column is computed from, where that is computed itself."""
    defined = definitions(columns)
    for leaf in leaves(cell_by_cell(defined[of.name].tree_of(of.row))):
        if isinstance(leaf, Variable) and not defined[leaf.name].typed_in:
            yield Variable(leaf.name, of.row + leaf.row)


def _read_more_than_once(columns: Columns, totals: list[Variable]) -> set[Variable]:
    uses: Counter[Variable] = Counter()
    waiting, seen = list(totals), set(totals)
    while waiting:
        for each in _reads(columns, waiting.pop()):
            uses[each] += 1
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return {each for each, times in uses.items() if times > 1}


def _spelled(columns: Columns, totals: list[Variable], apart: set[Variable]) -> LossFormula:
    """The loss with the columns `apart` as helpers, each before those that read it."""
    defined, weights = definitions(columns), {*columns.of("weight", "bias")}
    helpers: dict[Variable, Tree] = {}

    def spelled(of: Variable) -> Tree:
        if of in helpers:
            return of

        def change(leaf: Tree) -> Tree:
            if not isinstance(leaf, Variable) or leaf.name in weights:
                return leaf
            there = Variable(leaf.name, of.row + leaf.row)
            return there if defined[leaf.name].typed_in else spelled(there)

        tree = replaced(cell_by_cell(defined[of.name].tree_of(of.row)), change)
        if of not in apart:
            return tree
        helpers[of] = tree
        return of

    total = plus(*map(spelled, totals))
    count = len(totals) // columns.network.time
    mean = columns.method.reduction == "mean" and count > 1
    loss = over(total, Number(count)) if mean else total

    def longest(leaf: Variable) -> str:
        return HELPER if leaf in helpers else WEIGHT if leaf.name in weights else TYPED

    lengths = (len(printed(tree, longest)) for tree in (*helpers.values(), loss))
    return LossFormula(helpers, loss, AROUND + max(lengths))
