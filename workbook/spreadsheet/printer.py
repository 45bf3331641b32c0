"""Trees written as formulas."""

from collections.abc import Callable, Iterator

import numpy as np

from workbook.spreadsheet.trees import BINDING, Leaf, Number, Operation, Text, Tree, Variable


def pieces(tree: Tree, *, spaced: bool = True) -> list["str | Leaf"]:
    """A tree as it is written, its leaves apart from the text between them.

    Brackets stand only where they are needed; where it is spaced, spaces around + and - where a term is a product, and
    in sums without constants: `w1*i1 + w2*i2`, `E1 + E2`, `1-a_h1`.
    """
    if not isinstance(tree, Operation):
        return [tree]
    if tree.kind == "neg":
        return ["-", *_bracketed(tree.operands[0], BINDING["^"] + 1, spaced=spaced)]
    if tree.kind in BINDING:
        left, right = tree.operands
        binding = BINDING[tree.kind]
        sign = f" {tree.kind} " if spaced and _is_spaced(tree) else tree.kind
        return [*_bracketed(left, binding, spaced=spaced), sign, *_bracketed(right, binding + 1, spaced=spaced)]
    if tree.kind == "block":
        return [*pieces(tree.operands[0]), ":", *pieces(tree.operands[-1])]
    arguments = [piece for operand in tree.operands for piece in (",", *pieces(operand, spaced=spaced))]
    return [f"{tree.kind}(", *arguments[1:], ")"]


def _bracketed(tree: Tree, least: int, *, spaced: bool) -> list["str | Leaf"]:
    """An operand's pieces, in brackets if it binds less tightly than its operator asks."""
    loose = isinstance(tree, Operation) and BINDING.get(tree.kind, least) < least
    written = pieces(tree, spaced=spaced)
    return ["(", *written, ")"] if loose else written


def _is_spaced(tree: Operation) -> bool:
    if tree.kind not in ("+", "-"):
        return False
    terms = list(_terms(tree))
    if any(isinstance(term, Operation) and term.kind == "*" for term in terms):
        return True
    return tree.kind == "+" and not any(isinstance(term, Number) for term in terms)


def _terms(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, Operation) and tree.kind in ("+", "-"):
        yield from _terms(tree.operands[0])
        yield tree.operands[1]
    else:
        yield tree


def printed(
    tree: Tree, text_of: Callable[[Variable], str] = lambda variable: variable.name, *, spaced: bool = True
) -> str:
    """A tree of numbers, texts and variables as a formula without its `=`.

    Args:
        text_of: what stands for a variable.
        spaced: see `pieces`.
    """

    def text(piece: str | Leaf) -> str:
        if isinstance(piece, Variable):
            return text_of(piece)
        if isinstance(piece, Text):
            return quoted(piece.text)
        return piece if isinstance(piece, str) else number_text(piece)

    return "".join(map(text, pieces(tree, spaced=spaced)))


def quoted(text: str) -> str:
    """A text as a formula writes it."""
    return '"' + text.replace('"', '""') + '"'


def number_text(leaf: Leaf) -> str:
    """A number as it stands in a formula: never with an exponent."""
    if not isinstance(leaf, Number):
        raise TypeError(f"{leaf} stands for no variable")
    return np.format_float_positional(leaf.value, trim="-")


def shortened(formula: str, most: int) -> str:
    """A printed formula of at most so many characters: of a long sum the first two terms and the last, else cut."""
    if len(formula) <= most:
        return formula
    terms, depth, start = list[str](), 0, 0
    for at, sign in enumerate(formula):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and formula.startswith(" + ", at):
            terms.append(formula[start:at])
            start = at + len(" + ")
    terms.append(formula[start:])
    short = " + ".join([*terms[:2], "…", terms[-1]])
    return short if len(terms) > 3 and len(short) <= most else f"{formula[: most - 2]} …"
