"""Tables with this project's own headers, for any network: which network, samples and method they are for.

What the headers don't say is inferred from the formulas, column by column: the activation of a layer from its
a-columns, the loss from E, the reduction, optimizer, schedule and order of the updates each from the columns that they
decide.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile

from engine import Columns, Dense, InputError, Method, Network
from engine.activations import ACTIVATIONS
from engine.columns import gradient_name
from engine.losses import LOSSES
from engine.network import REDUCTIONS, UPDATES
from engine.optimizers import DECAYS, OPTIMIZERS, SCHEDULES, TAKERS
from workbook.inspect.find.comparison import Comparison
from workbook.inspect.find.headed import Headed
from workbook.inspect.find.numbers import OurNumbers
from workbook.inspect.find.rows import Rows
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.letters import letters_of
from workbook.table.network_line import read_network

CONSTANTS = {
    "eta",
    *DECAYS,
    *TAKERS,
}
ROWS_ABOVE = 3  # in which the constants stand
COUNTS_SAMPLES = re.compile(r"\(?MOD\([A-Z]+‹-1›,(\d{1,6})\)\+1\)?")  # long tables have some in brackets
NEEDED_LOSS = {"softmax": "cross-entropy"}

Answers = Callable[[Headed], Iterator[Headed]]
SLOPE = re.compile(r"(?<![\w.])0?\.\d+(?![\w.])")
# The name of a column of an optimizer's state, such as v_w1.
STATE = re.compile(rf"[{''.join(optimizer.states for optimizer in OPTIMIZERS.values())}]_[^\W\d_]+\d+")


def headed(book: Book, table: Table) -> Headed | None:
    """The table with its network and method inferred; None where its headers are not just ours."""
    sheet_columns = _headers(table)
    bare = _bare(table.sheet, table.header_row, sheet_columns)
    if bare is None:
        return None
    constants = dict(_constants(table.sheet, table.header_row))
    values = {name: table.sheet.value(cell.row, cell.column) for name, cell in constants.items()}
    numbers = {name: value for name, value in values.items() if isinstance(value, float)}
    whole = _whole(table, sheet_columns)
    own = Headed(book, whole, bare, constants, OurNumbers(whole, numbers))
    comparisons: dict[Columns, Comparison] = {}
    for candidates, names in _questions(own):
        own = _likeliest(candidates(own), names(own.columns), comparisons) or own
    return own


def _likeliest(
    candidates: Iterable[Headed], names: Sequence[str], comparisons: dict[Columns, Comparison]
) -> Headed | None:
    """The first of the candidates with the most cells of some columns as they should be.

    Args:
        comparisons: those of the table so far, by its columns: most questions ask about the same ones again.
    """
    likeliest, most = None, -1.0
    for candidate in candidates:
        if candidate.columns not in comparisons:
            comparisons[candidate.columns] = Comparison(candidate)
        comparison = comparisons[candidate.columns]
        found = comparison.matches(names)
        if found > most:
            likeliest, most = comparison.headed, found
        if found == comparison.asked(names):  # no other can be better, and its definitions take a while to derive
            break
    return likeliest


def _whole(table: Table, sheet_columns: dict[str, int]) -> Table:
    """The table with all columns that are ours, and all rows from the headers on."""
    steps = Rows(range(table.header_row + 1, table.last_row + 1), goes_on=table.rows.goes_on)
    others = {column: text for column, text in table.others.items() if column not in sheet_columns.values()}
    return replace(table, columns=sheet_columns, rows=steps, empty=(), others=others)


def _headers(table: Table) -> dict[str, int]:
    """The texts of the header row that stand side by side with the table's, with their columns."""
    middle = min(table.columns.values())
    left = takewhile(lambda pair: pair[0], ((table.sheet.value(table.header_row, c), c) for c in range(middle, 0, -1)))
    sheet_columns = {str(text).strip(): column for text, column in reversed(list(left))}
    column = middle + 1
    while (text := table.sheet.value(table.header_row, column)) is not None:
        sheet_columns.setdefault(str(text).strip(), column)
        column += 1
    return sheet_columns


def _bare(sheet: Sheet, header_row: int, sheet_columns: dict[str, int]) -> Columns | None:
    """The columns with just these names, as far as the names tell."""
    names = list(sheet_columns)
    network = _network(sheet, header_row, names)
    if network is None:
        return None
    samples = batch = network.time
    if "sample" in sheet_columns:
        samples *= _samples(sheet, sheet_columns["sample"], header_row, network.time)
    if samples > 1 and "step" in sheet_columns:
        batch = _count_of_first(sheet, sheet_columns["step"], header_row)
    letters = "".join(dict.fromkeys(name[0] for name in names if STATE.fullmatch(name)))
    if not network.time <= batch <= samples:
        return None
    schedule = "step" if "eta" in sheet_columns else "constant"
    for optimizer in (name for name, of in OPTIMIZERS.items() if of.states == letters):
        columns = Columns(network, samples, Method(batch, "mean", optimizer, schedule))
        if list(columns.names) == names:
            return columns
    return None


def _network(sheet: Sheet, header_row: int, names: Sequence[str]) -> Network | None:
    """The network that a line above the headers tells, or else the dense one that the headers do."""
    deltas = any(re.fullmatch(r"∂E/∂[ho]\d+", name) for name in names)
    counted = "counted" in names
    for cells in sheet.values.values():
        for row, text in cells.items():
            if row < header_row and isinstance(text, str):
                told = read_network(text, deltas=deltas, counted=counted)
                if told is not None:
                    return told
    layers = tuple(_layers(names))
    inputs = sum(re.fullmatch(r"i\d+", name) is not None for name in names)
    return Network(inputs, layers, deltas=deltas) if layers and inputs else None


def _layers(names: Sequence[str]) -> Iterator[Dense]:
    """The layers, from the order of the names: weights, biases, then each neuron's pair."""
    biases: list[str] = []
    neurons = 0
    for name, following in zip(names, [*names[1:], ""], strict=True):
        if re.fullmatch(r"b\d+", name):
            biases.append(name)
        if re.fullmatch(r"a_[ho]\d+", name):
            neurons += 1
            if not re.fullmatch(r"[ho]\d+", following):
                trained = not biases or gradient_name(biases[0]) in names
                yield Dense(neurons, "sigmoid", len(biases), trained)
                biases, neurons = [], 0


def _samples(sheet: Sheet, column: int, header_row: int, rows: int) -> int:
    """How many samples of so many rows there are: by the formula that counts them, or else the largest number."""
    shape = sheet.shape(header_row + 1 + rows, column)
    if shape is not None and (counted := COUNTS_SAMPLES.fullmatch(shape.key)) is not None:
        return int(counted[1])
    values = [value for row, value in sheet.values.get(column, {}).items() if row > header_row]
    return int(max((value for value in values if isinstance(value, float)), default=1))


def _count_of_first(sheet: Sheet, column: int, header_row: int) -> int:
    """How many rows the first step has: by its number, or by the formulas that repeat it where no values are stored.

    Cells that are still empty may belong to it, if it goes on below them.
    """
    values, shapes = sheet.values.get(column, {}), sheet.shapes.get(column, {})
    first, count = values.get(header_row + 1), 0
    repeats = re.compile(rf"\(?{letters_of(column)}‹-1›\)?")
    for row in range(header_row + 1, max([*values, *shapes], default=0) + 1):
        if row in values:
            same = values[row] == first
        elif row in shapes:
            same = repeats.fullmatch(shapes[row].key) is not None
        else:
            continue
        if not same:
            break
        count = row - header_row
    return count


def _constants(sheet: Sheet, header_row: int) -> Iterator[tuple[str, Address]]:
    """The labelled numbers right above the headers."""
    for column, cells in sheet.values.items():
        for row in range(max(1, header_row - ROWS_ABOVE), header_row):
            text = cells.get(row)
            if isinstance(text, str) and text.strip() in CONSTANTS and isinstance(sheet.value(row, column + 1), float):
                yield text.strip(), Address(sheet.name, row, column + 1)


def _questions(own: Headed) -> Iterator[tuple[Answers, Callable[[Columns], list[str]]]]:
    """What the headers leave open, each with its possible answers and the columns that tell."""
    for layer in range(own.columns.depth):
        if not own.columns.names_in(layer, "activation"):
            continue
        yield partial(_activations, layer=layer), partial(Columns.activation_names, layer=layer)
    yield (
        lambda headed: _with_networks(headed, [{"loss": loss} for loss in LOSSES]),
        lambda columns: columns.loss_names,
    )
    yield (
        lambda headed: _with_methods(headed, [{"reduction": word} for word in REDUCTIONS]),
        lambda columns: [*columns.of("batch"), *columns.of("weight", "bias")],
    )
    yield (
        lambda headed: _with_methods(headed, _schedules(headed)),
        lambda columns: columns.of("rate"),
    )
    yield (
        lambda headed: _with_methods(headed, _optimizers(headed)),
        lambda columns: [*columns.of("weight", "bias"), *columns.of("state")],
    )
    yield (
        lambda headed: _with_methods(headed, [{"update": word} for word in UPDATES]),
        lambda columns: [*columns.of("delta"), *columns.of("gradient")],
    )


def _activations(headed: Headed, layer: int) -> Iterator[Headed]:
    network = headed.columns.network
    last = layer == len(network.layers) - 1
    changes = []
    for name in (*ACTIVATIONS, *_leaky_names(headed, layer)):
        layers = list(network.layers)
        layers[layer] = layers[layer].with_activation(name)
        changes.append({"layers": tuple(layers), "loss": NEEDED_LOSS.get(name, network.loss) if last else network.loss})
    return _with_networks(headed, changes)


def _leaky_names(headed: Headed, layer: int) -> list[str]:
    """The leaky ReLUs with a slope that is written out in the layer's first formulas."""
    slopes: dict[str, None] = {}
    for name in headed.columns.names_in(layer, "activation"):
        shape = headed.sheet.shape(headed.rows[0], headed.sheet_columns[name])
        slopes |= dict.fromkeys(SLOPE.findall(shape.key) if shape is not None else ())
    return [f"leaky-relu({slope})" for slope in slopes]


def _schedules(headed: Headed) -> Iterator[dict[str, object]]:
    if headed.columns.method.schedule == "constant":
        yield {}
        return
    for name, schedule in SCHEDULES.items():
        if schedule.constants and set(schedule.constants) <= set(headed.constants):
            yield {"schedule": name}


def _optimizers(headed: Headed) -> Iterator[dict[str, object]]:
    for name, optimizer in OPTIMIZERS.items():
        if optimizer.states == headed.columns.states and set(optimizer.constants) <= set(headed.constants):
            yield {"optimizer": name}


def _with_networks(headed: Headed, changes: Iterable[Mapping[str, object]]) -> Iterator[Headed]:
    for change in changes:
        try:
            network = replace(headed.columns.network, **change)  # type: ignore[arg-type] # fields of Network
        except InputError:
            continue  # a loss that does not go with the last layer
        columns = replace(headed.columns, network=network)
        if columns.names == headed.columns.names:  # of layers that are not dense the identity has no columns
            yield replace(headed, columns=columns)


def _with_methods(headed: Headed, changes: Iterable[dict[str, object]]) -> Iterator[Headed]:
    for change in changes:
        try:
            method = replace(headed.columns.method, **change)  # type: ignore[arg-type] # fields of Method
            wanted = [*OPTIMIZERS[method.optimizer].constants, *SCHEDULES[method.schedule].constants]
            decay = [name for name in DECAYS if name in headed.constants and name not in wanted]
            numbers = tuple((name, headed.number(name) or 0.0) for name in [*wanted, *decay])
            method = replace(method, constants=numbers)
        except InputError:
            continue  # the old order with a batch or an optimizer
        yield replace(headed, columns=replace(headed.columns, method=method))
