"""Batch normalization: each channel less its mean, over its standard deviation, in the rows of an update."""

from collections.abc import Iterator, Sequence

from engine import Columns
from engine.layers import BatchNorm
from workbook.spreadsheet.algebra import ONE, above, call, less, over, own, plus, times
from workbook.spreadsheet.trees import Number, Operation, Tree, Variable
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, picture, with_activations
from workbook.table.updates import of_batch


def forward(of: BatchNorm, columns: Columns, layer: int) -> Iterator[Definition]:
    """x̂ = (x − mean)/√(var + eps), with mean and var over the update's rows and a map's positions; then y = γ·x̂ + β."""
    cells = picture(inputs_of(columns, layer)[0], columns.network.shapes[layer])
    names = columns.names_in(layer, "normalized")
    for channel, (mean, variance) in enumerate(_statistics_of(columns, layer)):
        own_cells = [cell for (at, _, _), cell in cells.items() if at == channel]
        yield _over_the_update(columns, mean, "AVERAGE", own_cells, "The mean over all rows of the batch.")
        idea = "The variance over all rows of the batch: the mean square of what is left without the mean."
        yield _over_the_update(columns, variance, "VARP", own_cells, idea)
        deviation = call("SQRT", plus(own(variance), Number(of.eps)))
        for (at, _, _), cell, name in zip(cells, cells.values(), names, strict=True):
            if at == channel:
                idea = "What goes in, less the mean of its channel, over the channel's standard deviation."
                yield Definition(name, over(less(own(cell), own(mean)), deviation), idea)
    yield from with_activations(columns, layer, _scaled(columns, layer))


def evaluated(of: BatchNorm, columns: Columns, layer: int) -> Iterator[Definition]:
    """The same in prediction: by the running statistics."""
    cells = picture(inputs_of(columns, layer)[0], columns.network.shapes[layer])
    means, variances = (columns.names_in(layer, kind) for kind in ("running-mean", "running-variance"))
    for (channel, _, _), cell, name in zip(cells, cells.values(), columns.names_in(layer, "normalized"), strict=True):
        deviation = call("SQRT", plus(own(variances[channel]), Number(of.eps)))
        yield Definition(name, over(less(own(cell), own(means[channel])), deviation), "")
    yield from with_activations(columns, layer, _scaled(columns, layer))


def passed_on(of: BatchNorm, columns: Columns, layer: int) -> Iterator[Definition]:
    """The running statistics: each update moves them towards its own; the variance as of a sample, by n/(n − 1)."""
    positions = columns.sizes[layer] // columns.network.shapes[layer][0]
    count = positions * columns.method.batch_size
    running = [columns.names_in(layer, kind) for kind in ("running-mean", "running-variance")]
    idea = "What is kept of the row above, and a share of what its batch had; the first row's is given."
    for channel, (mean, variance) in enumerate(_statistics_of(columns, layer)):
        unbiased = over(times(above(variance), Number(count)), Number(count - 1))
        for name, now in ((running[0][channel], above(mean)), (running[1][channel], unbiased)):
            kept = times(less(ONE, Number(of.momentum)), above(name))
            yield of_batch(columns, name, plus(kept, times(Number(of.momentum), now)), idea)


def _statistics_of(columns: Columns, layer: int) -> Iterator[tuple[str, str]]:
    return zip(columns.names_in(layer, "mean"), columns.names_in(layer, "variance"), strict=True)


def _over_the_update(columns: Columns, name: str, function: str, cells: Sequence[str], idea: str) -> Definition:
    """A function of all rows of the update, and so the same in each of them."""
    size = columns.method.batch_size
    first, *others = (call(function, *(_rows(cell, -row, size - row) for cell in cells)) for row in range(size))
    return Definition(name, first, idea, others=tuple(others))


def _rows(name: str, first: int, end: int) -> Tree:
    return Operation("block", tuple(Variable(name, row) for row in range(first, end)))


def _scaled(columns: Columns, layer: int) -> Iterator[Definition]:
    gammas, betas = columns.names_in(layer, "weight"), columns.names_in(layer, "bias")
    positions = columns.sizes[layer] // len(gammas)
    for index, (name, normalized) in enumerate(
        zip(columns.neuron_names(layer), columns.names_in(layer, "normalized"), strict=True)
    ):
        gamma, beta = gammas[index // positions], betas[index // positions]
        yield Definition(
            name, plus(times(own(gamma), own(normalized)), own(beta)), "The normalized number times γ, plus β."
        )
