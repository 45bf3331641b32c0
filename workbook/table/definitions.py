"""The mathematics of the table a second time: what each column is, as a tree over the names of the columns.

This is independent of the engine on purpose. The engine works with matrices and shares intermediate results; here
every column is one self-contained expression. That the two agree is the proof that both are right. All that is said of
a column elsewhere, its cells' formulas, the explorer's texts, the derivation, the hints, follows from its definition.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from engine import Columns
from engine.columns import Column, gradient_name
from workbook.spreadsheet.algebra import ONE, ZERO, above, call, less, own, plus, product, shifted, simplified, times
from workbook.spreadsheet.trees import Number, Tree, Variable, leaves, replaced
from workbook.table import layers
from workbook.table.backward import Line, as_few, backward
from workbook.table.definition import Definition
from workbook.table.functions import ACTIVATIONS, LOSSES, Outputs
from workbook.table.optimizers import SCHEDULES
from workbook.table.updates import ETA, RATE, of_batch, over_rows, updates


def given_names(columns: Columns) -> list[str]:
    """The columns whose first rows are a user's to type: what samples, weights and initial states are; masks in all."""
    return columns.of("target", "counted", "input", "weight", "bias", "initial-state", "mask")


def constant_names(columns: Columns) -> list[str]:
    """The numbers that stand beside the table: the learning rate, then what the optimizer and the schedule take."""
    rate = ETA if columns.method.schedule == "constant" else RATE
    return [rate.name, *(name for name, _ in columns.method.constants)]


@lru_cache(maxsize=64)
def definitions(columns: Columns) -> dict[str, Definition]:
    """Each column's definition, in the table's order; those of given columns hold from the second row on.

    For the default network these are the equations of gradient descent on E = Σ ½(t − a)² with a = σ(z) and
    z = Σ w·input.
    """
    defined = [
        *_counters(columns),
        *_samples(columns),
        *updates(columns),
        *(definition for stage in _forward(columns) for definition in stage),
        *(definition for layer in range(columns.depth) for definition in layers.beside(columns, layer)),
        _loss_of_the_batch(columns),
        *_gradients(columns),
    ]
    by_name = {definition.name: definition for definition in defined}
    return {name: by_name[name] for name in columns.names}


@lru_cache(maxsize=64)
def is_dense(columns: Columns) -> bool:
    """Whether every neuron reads all that goes into its layer, each through a weight of its own, as edges draw it."""
    return all(
        {leaf.name for leaf in leaves(definition.tree) if isinstance(leaf, Variable)}
        == {*weights, *columns.activation_names(layer - 1), *([bias] if bias else [])}
        for layer in range(columns.depth)
        for definition, weights, bias in _neurons(columns, layer)
    )


def _neurons(columns: Columns, layer: int) -> Iterator[tuple[Definition, list[str], str | None]]:
    """Each neuron of a layer with the weights and the bias that a dense one has."""
    names, weights = columns.neuron_names(layer), columns.weight_names(layer)
    for index, name in enumerate(names):
        yield (
            definitions(columns)[name],
            weights[index] if len(weights) == len(names) else [],
            columns.bias_of(layer, index),
        )


def _forward(columns: Columns) -> list[list[Definition]]:
    """The forward pass of a row, layer by layer, and the losses."""
    return [*(list(layers.forward(columns, layer)) for layer in range(columns.depth)), list(_losses(columns))]


@lru_cache(maxsize=64)
def evaluation(columns: Columns) -> dict[str, Definition]:
    """The columns from the inputs to the outputs in prediction, each after those that it reads.

    Batch norm takes its running statistics, and dropout leaves nothing out.
    """
    found = (layers.evaluated(columns, layer) for layer in range(columns.depth))
    return {definition.name: definition for stage in found for definition in stage}


@lru_cache(maxsize=64)
def chain_rule(columns: Columns) -> list[list[Line]]:
    """The lines of the backward pass of each layer, the first layer first, as they follow from the forward pass.

    ∂E/∂z = ∂E/∂a · f'(z), with f' = a·(1 − a) for the sigmoid. An output's ∂E/∂a is the loss's slope, a − t for the
    half squared error. A hidden neuron's is the sum, over the neurons that it feeds, of their ∂E/∂z times the weight
    between; output-first takes the new weight there.
    """
    return _lines(columns, columns.trained)


def errors_over_columns(columns: Columns) -> dict[str, tuple[Tree, ...]]:
    """∂E/∂ every number of the network on the way to its loss, inputs and all, over the table's columns alone.

    A tree for each position of a row in its update, or one where all have the same; keys such as `∂E/∂a_h1`, `∂E/∂i1`.
    """
    return dict(_over_columns(columns, _lines(columns, columns.trained.union(columns.input_names))))


def _lines(columns: Columns, trained: frozenset[str]) -> list[list[Line]]:
    """The lines of the backward pass down to the trained columns, and those kept like them."""

    def new_weights(slope: Tree) -> Tree:
        def renewed(leaf: Tree) -> Tree:
            if not isinstance(leaf, Variable) or leaf.name not in columns.trained:
                return leaf
            return less(leaf, times(ETA, own(gradient_name(leaf.name))))

        return replaced(slope, renewed) if columns.method.update == "output-first" else slope

    kept = {column.name.removeprefix(gradient_name("")) for column in columns.all if column.kind == "delta"}
    *stages, _ = backward(_forward(columns), trained, columns.method.batch_size, kept=kept, passing_back=new_weights)
    last = [line for each in stages.pop() for line in (*_parts(columns, each.name), each)]
    return [*stages, last]


def _parts(columns: Columns, name: str) -> list[Line]:
    """The slopes that add up to an output's ∂E/∂z, where the loss goes back through its activation."""
    parts = LOSSES[columns.network.loss].parts
    names = [gradient_name(z) for z in columns.neuron_names(columns.depth - 1)]
    if parts is None or name not in names:
        return []
    return [Line(part, (_if_counted(columns, tree),)) for part, tree in parts(names.index(name), _outputs(columns))]


def _counters(columns: Columns) -> Iterator[Definition]:
    yield of_batch(columns, "step", plus(above("step"), ONE), "Counts the updates of the weights.")
    time = columns.network.time
    next_sample = plus(call("MOD", above("sample"), Number(columns.samples // time)), ONE)
    same = (above("sample"),) * (time - 1)
    yield Definition("sample", next_sample, "The samples are taken in order, round and round.", 1, same)
    next_time = plus(call("MOD", above("time"), Number(time)), ONE)
    yield Definition("time", next_time, "The steps of a sequence, one in each row.", 1)
    schedule = columns.method.schedule
    if schedule != "constant":
        yield Definition(ETA.name, SCHEDULES[schedule](RATE), f"The schedule of the learning rate: {schedule}.")


def _samples(columns: Columns) -> list[Definition]:
    idea = "Targets and inputs stay the same in every row."
    if columns.samples > 1:
        idea = f"A sample: the same targets and inputs come again after {columns.samples} rows."
    names = [*columns.target_names, *columns.of("counted"), *columns.input_names]
    return [Definition(name, Variable(name, -columns.samples), idea, columns.samples) for name in names]


def _outputs(columns: Columns) -> Outputs:
    last = columns.depth - 1
    names = (columns.target_names, columns.neuron_names(last), columns.activation_names(last))
    targets, z, a = ([own(name) for name in group] for group in names)
    return Outputs(targets, z, a, columns.network.deltas)


def _losses(columns: Columns) -> Iterator[Definition]:
    loss, outputs = LOSSES[columns.network.loss], _outputs(columns)
    idea = loss.idea + " It counts in the rows that have a target." * columns.network.counted
    for index, name in enumerate(columns.loss_names):
        yield Definition(name, _if_counted(columns, loss.value(index, outputs)), idea)
    by = outputs.z if loss.through_activation else outputs.a
    slopes = {variable.name: _if_counted(columns, loss.slope(index, outputs)) for index, variable in enumerate(by)}
    yield Definition(
        "E_tot", plus(*map(own, columns.loss_names)), "The sum of the losses of all outputs.", slopes=slopes
    )


def _if_counted(columns: Columns, loss: Tree) -> Tree:
    """What a loss is, or a slope of it, in rows that may have no target."""
    return product(own("counted"), loss) if columns.network.counted else loss


def _loss_of_the_batch(columns: Columns) -> Definition:
    size = columns.method.batch_size
    if size == 1:
        return Definition("E_batch", own("E_tot"), "The loss of the batch, which is this one sample.")
    first, *others = [over_rows(columns, "E_tot", -index, size - 1 - index) for index in range(size)]
    over = "rows" if columns.network.time == 1 else "sequences, of which each adds up its steps"
    idea = f"The {columns.method.reduction} of E_tot over the batch's {over}; the same in each row of it."
    return Definition("E_batch", first, idea, others=tuple(others))


def _gradients(columns: Columns) -> Iterator[Definition]:
    """The columns of the backward pass."""
    lines = chain_rule(columns)
    for name, trees in _over_columns(columns, lines):
        if (column := columns.by_name.get(name)) is not None:
            yield Definition(name, trees[0], _gradient_idea(columns, column), others=trees[1:])
    written = {line.name for layer in lines for line in layer}
    for name in columns.of("delta", "gradient"):
        if name not in written:
            yield Definition(name, ZERO, "Nothing on the way to the loss reads it: its gradient is 0.")


def _over_columns(columns: Columns, lines: list[list[Line]]) -> Iterator[tuple[str, tuple[Tree, ...]]]:
    """The chain rule's lines; those without a column of their own are put in the place of their names."""
    inlined: dict[str, tuple[Tree, ...]] = {}

    def put(tree: Tree, row: int) -> Tree:
        def whole(leaf: Tree) -> Tree:
            if not isinstance(leaf, Variable) or leaf.name not in inlined:
                return leaf
            trees = inlined[leaf.name]
            return shifted(trees[(row + leaf.row) % len(trees)], leaf.row)

        return simplified(replaced(tree, whole))

    for line in (line for layer in reversed(lines) for line in layer):
        by_row = max([len(line.trees), *(len(inlined.get(name, ())) for name in _names_in(line.trees))])
        trees = as_few(put(line.trees[row % len(line.trees)], row) for row in range(by_row))
        if line.name not in columns.by_name:
            inlined[line.name] = trees
        yield line.name, trees


def _names_in(trees: Iterable[Tree]) -> set[str]:
    return {leaf.name for tree in trees for leaf in leaves(tree) if isinstance(leaf, Variable)}


def _gradient_idea(columns: Columns, column: Column) -> str:
    if column.kind == "gradient" and columns.network.deltas:
        if column.source is None:
            return "A bias is added as it is: its gradient is the error of its neuron, or of all that share it."
        return "The error of the neuron that the weight leads to, times what the weight multiplies."
    layer = column.layer or 0
    slope = ACTIVATIONS[columns.network.layers[layer].activation].slope_idea
    times_input = "" if column.kind == "delta" else ", times what the weight multiplies"
    if layer < columns.depth - 1:
        tail = "" if column.kind == "delta" else ", then the input"
        return (
            "Chain rule: the errors of all neurons that this one feeds, each times its slope and the weight between; "
            f"then {_own_slope(slope)}{tail}."
        )
    loss = LOSSES[columns.network.loss]
    there = "" if loss.through_activation else f", times {slope} there"
    return f"Chain rule: {loss.slope_idea}{there}{times_input}."


def _own_slope(slope: str) -> str:
    """`this neuron's own slope a*(1-a)` for `the sigmoid's slope a*(1-a)`."""
    return "this neuron's own " + slope.removeprefix("the sigmoid's ").removeprefix("the ")
