"""How cells look, by their style, and the tabs of the sheets by what these are for: what XlsxWriter's formats say."""

from typing import Any

from workbook.records import Purpose, Style

DARK_SLATE = "#44546A"
# Seven decimals; the large and the small get an exponent from a conditional format, since LibreOffice loses the minus
# sign where one format has sections with conditions of their own. What is too wide all the same shrinks.
NUMBER: dict[str, Any] = {"num_format": "0.0000000", "shrink": True}
EXPONENT_FORMAT = "0.000E+00"
NEEDS_AN_EXPONENT = "=OR(ABS({cell})>=10000,AND({cell}<>0,ABS({cell})<0.0001))"
BORDER = {"border": 1, "border_color": "#BFBFBF"}
FAINT = {"border_color": "#D9D9D9"}
STYLES: dict[Style, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 18, "font_color": DARK_SLATE},
    "heading": {"bold": True, "font_size": 12, "font_color": DARK_SLATE},
    "text": {"font_size": 11, "font_color": DARK_SLATE},
    "beside": {"font_size": 11, "font_color": DARK_SLATE, "indent": 1},  # next to a number or a label
    "label": {"font_size": 11, "bold": True, "align": "right"},
    "header": {"font_size": 11, "font_color": "#FFFFFF", "bg_color": "#000000", "align": "right"},
    "header_left": {"font_size": 11, "font_color": "#FFFFFF", "bg_color": "#000000", "indent": 1},
    "input": {"font_size": 9, "font_color": "#0000FF", "bg_color": "#FFF2CC", "border": 1, "border_color": "#BF9000"},
    "number": {"font_size": 9, "font_color": DARK_SLATE, **NUMBER},
    "loss": {"font_size": 9, "font_color": "#FFFFFF", "bg_color": "#C00000", **NUMBER},
    "result": {"font_size": 11, "align": "right", **BORDER},
    "verdict": {"font_size": 11, "bold": True, "align": "center", **BORDER},
    "summary": {"font_size": 11, "bold": True, "indent": 1, **BORDER},
    "box": {"font_size": 10, "bg_color": "#DDEBF7", "align": "center", **NUMBER, **BORDER},
    "backward": {
        "font_size": 10,
        "font_color": "#C00000",
        "bg_color": "#FBE9E7",
        "align": "center",
        **NUMBER,
        **BORDER,
    },
    "step": {"font_size": 9, "font_color": DARK_SLATE, "align": "right"},
    "step_left": {"font_size": 11, "font_color": DARK_SLATE, "align": "left", "indent": 1},
    "folded": {"font_size": 9, "font_color": DARK_SLATE, "align": "fill"},  # spills into no neighbour
    "tolerance": {"font_size": 11, "num_format": "0.0E+00", **BORDER},
    "todo": {"font_size": 9, **NUMBER, "border": 4, "border_color": "#0070C0"},
    "mark": {"font_size": 11, "bold": True, "align": "center"},
    "axis": {"font_size": 8, "font_color": DARK_SLATE, "num_format": "0.000", "align": "center", "shrink": True},
    "edge": {"font_size": 9, "font_color": DARK_SLATE, "align": "center"},  # spills over its empty neighbours
    "color": {"font_size": 7, "num_format": ";;;"},
    # Of maps whose cells are small squares, seen from afar: numbers show when one zooms in, headings before.
    "pixel": {"font_size": 5, "font_color": "#B4B4B4", "num_format": "0.00", "align": "center", "shrink": True},
    "ink": {"font_size": 5, "font_color": "#A6A6A6", "num_format": "0;;", "align": "center", "border": 4, **FAINT},
    "zero": {"font_size": 5, "font_color": "#A6A6A6", "bg_color": "#EDEDED", "align": "center"},
    "poster": {"bold": True, "font_size": 40, "font_color": DARK_SLATE, "valign": "vcenter"},
    "poster_heading": {"bold": True, "font_size": 28, "font_color": DARK_SLATE},
    "poster_text": {"font_size": 20, "font_color": DARK_SLATE},
    "bar": {"font_size": 9, "font_color": "#0072B2"},
    "note": {"font_size": 9, "font_color": DARK_SLATE},
    "caption": {"font_size": 9, "bold": True, "font_color": DARK_SLATE, "align": "right", "bottom": 1},
    "map": {"font_size": 8, "font_color": "#000000", "num_format": "0.00", "align": "center", "shrink": True},
    "class": {"font_size": 7, "font_color": DARK_SLATE, "num_format": "0", "align": "center"},
    "tile": {"font_size": 7, "font_color": DARK_SLATE, "num_format": "0.0", "align": "center"},
}
NUMBER_STYLES = {style for style, properties in STYLES.items() if properties.get("num_format") == NUMBER["num_format"]}
# Told apart by the colour-blind as well.
TABS: dict[Purpose, str] = {"table": "#000000", "teach": "#0072B2", "prove": "#009E73", "rates": "#E69F00"}
