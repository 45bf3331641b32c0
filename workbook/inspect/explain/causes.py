"""Why a formula is wrong: the one edit of the right formula, or of the user's, that makes the two agree."""

import math
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import chain, combinations, count

import numpy as np

from workbook.inspect.explain.edits import edits, unguarded, without_parentheses
from workbook.inspect.explain.factors import factor_slips
from workbook.inspect.explain.repairs import of_another_column, of_another_neuron, of_another_row, repaired
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.network import FAR, variables
from workbook.inspect.find.understand import Understood
from workbook.inspect.find.wording import cell_text, described, shown, spelled, spelled_tree, variable_text
from workbook.inspect.judge.cause import UNNAMED, Cause
from workbook.spreadsheet.evaluator import Evaluator
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.references import row_of
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Name, Number, Operation, Reference, Tree, Variable, leaves, replaced
from workbook.table.updates import ETA

MOST_OCCURRENCES = 6

Test = Callable[[Tree], bool]
# A formula is tried on so many rows of typed numbers before it is tried on all.
FEW_ROWS = 3


class SearchedCauses:
    """The causes of what is wrong in a table with anybody's headers, searched for."""

    def __init__(self, understood: Understood) -> None:
        self.understood = understood

    def of_formula(self, name: str, shape: Shape, row: int, *, thorough: bool = True) -> Cause:
        """Why a formula does not compute what its column should be.

        Args:
            thorough: whether to look for a slip, which takes a while, or only for numbers that may stand for a cell.
        """
        understood, raw = self.understood, parse(shape.key)
        resolved = [understood.resolver.leaf(leaf, row) for leaf in leaves(raw)]
        cause = _bad_operand(understood, raw, resolved, row) or _replaced_operand(
            understood, name, raw, resolved, row, thorough=thorough
        )
        if cause is not None or not thorough:
            return cause or Cause(UNNAMED)
        scene = understood.scene
        user = scene.evaluator.remember(understood.resolver.tree(shape, row))
        others, numbers, test = variables(user), _numbers(user), partial(scene.same, user)
        return (
            _cause(of_another_column(understood, name, user))
            or _cause(of_another_neuron(understood, name, user, row))
            or _cause(of_another_row(understood, name, raw, resolved, row))
            or _edited(understood, name, others, numbers, scene.evaluator, test, row)
            or _cause(repaired(understood, name, raw, resolved, user, row))
            or Cause(UNNAMED)
        )

    def of_numbers(self, name: str, rows: list[int]) -> Cause | None:
        """Which slip gives the numbers that a column holds, without formulas, in some of its rows."""
        understood, numbers = self.understood, self.understood.numbers
        expected = understood.network.expected(name)
        if expected is None:
            return None
        offsets = {variable.row for variable in variables(expected)} - {0} or {0}
        columns = [other for other in understood.network.columns.names if other in understood.table.columns]
        others = [Variable(other, at) for other in columns for at in offsets]
        few = rows[:: max(1, len(rows) // FEW_ROWS)][:FEW_ROWS]
        evaluator = Evaluator({variable: numbers.of(variable)[few] for variable in [*others, *variables(expected)]})
        got = numbers.columns[name]
        roughly = 0.01 * np.abs(got[few]) + 20 * numbers.expected(expected, few)[1]

        def test(tree: Tree) -> bool:
            with np.errstate(all="ignore"):
                if not np.all(np.abs(evaluator(tree) - got[few]) <= roughly):
                    return False
                values, uncertain = numbers.expected(tree, rows)
                return bool(np.all(np.abs(values - got[rows]) <= uncertain + numbers.rounded[name][rows]))

        return _edited(understood, name, others, [2.0, 0.5], evaluator, test, understood.table.at[rows[0]])


def _cause(words: str | None) -> Cause | None:
    return None if words is None else Cause(words)


def _bad_operand(understood: Understood, raw: Tree, resolved: list[Tree], row: int) -> Cause | None:
    """A reference to a text, an error or a cell that drifted out of the table."""
    for leaf, tree in zip(leaves(raw), resolved, strict=True):
        if isinstance(leaf, Reference) and isinstance(tree, Number) and math.isnan(tree.value):
            if (drift := _drifted(understood, leaf, row)) is not None:
                return drift
            cell = cell_text(leaf)
            return Cause(f"{cell} holds {described(understood, leaf.sheet, leaf.column, row_of(leaf, row))}, no number")
    return None


def _replaced_operand(
    understood: Understood, name: str, raw: Tree, resolved: list[Tree], row: int, *, thorough: bool
) -> Cause | None:
    """The reference or number of the user's formula that must be another one."""
    expected = understood.network.expected(name)
    if expected is None:
        return None
    operands, followed = list(leaves(raw)), iter(resolved)
    base = understood.scene.evaluator.remember(replaced(raw, lambda _: next(followed)))
    wanted: list[Tree] = [*variables(expected), *(Number(value) for value in _numbers(expected)), Number(math.e)]
    for leaf in dict.fromkeys(operands):
        if not isinstance(leaf, Reference | Number | Name):
            continue
        for occurrences in _subsets([at for at, other in enumerate(operands) if other == leaf]):
            for candidate in wanted:
                is_ = resolved[occurrences[0]]
                if candidate == is_ or (isinstance(is_, Variable) and (isinstance(candidate, Number) or not thorough)):
                    continue
                tree = _with(raw, base, occurrences, candidate)
                if understood.scene.holds(name, tree):
                    return _operand_cause(understood, leaf, is_, candidate, row)
    return None


def _subsets(occurrences: list[int]) -> Iterator[tuple[int, ...]]:
    """One occurrence, all of them, or two: as in a·(1 − a)."""
    yield tuple(occurrences)
    if 1 < len(occurrences) <= MOST_OCCURRENCES:
        yield from combinations(occurrences, 1)
        if len(occurrences) > 2:
            yield from combinations(occurrences, 2)


def _with(raw: Tree, base: Tree, occurrences: Collection[int], new: Tree) -> Tree:
    """`base`, which is `raw` with its leaves followed, with another tree in the place of some leaves of `raw`.

    What stays the same stays the same object, which the evaluator need not compute again.
    """
    counter = count()

    def walk(raw: Tree, base: Tree) -> Tree:
        if not isinstance(raw, Operation) or not isinstance(base, Operation):
            return new if next(counter) in occurrences else base
        operands = tuple(map(walk, raw.operands, base.operands))
        kept = all(new is old for new, old in zip(operands, base.operands, strict=True))
        return base if kept else Operation(base.kind, operands)

    return walk(raw, base)


def _operand_cause(
    understood: Understood, leaf: Reference | Number | Name, is_: Tree, expected: Tree, row: int
) -> Cause:
    words = shown(understood, expected, row)
    if isinstance(leaf, Number):
        return _number_cause(understood, leaf.value, expected, words)
    if isinstance(leaf, Name):
        return _name_cause(understood, leaf, is_, expected, words)
    if expected == ETA and (drift := _drifted(understood, leaf, row)) is not None:
        return drift
    cell = cell_text(leaf)
    if isinstance(is_, Variable) and isinstance(expected, Variable):
        return Cause(_swapped(understood, leaf, is_, expected, cell, row))
    if isinstance(is_, Number) and isinstance(expected, Variable):
        if understood.numbers.always(expected, is_.value):
            return Cause(f"{cell} holds the same number as {words}", "right" if expected != ETA else "note")
        return Cause(f"{cell} holds {is_.value:.10g}; {words} is expected")
    return Cause(f"{cell} stands where {words} belongs")


def _name_cause(understood: Understood, name: Name, is_: Tree, expected: Tree, words: str) -> Cause:
    if not isinstance(is_, Number):
        return Cause(f"{name.text} stands where {words} belongs")
    if isinstance(expected, Variable) and understood.numbers.always(expected, is_.value):
        return Cause(f"{name.text} stands for the same number as {words}", "right" if expected != ETA else "note")
    return Cause(f"{name.text} stands for {is_.value:.10g}; {words} is expected")


def _number_cause(understood: Understood, number: float, expected: Tree, words: str) -> Cause:
    if isinstance(expected, Variable):
        if understood.numbers.always(expected, number):
            return Cause(f"{number:.10g} is typed into the formula; {words} has the same value", "note")
        return Cause(f"{number:.10g} is a typed number; {words} is expected")
    if expected == Number(math.e):
        return Cause(f"{number:.10g} is e, rounded; EXP is expected")
    return Cause(f"{number:.10g} stands where {words} belongs")


def _swapped(understood: Understood, leaf: Reference, is_: Variable, expected: Variable, cell: str, row: int) -> str:
    words = shown(understood, expected, row)
    if is_.name == expected.name:
        if leaf.frozen:
            return f"{spelled(leaf)} is frozen and does not move with the row; {words} is expected"
        return f"{cell} is {is_.name} of the wrong row; {words} is expected"
    if expected.name == f"a_{is_.name}":
        return f"{cell} is {is_.name}, the pre-activation; the activation {words} is expected"
    if is_.name == f"a_{expected.name}":
        return f"{cell} is {is_.name}, the activation; the pre-activation {words} is expected"
    if kind_of(expected.name) == kind_of(is_.name) == "gradient":
        return f"{cell} is {is_.name}, another weight's gradient; {words} is expected"
    return f"{cell} is {is_.name}; {words} is expected"


def _drifted(understood: Understood, leaf: Reference, row: int) -> Cause | None:
    """The learning rate's reference without its $: it moved on as the formula was filled down."""
    rate = understood.rate
    if rate is None or rate.cell is None or leaf.frozen or leaf.column != rate.cell.column:
        return None
    here = row_of(leaf, row)
    if here <= rate.cell.row or leaf.row in (0, -1):
        return None
    what = described(understood, leaf.sheet, leaf.column, here)
    letter = letters_of(leaf.column)
    return Cause(
        f"{spelled(leaf)} is not frozen: filled down, it has drifted from {rate.cell.bare} and reads "
        f"{letter}{here} in row {row} ({what}); {rate.text} is expected"
    )


def _edited(
    understood: Understood,
    name: str,
    others: list[Variable],
    numbers: list[float],
    evaluator: Evaluator,
    test: Test,
    row: int,
) -> Cause | None:
    """The edit of the right formula that gives what the user has."""
    expected = understood.network.expected(name)
    if expected is None:
        return None
    evaluator.remember(expected)
    for wrong, variable in ((w, r) for r in variables(expected) for w in others if w != r):
        for tree in _swaps(expected, variable, wrong):
            if test(tree):
                return Cause(_swap_words(understood, wrong, variable, row))
    show = partial(spelled_tree, understood, row=row)
    above = -1 if understood.network.definitions[name].typed_in else 0
    for tree, inner in without_parentheses(printed(expected), above):
        if test(tree):
            return Cause(f"parentheses are missing around {show(inner)}")
    as_typed = evaluator.remember(unguarded(expected))
    for tree, words in chain(edits(as_typed, others, numbers, show), factor_slips(as_typed, show)):
        if test(tree):
            return Cause(words)
    return None


def _swaps(tree: Tree, variable: Variable, wrong: Variable) -> Iterator[Tree]:
    operands = list(leaves(tree))
    for occurrences in _subsets([at for at, leaf in enumerate(operands) if leaf == variable]):
        yield _with(tree, tree, occurrences, wrong)


def _swap_words(understood: Understood, wrong: Variable, expected: Variable, row: int) -> str:
    if wrong.row == FAR:
        return f"a cell of {wrong.name} in another row stands where {shown(understood, expected, row)} belongs"
    cell = variable_text(understood, wrong, row)
    frozen = Reference(None, 0, 0, frozen=False)
    return _swapped(understood, frozen, wrong, expected, cell, row)


def _numbers(tree: Tree) -> list[float]:
    return list(
        dict.fromkeys(leaf.value for leaf in leaves(tree) if isinstance(leaf, Number) and leaf.value == leaf.value)
    )
