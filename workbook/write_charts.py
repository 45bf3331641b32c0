"""Line charts as XlsxWriter's XY charts, for `write`: over the steps, over numbers of their own, or over cells."""

import math
from itertools import cycle
from typing import Any

from workbook.records import BLACK, LINE_COLORS, Chart, Overlay, Series

PARTS_OF_THE_STEP_AXIS = 5
AXIS_FONT = {"size": 9, "bold": False, "color": "#595959"}
AXIS_NAMES = {name: {"name": name, "name_font": AXIS_FONT} for name in ("loss", "step")}


def line_chart(book: Any, chart: Chart) -> Any:
    """A chart with axes and a title."""
    # Not a chart of the type line: LibreOffice would turn the labels of its steps, or squeeze them together.
    lines = book.add_chart({"type": "scatter", "subtype": "straight"})
    if not any(series.x_range for series in chart.series):
        # Without numbers of their own for x, the points of a series stand at 1, 2, …: at the steps. XlsxWriter knows
        # of no such series.
        lines.requires_category = False
        lines._write_x_val = lambda _series: None
    for series, color in zip(chart.series, cycle(LINE_COLORS), strict=False):
        lines.add_series(_series_options(series, color))
    font = {"size": 14, "bold": False, "color": "#595959"}
    lines.set_title({"name": chart.title, "name_font": font, "overlay": False} if chart.title else {"none": True})
    lines.set_legend({"position": "right" if chart.title else "top"} if chart.legend else {"none": True})
    # A loss is never below 0: an axis from there on shows a loss that stands still as a line, not as a cliff.
    scale = {"log_base": 10, "crossing": "min", "num_format": "0E+00"} if chart.logarithmic else {}
    if chart.over_steps:
        scale = {**AXIS_NAMES["loss"], **(scale or {"min": 0})}
    gridlines = {"visible": True, "line": {"color": "#D9D9D9"}}
    side = {} if chart.over_steps else {"label_position": "low"}
    lines.set_y_axis({"line": {"none": True}, "major_gridlines": gridlines, **scale, **side})
    x_axis = {"line": {"color": "#D9D9D9"}, "major_tick_mark": "none", "major_gridlines": {"visible": False}}
    lines.set_x_axis(x_axis | (_step_axis(chart.series[0]) if chart.over_steps else side))
    return lines


def overlay_chart(book: Any, overlay: Overlay, share: float) -> Any:
    """A chart without axes, through which the cells behind are seen; its plot fills this share of its width."""
    lines = book.add_chart({"type": "scatter", "subtype": "straight"})
    for series in overlay.series:
        lines.add_series(_series_options(series, BLACK))
    for set_axis in (lines.set_x_axis, lines.set_y_axis):
        set_axis(
            {"min": -overlay.margin, "max": 1 + overlay.margin, "visible": False, "major_gridlines": {"visible": False}}
        )
    lines.set_plotarea({"fill": {"none": True}, "layout": {"x": 0, "y": 0, "width": share, "height": 1}})
    lines.set_chartarea({"fill": {"none": True}, "border": {"none": True}})
    unnamed = [index for index, series in enumerate(overlay.series) if not series.name]
    legend = {"position": "right", "delete_series": unnamed, "font": AXIS_FONT | {"size": 11}}
    lines.set_legend(legend if overlay.legend else {"none": True})
    return lines


def _series_options(series: Series, color: str) -> dict[str, Any]:
    named: dict[str, Any] = {"name": series.name} if series.name else {}
    if series.name_cell:
        named = {"name": f"={series.name_cell}", "name_data": [series.name]}
    x = {"categories": f"={series.x_range}", "categories_data": series.x_values} if series.x_range else {}
    color = series.color or color
    look: dict[str, Any] = {"marker": {"type": "none"}, "line": {"color": color, "width": series.width}}
    if series.marker:
        fill = {"fill": {"color": color}, "border": {"color": BLACK}}
        look = {"marker": {"type": series.marker, "size": series.size, **fill}, "line": {"none": True}}
    return {
        **named,
        **x,
        "values": f"={series.range}",
        "values_data": [value if math.isfinite(value) else None for value in series.values],
        "smooth": False,
        **look,
    }


def _step_axis(series: Series) -> dict[str, Any]:
    steps = int(series.x_values[-1]) if series.x_range else len(series.values)
    unit = _round_unit(steps)
    return {**AXIS_NAMES["step"], "num_format": "0", "min": 0, "max": -(-steps // unit) * unit, "major_unit": unit}


def _round_unit(steps: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that divides an axis of so many steps into a few parts."""
    units = [int(f"{digit}{'0' * power}") for power in range(8) for digit in (1, 2, 5)]
    return next(unit for unit in units if unit * PARTS_OF_THE_STEP_AXIS >= steps)
