"""A drawing as XlsxWriter's XY chart, for `write`: how its lines, neurons and texts look."""

from typing import Any

from workbook.records import Drawing, Look, Series

# Blue and orange are told apart by the colour-blind as well.
POSITIVE, NEGATIVE = "#8FB4E3", "#F4A66A"
FORWARD, BACKWARD, DARK = "#1F4E9E", "#C00000", "#262626"
POINTS_A_PIXEL = 0.75


def _line(color: str) -> dict[str, Any]:
    return {"line": {"color": color, "width": 1.5}, "marker": {"type": "none"}}


def _text(font: dict[str, Any], **more: Any) -> dict[str, Any]:
    labels = {"series_name": True, "position": "center", "font": font, **more}
    return {"line": {"none": True}, "marker": {"type": "none"}, "data_labels": labels}


def _on_white(color: str) -> dict[str, Any]:
    """A text that can be read across a line."""
    return _text({"size": 10, "bold": False, "color": color}, fill={"color": "#FFFFFF"})


NEURONS: dict[Look, str] = {"input": "#DDEBF7", "hidden": "#E2EFDA", "output": "#FCE4D6"}
LOOKS: dict[Look, dict[str, Any]] = {
    "above 0": _line(POSITIVE),
    "below 0": _line(NEGATIVE),
    "inside": _text({"size": 10, "bold": True, "color": FORWARD}),
    "inside small": _text({"size": 9, "bold": True, "color": FORWARD}),
    "forward": _on_white(FORWARD),
    "backward": _on_white(BACKWARD),
    "weight": _on_white(DARK),
}


def xy_chart(book: Any, drawing: Drawing) -> Any:
    """The chart, which fills its frame, one unit a pixel."""
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    for look, series in drawing.marks:
        options = _neuron(NEURONS[look], drawing.diameter) if look in NEURONS else LOOKS[look]
        chart.add_series({**options, **_points(series)})
    axis = {"min": 0, "visible": False, "major_gridlines": {"visible": False}}
    chart.set_x_axis({**axis, "max": drawing.width})
    chart.set_y_axis({**axis, "max": drawing.height})
    chart.set_legend({"none": True})
    chart.set_title({"none": True})
    chart.set_plotarea({"layout": {"x": 0, "y": 0, "width": 1, "height": 1}})
    chart.show_hidden_data()
    return chart


def _neuron(color: str, diameter: float) -> dict[str, Any]:
    """A circle so many pixels wide."""
    size = int(diameter * POINTS_A_PIXEL)
    marker = {"type": "circle", "size": size, "fill": {"color": color}, "border": {"color": "#44546A", "width": 1.25}}
    return {"line": {"none": True}, "marker": marker}


def _points(series: Series) -> dict[str, Any]:
    named = {"name": f"={series.name_cell}", "name_data": [series.name]} if series.name_cell else {}
    return {
        **named,
        "categories": f"={series.x_range}",
        "categories_data": series.x_values,
        "values": f"={series.range}",
        "values_data": series.values,
    }
