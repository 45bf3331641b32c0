"""What `show` prints: a picture of the network, its layers and samples, and the size of its sheet."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.columns import Columns
from engine.experiment import Experiment, Run
from engine.layers import LAYERS

# Neurons of a layer that the picture shows.
MOST_NEURONS = 9
# Lines as characters, by the sum of their arms: 8 up, 4 down, 2 left, 1 right.
LINES = " ╶╴─╷┌┐┬╵└┘┴│├┤┼"


def overview(experiment: Experiment) -> RenderableType:
    """The whole page."""
    picture = Text(network_picture(experiment.columns), no_wrap=True)
    title: list[RenderableType] = [Text(experiment.name, style="bold")] if experiment.name else []
    look_for: list[RenderableType] = ["", Text(f"Look for: {experiment.look_for}")] if experiment.look_for else []
    return Group("", *title, "", picture, "", _layers(experiment), "", _facts(experiment), *look_for)


def network_picture(columns: Columns) -> str:
    """The neurons by their names, with a line from every neuron of a layer to every one of the next."""
    layers = [_shown(columns.input_names), *(_shown(columns.neuron_names(layer)) for layer in range(columns.depth))]
    # The middle of every layer stands at the same height, on each second line a neuron.
    middle = max(map(len, layers)) - 1
    at = [{middle - len(names) + 1 + 2 * index: name for index, name in enumerate(names)} for names in layers]
    lines = []
    for row in range(2 * middle + 1):
        line = ""
        for layer, neurons in enumerate(at):
            width = max(map(len, neurons.values()))
            before, after = ("─ " if layer else " "), (" ─" if layer < len(at) - 1 else "")
            cell = f"{before}{neurons.get(row, ''):{width}}{after}"
            line += cell if row in neurons else " " * len(cell)
            if after:
                line += _crossing(row, neurons, at[layer + 1])
        lines.append(line.rstrip())
    return "\n".join(lines)


def _shown(names: list[str]) -> list[str]:
    return names if len(names) <= MOST_NEURONS else [*names[: MOST_NEURONS - 2], "⋮", names[-1]]


def _crossing(row: int, left: dict[int, str], right: dict[int, str]) -> str:
    """What the upright line between two layers looks like in a row."""
    top, bottom = min(*left, *right), max(*left, *right)
    return LINES[8 * (top < row <= bottom) + 4 * (top <= row < bottom) + 2 * (row in left) + (row in right)]


def _layers(experiment: Experiment) -> Table:
    columns = experiment.columns
    table = Table(box=None, padding=(0, 2, 0, 1), header_style="bold")
    for heading in ("layer", "kind", "neurons", "activation", "weights", "biases"):
        table.add_column(heading, no_wrap=True)
    table.add_row("inputs", "", "×".join(map(str, columns.network.shapes[0])))
    for number, layer in enumerate(columns.network.layers):
        last = number == columns.depth - 1
        biases = columns.bias_names(number)
        fixed = ", not trained" if set(biases) - columns.trained else ""
        table.add_row(
            "outputs" if last else f"hidden {number + 1}",
            next(kind for kind, of in LAYERS.items() if type(layer) is of),
            "×".join(map(str, columns.network.shapes[number + 1])),
            layer.activation,
            _first_to_last([name for row in columns.weight_names(number) for name in row]),
            _first_to_last(biases) + fixed,
        )
    return table


def _first_to_last(names: list[str]) -> str:
    return "none" if not names else names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _facts(experiment: Experiment) -> Table:
    columns, method = experiment.columns, experiment.method
    weights, biases = len(columns.of("weight")), len(columns.of("bias"))
    fixed = weights + biases - len(columns.trained)
    time, taken = columns.network.time, columns.sequences
    batch = f"; an update takes the {method.reduction} of {taken}" if taken > 1 else ""
    each = f", sequences of {time} steps" if time > 1 else ""
    steps = f"{experiment.steps} step{'s' * (experiment.steps != 1)}"
    facts = {
        "parameters": f"{weights} weights, {biases} biases{f', {fixed} of them not trained' if fixed else ''}",
        "samples": f"{experiment.samples // time}{each}{batch}",
        "loss": experiment.network.loss,
        "training": f"{steps}, {describe(Run(experiment.learning_rate, method))}",
        "compared": "\n".join(map(describe, experiment.runs))
        or f"learning rates {', '.join(f'{rate:g}' for rate in experiment.learning_rates)}",
        "sheet": f"{len(columns.names)} columns, {experiment.rows:,} rows",
    }
    table = Table(box=None, padding=(0, 3, 0, 1), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    for fact in facts.items():
        table.add_row(*fact)
    return table


def describe(run: Run) -> str:
    """A run in words."""
    method = run.method
    parts = [f"learning rate {run.learning_rate:g}", method.optimizer]
    parts += [] if method.schedule == "constant" else [f"schedule {method.schedule}"]
    parts += [f"{name} {value:g}" for name, value in method.constants]
    parts += [] if method.update == "simultaneous" else [method.update]
    return ", ".join(parts)
