"""The labels of cells: texts left of them or above."""

import re
from collections import Counter
from collections.abc import Iterator

from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.book import Sheet
from workbook.spreadsheet.cells import Cells

FARTHEST_LEFT, FARTHEST_UP = 3, 60
# In the languages that such sheets were met in.
LOSS = re.compile(
    r"loss|cost|error|mse|sse|entropy|objective|verlust|fehler|kosten|perte|erreur|co[uû]t|p[eé]rdida|coste|perdita|"
    r"errore|損失|誤差|损失|误差|потер|ошибк|^\s*[ECJL](?:[\s_]*(?:tot|total|ges|sum)\w*)?\s*[:=]?\s*$",
    re.IGNORECASE,
)
PARAMETER = re.compile(
    r"^\s*(?:(?:new|neu\w*|next|old|updated)\s+)?(?P<letter>w|b|θ|theta|bias|weight)s?[\s_]*[\w,\[\]()]*\s*[:=]?\s*$",
    re.IGNORECASE,
)
# Names that are weights only if a gradient has the same name: recurrent weights U, V, R, and γ and β of norms.
RECURRENT = re.compile(r"^\s*(?:[UVR]_?\w{0,3}|gamma|beta|γ|β)\s*[:=]?\s*$")
GRADIENT = re.compile(
    r"^\s*(?:grad(?:ient)?(?:\s+of)?|[d∂δΔ])\s*_?(?:[A-Za-z_]{0,6}\s*/\s*[d∂δ]\s*)?(?P<name>[A-Za-zθ][\w]*)\s*[:=]?\s*$",
    re.IGNORECASE,
)


def label(cells: Cells, area: Area) -> str:
    """The text left of an area's first cell, or above it; "" if there is none."""
    values = cells.sheets[area.sheet].values if area.sheet in cells.sheets else {}
    for column in range(area.left - 1, max(0, area.left - 1 - FARTHEST_LEFT), -1):
        text = values.get(column, {}).get(area.top)
        if isinstance(text, str) and text.strip():
            return text.strip()
        if text is not None:
            break
    above = values.get(area.left, {})
    for row in range(area.top - 1, max(0, area.top - 1 - FARTHEST_UP), -1):
        text = above.get(row)
        if isinstance(text, str) and text.strip():
            return text.strip()
    return ""


def is_loss(text: str) -> bool:
    """Whether a label calls something a loss."""
    return LOSS.search(text) is not None


def letter_of(text: str) -> str:
    """ "w" or "b" where a label calls something a weight or a bias, "" else."""
    match = PARAMETER.match(text)
    if match is None:
        return ""
    return "b" if match["letter"].lower() in ("b", "bias") else "w"


def labelled_pairs(cells: Cells) -> list[tuple[Area, Area]]:
    """Parameters and their gradients where both have labels: w1 and ∂E/∂w1, W2 and dW2.

    They are looked for sheet by sheet; where no sheet has both, over all sheets, if no two use the same name.
    """
    found = [_labelled(sheet) for sheet in cells.book.sheets]
    pairs = [pair for parameters, gradients in found for pair in _of_one_name(parameters, gradients)]
    if pairs:
        return pairs
    counts = [Counter(name for named in side for name in named) for side in zip(*found, strict=True)]
    every = [{name: area for named in side for name, area in named.items()} for side in zip(*found, strict=True)]
    return list(_of_one_name(*every)) if all(max(c.values(), default=0) <= 1 for c in counts) else []


def _of_one_name(parameters: dict[str, Area], gradients: dict[str, Area]) -> Iterator[tuple[Area, Area]]:
    return ((parameters[name], area) for name, area in gradients.items() if name in parameters)


def _labelled(sheet: Sheet) -> tuple[dict[str, Area], dict[str, Area]]:
    """A sheet's parameters and gradients by the parameters' names."""
    parameters: dict[str, Area] = {}
    gradients: dict[str, Area] = {}
    texts = sorted(
        (row, column, text)
        for column, rows in sheet.values.items()
        for row, text in rows.items()
        if isinstance(text, str)
    )
    for row, column, text in texts:
        area = _beside(sheet, row, column)
        if area is None:
            continue
        if letter_of(text) or RECURRENT.match(text):
            parameters.setdefault(text.strip(" :="), area)
        elif match := GRADIENT.match(text):
            gradients.setdefault(match["name"], area)
    return parameters, gradients


def _beside(sheet: Sheet, row: int, column: int) -> Area | None:
    """The numbers right of a label, or below it: one, or a matrix."""

    def holds(at: int, across: int) -> bool:
        return isinstance(sheet.value(at, across), float)

    if holds(row, column + 1):
        top, left = row, column + 1
    elif holds(row + 1, column):
        top, left = row + 1, column
    else:
        return None
    in_header = top > row and any(isinstance(sheet.value(row, column + side), str) for side in (-1, 1))
    bottom, right = top, left
    while not in_header and holds(top, right + 1):
        right += 1
    while not in_header and all(holds(bottom + 1, across) for across in range(left, right + 1)) and not (
        left > column and isinstance(sheet.value(bottom + 1, column), str)
    ):  # fmt: skip
        bottom += 1
    return Area(sheet.name, top, left, bottom, right)
