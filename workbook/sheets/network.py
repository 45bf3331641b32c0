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
# Two layers with more edges than these between them are drawn without the weights' names: no room is left.
MOST_LABELS = 16
# Where on an edge its label may stand, as shares of its length, the best first: crossings are in the middle.
PLACES = (0.36, 0.3, 0.24, 0.42, 0.18, 0.7, 0.76, 0.64, 0.82, 0.5)
LABEL_WIDTH, LABEL_HEIGHT = 0.5, 0.3
# A larger network is not drawn.
MOST_NEURONS, MOST_LAYERS = 10, 5
COLORS = ("#DDEBF7", "#E2EFDA", "#FCE4D6")  # inputs, hidden, outputs


def is_drawn(columns: Columns) -> bool:
    """Whether the picture of the network can be read."""
    return max(columns.sizes) <= MOST_NEURONS and columns.depth <= MOST_LAYERS


def too_large(columns: Columns) -> str:
    """What stands in the place of the picture."""
    return (
        f"No picture: networks of up to {MOST_LAYERS} layers of up to {MOST_NEURONS} neurons are drawn; "
        f"this one is {'-'.join(map(str, columns.sizes))}."
    )


def network_png(columns: Columns) -> bytes:
    """The neurons in layers from left to right, each edge with its weight's name, each neuron below its bias's."""
    file = BytesIO()
    draw_network(columns).savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def draw_network(columns: Columns) -> Figure:
    """The figure itself."""
    height = 1.5 * max(columns.sizes) + 0.6
    figure = Figure(figsize=(LAYER_DISTANCE * columns.depth + 2.6, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.axis("off")
    for layer in range(columns.depth):
        _edges(axes, columns, layer)
    for layer in range(columns.depth + 1):
        color = COLORS[min(layer, 1) if layer < columns.depth else 2]
        for place, name in enumerate(_names(columns, layer)):
            x, y = _position(columns, layer, place)
            _neuron(axes, x, y, name, color)
            if layer and (bias := columns.bias_of(layer - 1, place)):
                axes.text(x, y + RADIUS + 0.08, bias, ha="center", va="bottom", fontsize=10, zorder=4)
    if any(of.activation != "sigmoid" for of in columns.network.layers):
        _activations(axes, columns)
    for place, target in enumerate(columns.target_names):
        x, y = _position(columns, columns.depth, place)
        axes.plot([x, x + 1], [y, y], color="#A6A6A6", linestyle="--", zorder=1)
        axes.text(x + 1.1, y, f"target {target}", va="center", fontsize=11)
    axes.autoscale_view()
    return figure


def _names(columns: Columns, layer: int) -> list[str]:
    if layer == 0:
        return columns.input_names
    return [activation_name(neuron) for neuron in columns.neuron_names(layer - 1)]


def _position(columns: Columns, layer: int, place: int) -> tuple[float, float]:
    return LAYER_DISTANCE * layer, -1.5 * (place - (columns.sizes[layer] - 1) / 2)


def _neuron(axes: Axes, x: float, y: float, name: str, color: str) -> None:
    axes.add_patch(Circle((x, y), RADIUS, facecolor=color, edgecolor="#44546A", zorder=3))
    axes.text(x, y, name, ha="center", va="center", fontsize=11, zorder=4)


def _activations(axes: Axes, columns: Columns) -> None:
    """The names of the activations, below their layers."""
    lowest = min(_position(columns, layer, size - 1)[1] for layer, size in enumerate(columns.sizes))
    for layer, of in enumerate(columns.network.layers, start=1):
        x, _ = _position(columns, layer, 0)
        axes.text(x, lowest - 0.75, of.activation, ha="center", va="top", fontsize=11, style="italic", color="#44546A")


def _edges(axes: Axes, columns: Columns, layer: int) -> None:
    taken: list[tuple[float, float]] = []
    labelled = columns.sizes[layer] * columns.sizes[layer + 1] <= MOST_LABELS
    for after, weights in enumerate(columns.weight_names(layer)):
        for before, weight in enumerate(weights):
            (x0, y0), (x1, y1) = _position(columns, layer, before), _position(columns, layer + 1, after)
            axes.plot([x0, x1], [y0, y1], color="#A6A6A6", zorder=1)
            if labelled:
                places = [(x0 + share * (x1 - x0), y0 + share * (y1 - y0)) for share in PLACES]
                x, y = next((place for place in places if not _hits(place, taken)), places[0])
                taken.append((x, y))
                axes.text(
                    x, y, weight, ha="center", va="center", fontsize=10, zorder=2,
                    bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
                )  # fmt: skip


def _hits(place: tuple[float, float], taken: list[tuple[float, float]]) -> bool:
    """Whether a label would lie on one of those that are there."""
    return any(abs(place[0] - x) < LABEL_WIDTH and abs(place[1] - y) < LABEL_HEIGHT for x, y in taken)
