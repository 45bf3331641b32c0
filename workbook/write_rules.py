"""Conditional formats as XlsxWriter takes them, for `write`."""

from collections.abc import Iterator
from typing import Any

from workbook.records import CLASSES, Color, ColorScale, SheetPlan, SignScale
from workbook.write_drawing import NEGATIVE, POSITIVE

# Of the regions of classes: LINE_COLORS mixed with white.
CLASS_COLORS = ("#9CC7E2", "#F6D799", "#99D8C7", "#EBC9DC", "#C4E4F6", "#EFB38F", "#C4C4C4")
COLORS: dict[Color, dict[str, Any]] = {
    "green": {"bg_color": "#C6EFCE", "font_color": "#006100"},
    "red": {"bg_color": "#FFC7CE", "font_color": "#9C0006"},
    "yellow": {"bg_color": "#FFE699", "bold": True},
    "framed": {"border": 1, "border_color": "#000000", "bold": True},
    **{name: {"bg_color": color} for name, color in zip(CLASSES, CLASS_COLORS, strict=True)},
}
# Of gradients below and above 0.
BACKWARD = ("#CDB5E6", "#F19C99")
ENDS = ("min", "mid", "max")


def conditional_formats(book: Any, sheet: SheetPlan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Those of a sheet: the first range of each, and what XlsxWriter is to make of it."""
    for highlight in sheet.highlights:
        color = book.add_format(COLORS[highlight.color])
        begins = {"type": "text", "criteria": "begins with", "value": highlight.begins_with, "format": color}
        yield highlight.range, begins
    for rule in sheet.rules:
        color = book.add_format(COLORS[rule.color])
        holds = {"type": "formula", "criteria": rule.formula, "format": color, "multi_range": rule.range}
        yield rule.range.split(" ")[0], holds
    for scale in sheet.scales:
        yield _color_scale(scale) if isinstance(scale, ColorScale) else _sign_scale(scale)


def _color_scale(scale: ColorScale) -> tuple[str, dict[str, Any]]:
    if len(scale.colors) == 2:
        return scale.range, {"type": "2_color_scale", "min_color": scale.colors[0], "max_color": scale.colors[1]}
    options: dict[str, Any] = {"type": "3_color_scale", "mid_type": "percentile", "mid_value": 50}
    if scale.numbers is not None:
        for end, number in zip(ENDS, scale.numbers, strict=True):
            options |= {f"{end}_type": "num", f"{end}_value": number}
    return scale.range, options | {f"{end}_color": color for end, color in zip(ENDS, scale.colors, strict=True)}


def _sign_scale(scale: SignScale) -> tuple[str, dict[str, Any]]:
    cells = ",".join(scale.ranges)
    largest = f"MAX(MAX({cells}),-MIN({cells}))"
    options: dict[str, Any] = {"type": "3_color_scale", "mid_type": "num", "mid_value": 0, "mid_color": "#FFFFFF"}
    below, above = BACKWARD if scale.backward else (NEGATIVE, POSITIVE)
    for end, sign, color in (("min", "-", below), ("max", "", above)):
        options |= {f"{end}_type": "formula", f"{end}_value": f"={sign}{largest}", f"{end}_color": color}
    ranges = [cells.replace("$", "") for cells in scale.ranges]
    return ranges[0], {**options, "multi_range": " ".join(ranges)}
