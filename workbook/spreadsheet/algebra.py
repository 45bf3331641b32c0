"""Trees put together, and simplified as somebody would who writes them by hand."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import and_

from workbook.spreadsheet.trees import Number, Operation, Tree, Variable

ZERO, ONE, TWO = Number(0), Number(1), Number(2)
# Factors or terms with the operator before each: `*` or `/`, `+` or `-`.
Signed = list[tuple[str, Tree]]


def own(name: str) -> Variable:
    """A column's cell in the formula's own row, or one of the constants beside the table."""
    return Variable(name, 0)


def above(name: str) -> Variable:
    """A column's cell in the row above."""
    return Variable(name, -1)


def times(*factors: Tree) -> Tree:
    """A product, from left to right."""
    return reduce(lambda left, right: Operation("*", (left, right)), factors)


def plus(*terms: Tree) -> Tree:
    """A sum, from left to right."""
    return reduce(lambda left, right: Operation("+", (left, right)), terms)


def less(left: Tree, right: Tree) -> Tree:
    """A difference."""
    return Operation("-", (left, right))


def over(left: Tree, right: Tree) -> Tree:
    """A quotient."""
    return Operation("/", (left, right))


def power(base: Tree, exponent: Tree) -> Tree:
    """A power."""
    return Operation("^", (base, exponent))


def call(function: str, *operands: Tree) -> Tree:
    """A function of a spreadsheet."""
    return Operation(function, operands)


def compare(sign: str, left: Tree, right: Tree) -> Tree:
    """A comparison, 1 where it holds and else 0."""
    return Operation(sign, (left, right))


def largest_size(numbers: Tree) -> Tree:
    """The size of that number of a range which is furthest from 0; ABS of a range would need an array formula."""
    return call("MAX", call("MAX", numbers), Operation("neg", (call("MIN", numbers),)))


def position_of_largest(numbers: Tree) -> Tree:
    """Where the largest number of a row or a column stands, from 1; the first of several."""
    return call("MATCH", call("MAX", numbers), numbers, ZERO)


def shifted(tree: Tree, rows: int) -> Tree:
    """The tree as it is written so many rows further down, over the same cells: each variable's row changes."""
    if rows == 0:
        return tree
    if isinstance(tree, Operation):
        return Operation(tree.kind, tuple(shifted(operand, rows) for operand in tree.operands))
    return Variable(tree.name, tree.row + rows) if isinstance(tree, Variable) else tree


def cell_by_cell(tree: Tree) -> Tree:
    """The tree with the cells of a range one by one: SUM(a,b,c) for SUM(a:c)."""
    if not isinstance(tree, Operation):
        return tree
    operands = [
        cell
        for operand in tree.operands
        for cell in (operand.operands if isinstance(operand, Operation) and operand.kind == "block" else (operand,))
    ]
    return Operation(tree.kind, tuple(map(cell_by_cell, operands)))


def product(*factors: Tree) -> Tree:
    """A product of products as one, from left to right, without factors of 1: a·(b·c) as a·b·c, a·(b/c) as a·b/c."""
    negative, parts = signed_factors(times(*factors) if factors else ONE)
    if any(sign == "*" and factor == ZERO for sign, factor in parts):
        return ZERO
    numbers = [factor.value for sign, factor in parts if sign == "*" and isinstance(factor, Number)]
    if len(numbers) > 1:
        whole = reduce(lambda left, right: left * right, numbers)
        others = [part for part in parts if part[0] == "/" or not isinstance(part[1], Number)]
        parts = [("*", Number(whole)), *others]
    parts = _from_the_first("*", [part for part in parts if part[1] != ONE])
    if not parts or parts[0][0] == "/":
        parts.insert(0, ("*", ONE))
    if negative:
        parts[0] = "*", negated(parts[0][1])
    return _joined(_one_denominator(parts))


def _one_denominator(parts: Signed) -> Signed:
    """a/(b·c) for a/b/c, and a/b for a/√b/√b."""
    under = [factor for sign, factor in parts if sign == "/"]
    for root in [of for of in under if isinstance(of, Operation) and of.kind == "SQRT" and under.count(of) == 2][:1]:
        under = [*(of for of in under if of != root), root.operands[0]]
        parts = [*(part for part in parts if part[0] == "*"), *(("/", of) for of in under)]
    return parts if len(under) < 2 else [*(part for part in parts if part[0] == "*"), ("/", times(*under))]


def signed_factors(tree: Tree) -> tuple[bool, Signed]:
    """Whether a product is negative, and its factors, each with `*` or `/`."""
    if isinstance(tree, Operation) and tree.kind == "neg":
        negative, parts = signed_factors(tree.operands[0])
        return not negative, parts
    if not (isinstance(tree, Operation) and tree.kind in ("*", "/")):
        return False, [("*", tree)]
    left, right = tree.operands
    first, parts = signed_factors(left)
    second, others = signed_factors(right)
    if tree.kind == "/":
        others = [("/" if sign == "*" else "*", factor) for sign, factor in others]
    return first != second, parts + others


def total(*terms: Tree) -> Tree:
    """A sum of sums as one, from left to right, without terms of 0; equal terms are counted, and minus is taken off."""
    parts: dict[tuple[str, Tree], int] = {}
    for sign, term in (part for each in terms for part in _signed_terms(each)):
        if term != ZERO:
            parts[sign, term] = parts.get((sign, term), 0) + 1
    counted = [
        (sign, term if times_over == 1 else product(Number(times_over), term))
        for (sign, term), times_over in parts.items()
    ]
    if not counted:
        return ZERO
    counted = _from_the_first("+", counted)
    if counted[0][0] == "-":
        return negated(_joined([("+", term) for _, term in counted]))
    return _joined(counted)


def factored(*terms: Tree) -> Tree:
    """A sum of products, what all of them share outside: (a + b)/c for a/c + b/c. The formula is so much shorter."""
    parts = [signed_factors(term) for term in terms]
    shared = reduce(and_, (Counter(factors) for _, factors in parts)) if len(terms) > 1 else Counter()
    own_factors = [list((Counter(factors) - shared).elements()) for _, factors in parts]
    if not shared or len({negative for negative, _ in parts}) > 1 or any(not own for own in own_factors):
        return total(*terms)
    inside = total(*(product(_joined([("*", ONE), *factors])) for factors in own_factors))
    outside = _joined([("*", inside), *shared.elements()])
    return product(Operation("neg", (outside,)) if parts[0][0] else outside)


def _signed_terms(tree: Tree) -> Iterator[tuple[str, Tree]]:
    if isinstance(tree, Operation) and tree.kind == "neg":
        yield from (("-" if sign == "+" else "+", term) for sign, term in _signed_terms(tree.operands[0]))
    elif isinstance(tree, Operation) and tree.kind in ("+", "-"):
        left, right = tree.operands
        yield from _signed_terms(left)
        yield from _signed_terms(right if tree.kind == "+" else Operation("neg", (right,)))
    elif signed_factors(tree)[0]:
        yield "-", negated(tree)
    else:
        yield "+", tree


def negated(tree: Tree) -> Tree:
    """The tree with the other sign: b-a for a-b."""
    if isinstance(tree, Operation) and tree.kind == "neg":
        return tree.operands[0]
    if isinstance(tree, Operation) and tree.kind == "-":
        return less(tree.operands[1], tree.operands[0])
    if isinstance(tree, Operation) and tree.kind in ("*", "/"):
        return product(Operation("neg", (tree,)))
    return tree if tree == ZERO else Operation("neg", (tree,))


def simplified(tree: Tree) -> Tree:
    """The tree with all its products, quotients and negations simplified as `product` does."""
    if not isinstance(tree, Operation):
        return tree
    whole = Operation(tree.kind, tuple(map(simplified, tree.operands)))
    return product(whole) if tree.kind in ("*", "/", "neg") else whole


def _from_the_first(sign: str, parts: Signed) -> Signed:
    """The parts with the first of that sign in front, where there is one."""
    first = next((index for index, part in enumerate(parts) if part[0] == sign), 0)
    return [*parts[first : first + 1], *parts[:first], *parts[first + 1 :]]


def _joined(parts: Iterable[tuple[str, Tree]]) -> Tree:
    (_, first), *others = parts
    return reduce(lambda left, part: Operation(part[0], (left, part[1])), others, first)
