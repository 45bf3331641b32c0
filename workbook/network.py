"""A picture of the network, drawn with matplotlib."""

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from engine import Columns
from engine.columns import activation_name

LAYER_DISTANCE = 3.0
RADIUS = 0.36
COLORS = ("#DDEBF7", "#E2EFDA", "#FCE4D6")  # inputs, hidden, outputs


def network_png(columns: Columns) -> bytes:
    """The neurons in layers from left to right, each edge with its weight's name, and the targets at the end."""
    height = 1.5 * max(columns.sizes) + 0.6
    figure = Figure(figsize=(LAYER_DISTANCE * columns.depth + 2.6, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.axis("off")
    for layer in range(columns.depth):
        _edges(axes, columns, layer)
    for layer in range(columns.depth + 1):
        for place, name in enumerate(_names(columns, layer)):
            _neuron(
                axes, *_position(columns, layer, place), name, COLORS[min(layer, 1) if layer < columns.depth else 2]
            )
    for place, target in enumerate(columns.target_names):
        x, y = _position(columns, columns.depth, place)
        axes.plot([x, x + 1], [y, y], color="#A6A6A6", linestyle="--", zorder=1)
        axes.text(x + 1.1, y, f"target {target}", va="center", fontsize=11)
    axes.autoscale_view()
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _names(columns: Columns, layer: int) -> list[str]:
    if layer == 0:
        return columns.input_names
    return [activation_name(neuron) for neuron in columns.neuron_names(layer - 1)]


def _position(columns: Columns, layer: int, place: int) -> tuple[float, float]:
    return LAYER_DISTANCE * layer, -1.5 * (place - (columns.sizes[layer] - 1) / 2)


def _neuron(axes: Axes, x: float, y: float, name: str, color: str) -> None:
    axes.add_patch(Circle((x, y), RADIUS, facecolor=color, edgecolor="#44546A", zorder=3))
    axes.text(x, y, name, ha="center", va="center", fontsize=11, zorder=4)


def _edges(axes: Axes, columns: Columns, layer: int) -> None:
    for after, weights in enumerate(columns.weight_names(layer)):
        for before, weight in enumerate(weights):
            (x0, y0), (x1, y1) = _position(columns, layer, before), _position(columns, layer + 1, after)
            axes.plot([x0, x1], [y0, y1], color="#A6A6A6", zorder=1)
            # Off the middle, so that the labels of crossing edges stay apart.
            x, y = x0 + 0.36 * (x1 - x0), y0 + 0.36 * (y1 - y0)
            axes.text(
                x, y, weight, ha="center", va="center", fontsize=10, zorder=2,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip
