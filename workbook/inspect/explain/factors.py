"""Factors that a product lacks or has twice, several at once: a forgotten a·(1 - a), say."""

from collections.abc import Iterator
from functools import reduce
from itertools import product

from workbook.inspect.explain.edits import Edit, Show, nodes
from workbook.spreadsheet.trees import Operation, Tree

# Each factor may be missing, there once, or twice: 3^5 products of five; of longer ones, two factors at most.
MOST_FACTORS, MOST_OF_LONG = 5, 2


def factor_slips(tree: Tree, show: Show) -> Iterator[Edit]:
    """The tree with some factors of a product left out or doubled, the fewest changes first; in a sum, the same change
    in every term.
    """
    inside: set[int] = set()
    for node, rebuild in nodes(tree):
        if not isinstance(node, Operation) or node.kind not in ("+", "*"):
            continue
        whole = id(node) not in inside
        inside.update(id(operand) for operand in _joined(node))
        terms = [_operands(term, "*") for term in _operands(node, "+")]
        if whole and len(terms[0]) > 1 and len({len(factors) for factors in terms}) == 1:
            for powers in _powers(len(terms[0])):
                changed = [_product(factors, powers) for factors in terms]
                yield rebuild(_folded("+", changed)), _words(terms, powers, show)


def _joined(node: Operation) -> Iterator[Tree]:
    """The operands that continue a node's own chain of sums or products."""
    for operand in node.operands:
        if isinstance(operand, Operation) and operand.kind == node.kind:
            yield operand
            yield from _joined(operand)


def _operands(tree: Tree, kind: str) -> list[Tree]:
    if not isinstance(tree, Operation) or tree.kind != kind:
        return [tree]
    return [operand for part in tree.operands for operand in _operands(part, kind)]


def _powers(count: int) -> list[tuple[int, ...]]:
    """How often each factor may occur (0, 1 or 2 times), the fewest changes first; at least one factor stays."""
    most = count if count <= MOST_FACTORS else MOST_OF_LONG
    found = [powers for powers in product((1, 0, 2), repeat=count) if 0 < count - powers.count(1) <= most]
    return sorted((powers for powers in found if any(powers)), key=lambda powers: count - powers.count(1))


def _product(factors: list[Tree], powers: tuple[int, ...]) -> Tree:
    return _folded("*", [factor for factor, power in zip(factors, powers, strict=True) for _ in range(power)])


def _folded(kind: str, operands: list[Tree]) -> Tree:
    return reduce(lambda left, right: Operation(kind, (left, right)), operands)


def _words(terms: list[list[Tree]], powers: tuple[int, ...], show: Show) -> str:
    words = []
    for times, what in ((0, "missing"), (2, "doubled")):
        named = dict.fromkeys(
            show(factors[index]) for factors in terms for index, power in enumerate(powers) if power == times
        )
        if named:
            words.append(f"{'a ' * (len(named) == 1)}{what} factor{'s' * (len(named) > 1)}: {', '.join(named)}")
    return "; ".join(words)
