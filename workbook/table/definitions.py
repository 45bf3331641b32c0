"""The mathematics of the table a second time: what each column is, as a tree over the names of the columns.

This is independent of the engine on purpose. The engine works with matrices and shares intermediate results; here
every column is one self-contained expression. That the two agree is the proof that both are right. All that is said of
a column elsewhere, its cells' formulas, the explorer's texts, the derivation, the hints, follows from its definition.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine import Columns
from engine.columns import Column, activation_name, gradient_name
from workbook.table.functions import (
    ACTIVATIONS,
    LOSSES,
    ONE,
    OPTIMIZERS,
    SCHEDULES,
    Outputs,
    Step,
    above,
    call,
    less,
    own,
    plus,
    times,
)
from workbook.trees import Number, Operation, Tree, Variable, printed, replaced

# The learning rate of a row; where a schedule changes it, RATE is the one that is typed in.
ETA = Variable("eta", 0)
RATE = Variable("eta_0", 0)


@dataclass(frozen=True)
class Definition:
    """What a column is.

    Attributes:
        name: the column's.
        tree: its value in the first row of a batch, over columns of the same row (variables of row 0), of rows before
            (-1 and less) or, in a batch, after it, and over the constants beside the table.
        typed_in: how many of its first rows are typed in instead of computed.
        idea: the same in words, for somebody who is stuck.
        others: its value in the other rows of a batch, from the second on; none if all rows have the same.
    """

    name: str
    tree: Tree
    idea: str
    typed_in: int = 0
    others: tuple[Tree, ...] = ()

    @property
    def text(self) -> str:
        """The tree as a formula over names, without a leading `=`, such as `w1*i1 + w2*i2`."""
        return printed(over_names(self.tree))

    @property
    def trees(self) -> tuple[Tree, ...]:
        """Its value by the place of a row in its batch."""
        return (self.tree, *self.others)

    def tree_of(self, row: int) -> Tree:
        """Its value in a row, counted from 0, of the table."""
        return self.trees[row % len(self.trees)]


@dataclass(frozen=True)
class Factor:
    """A line of the chain rule: `∂E/∂h1`, and what it is over the names of columns and of factors before it."""

    name: str
    tree: Tree


def given_names(columns: Columns) -> list[str]:
    """The columns whose first rows are a user's to type: targets, inputs, weights and biases."""
    return columns.of("target", "input", "weight", "bias")


def constant_names(columns: Columns) -> list[str]:
    """The numbers that stand beside the table: the learning rate, then what the optimizer and the schedule take."""
    rate = ETA if columns.method.schedule == "constant" else RATE
    return [rate.name, *(name for name, _ in columns.method.constants)]


def over_names(tree: Tree) -> Tree:
    """The tree with `∂E/∂w1 of the batch` for the cells of several rows."""
    if not isinstance(tree, Operation):
        return tree
    if tree.kind == "block" and isinstance(first := tree.operands[0], Variable):
        return Variable(f"{first.name} of the batch", first.row)
    return Operation(tree.kind, tuple(map(over_names, tree.operands)))


@lru_cache(maxsize=64)
def definitions(columns: Columns) -> dict[str, Definition]:
    """Each column's definition, in the table's order; those of given columns hold from the second row on.

    For the default network these are the equations of gradient descent on E = Σ ½(t − a)² with a = σ(z) and
    z = Σ w·input.
    """
    defined = [
        *_counters(columns),
        *_samples(columns),
        *_updates(columns),
        *_forward(columns),
        *_losses(columns),
        *_gradients(columns),
    ]
    by_name = {definition.name: definition for definition in defined}
    return {name: by_name[name] for name in columns.names}


def _counters(columns: Columns) -> Iterator[Definition]:
    yield _of_batch(columns, "step", plus(above("step"), ONE), "Counts the updates of the weights.")
    next_sample = plus(call("MOD", above("sample"), Number(columns.samples)), ONE)
    yield Definition("sample", next_sample, "The samples are taken in order, round and round.", 1)
    schedule = columns.method.schedule
    if schedule != "constant":
        yield Definition(ETA.name, SCHEDULES[schedule](RATE), f"The schedule of the learning rate: {schedule}.")


def _of_batch(columns: Columns, name: str, tree: Tree, idea: str) -> Definition:
    """What changes with each batch and stays the same inside of it; its first row is typed in."""
    return Definition(name, tree, idea, 1, (above(name),) * (columns.method.batch_size - 1))


def _samples(columns: Columns) -> list[Definition]:
    idea = "Targets and inputs stay the same in every row."
    if columns.samples > 1:
        idea = f"A sample: the same targets and inputs come again after {columns.samples} rows."
    names = columns.target_names + columns.input_names
    return [Definition(name, Variable(name, -columns.samples), idea, columns.samples) for name in names]


def _updates(columns: Columns) -> Iterator[Definition]:
    method = columns.method
    rate = ETA if method.schedule == "constant" else above(ETA.name)
    optimizer = OPTIMIZERS[method.optimizer]
    for column in columns.all:
        if column.kind not in ("weight", "bias"):
            continue
        name = column.name
        if name not in columns.trained:
            yield Definition(name, above(name), "This bias is fixed: it stays the same in every row.", 1)
            continue
        gradient = _reduced(columns, gradient_name(name))
        before: Tree = above(name)
        if method.has_decay and method.optimizer != "adamw":
            gradient = plus(gradient, times(own("weight_decay"), before))
        states = {letter: f"{letter}_{name}" for letter in columns.states}
        step = Step(
            weight=before,
            gradient=gradient,
            before={letter: above(state) for letter, state in states.items()},
            after={letter: own(state) for letter, state in states.items()},
            rate=rate,
            number=above("step"),
        )
        if method.optimizer == "adamw":
            before = times(before, less(ONE, times(rate, own("weight_decay"))))
        yield _of_batch(columns, name, less(before, optimizer.change(step)), _update_idea(columns))
        for letter, state in states.items():
            yield _of_batch(columns, state, optimizer.states[letter](step), STATE_IDEAS[letter])


STATE_IDEAS = {
    "v": "The velocity: what is left of the one before, plus the gradient that made this row's weights.",
    "m": "The running mean of the gradients, which starts at 0.",
    "s": "The running mean or sum of the squared gradients, which starts at 0.",
}


def _reduced(columns: Columns, gradient: str) -> Tree:
    """A gradient of the batch before the own row."""
    size = columns.method.batch_size
    if size == 1:
        return above(gradient)
    return _over_rows(columns, gradient, -size, -1)


def _over_rows(columns: Columns, name: str, first: int, last: int) -> Tree:
    rows = call("block", *(Variable(name, row) for row in range(first, last + 1)))
    return call("AVERAGE" if columns.method.reduction == "mean" else "SUM", rows)


def _update_idea(columns: Columns) -> str:
    method = columns.method
    if method.optimizer != "sgd":
        return f"The weight of the row above, less the step of {method.optimizer}."
    whose = "of the row above" if method.batch_size == 1 else f"({method.reduction} over the batch above)"
    return f"Gradient descent: the weight of the row above, less eta times its gradient {whose}. Freeze eta."


def _forward(columns: Columns) -> Iterator[Definition]:
    for layer in range(columns.depth):
        inputs = columns.activation_names(layer - 1)
        neurons = columns.neuron_names(layer)
        activation = ACTIVATIONS[columns.network.layers[layer].activation]
        all_z = list(map(own, neurons))
        for place, (neuron, weights) in enumerate(zip(neurons, columns.weight_names(layer), strict=True)):
            products = [times(own(weight), own(value)) for weight, value in zip(weights, inputs, strict=True)]
            bias = columns.bias_of(layer, place)
            weighted = "The sum of the inputs of this neuron, each times its own weight" + (
                ", plus the bias." if bias else "."
            )
            yield Definition(neuron, plus(*products, *([own(bias)] if bias else [])), weighted)
            yield Definition(activation_name(neuron), activation.value(own(neuron), all_z), activation.idea)


def _outputs(columns: Columns) -> Outputs:
    last = columns.depth - 1
    names = (columns.target_names, columns.neuron_names(last), columns.activation_names(last))
    targets, z, a = ([own(name) for name in group] for group in names)
    return Outputs(targets, z, a, columns.network.deltas)


def _losses(columns: Columns) -> Iterator[Definition]:
    loss, outputs = LOSSES[columns.network.loss], _outputs(columns)
    for place, name in enumerate(columns.loss_names):
        yield Definition(name, loss.value(place, outputs), loss.idea)
    yield Definition("E_tot", plus(*map(own, columns.loss_names)), "The sum of the losses of all outputs.")
    size = columns.method.batch_size
    if size == 1:
        yield Definition("E_batch", own("E_tot"), "The loss of the batch, which is this one sample.")
    else:
        first, *others = [_over_rows(columns, "E_tot", -place, size - 1 - place) for place in range(size)]
        idea = f"The {columns.method.reduction} of E_tot over the batch's rows, the same in each of them."
        yield Definition("E_batch", first, idea, others=tuple(others))


def _gradients(columns: Columns) -> Iterator[Definition]:
    """The chain rule's lines; those without a column of their own are put in the place of their names."""
    inlined: dict[str, Tree] = {}

    def put(tree: Tree) -> Tree:
        return replaced(tree, lambda leaf: inlined.get(leaf.name, leaf) if isinstance(leaf, Variable) else leaf)

    for layer in reversed(range(columns.depth)):
        for factor in chain_rule(columns, layer):
            tree = _one_product(put(factor.tree))
            if (column := columns.by_name.get(factor.name)) is not None:
                yield Definition(factor.name, tree, _gradient_idea(columns, column))
            else:
                inlined[factor.name] = tree


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


def chain_rule(columns: Columns, layer: int) -> list[Factor]:
    """The lines of one layer, neuron by neuron: its share of the error, its slope, then its weights and its bias.

    ∂E/∂z = ∂E/∂a · f'(z), with f' = a·(1 − a) for the sigmoid. An output's ∂E/∂a is the loss's slope, a − t for the
    half squared error. A hidden neuron's is the sum, over the neurons that it feeds, of their ∂E/∂z times the weight
    between.
    """
    lines = [line for neuron in range(columns.sizes[layer + 1]) for line in _neuron(columns, layer, neuron)]
    shared = [] if len(columns.bias_names(layer)) == columns.sizes[layer + 1] else columns.bias_names(layer)
    deltas = plus(*(own(gradient_name(z)) for z in columns.neuron_names(layer)))
    return lines + [Factor(gradient_name(bias), deltas) for bias in shared if bias in columns.trained]


def _neuron(columns: Columns, layer: int, neuron: int) -> Iterator[Factor]:
    z = columns.neuron_names(layer)[neuron]
    a, delta = activation_name(z), gradient_name(z)
    loss = LOSSES[columns.network.loss]
    if layer == columns.depth - 1 and loss.through_activation:
        yield from _through_activation(columns, neuron)
        yield Factor(delta, loss.slope(neuron, _outputs(columns)))
    else:
        error, slope = f"∂E/∂{a}", f"∂{a}/∂{z}"
        yield Factor(error, _share(columns, layer, neuron))
        yield Factor(slope, ACTIVATIONS[columns.network.layers[layer].activation].slope(own(z), own(a)))
        yield Factor(delta, times(own(error), own(slope)))
    for weight, value in zip(columns.weight_names(layer)[neuron], columns.activation_names(layer - 1), strict=True):
        local = f"∂{z}/∂{weight}"
        yield Factor(local, own(value))
        yield Factor(gradient_name(weight), times(own(delta), own(local)))
    biases = columns.bias_names(layer)
    if len(biases) == columns.sizes[layer + 1] and biases[neuron] in columns.trained:
        yield Factor(f"∂{z}/∂{biases[neuron]}", ONE)
        yield Factor(gradient_name(biases[neuron]), times(own(delta), own(f"∂{z}/∂{biases[neuron]}")))


def _share(columns: Columns, layer: int, neuron: int) -> Tree:
    """∂E/∂a."""
    if layer == columns.depth - 1:
        return LOSSES[columns.network.loss].slope(neuron, _outputs(columns))
    terms = []
    for after, weights in zip(columns.neuron_names(layer + 1), columns.weight_names(layer + 1), strict=True):
        weight: Tree = own(weights[neuron])
        if columns.method.update == "output-first":
            weight = less(weight, times(ETA, own(gradient_name(weights[neuron]))))
        terms.append(times(own(gradient_name(after)), weight))
    return plus(*terms)


def _through_activation(columns: Columns, neuron: int) -> Iterator[Factor]:
    """How ∂E/∂z = a − t comes out of a cross-entropy.

    Binary: E = ln(1 + e^z) − t·z, whose terms have the slopes σ(z) = a and t. Softmax: E_j = −t_j ln a_j has the slope
    t_j·a_k by z_k, less t_k for j = k; their sum over j is a_k·Σt − t_k, and Σt = 1.
    """
    o = _outputs(columns)
    z = columns.neuron_names(columns.depth - 1)[neuron]
    if columns.network.loss == "binary-cross-entropy":
        yield Factor(f"∂ln(1+e^{z})/∂{z}", o.a[neuron])
        yield Factor(f"∂({columns.target_names[neuron]}*{z})/∂{z}", o.targets[neuron])
        return
    for place, name in enumerate(columns.loss_names):
        share = less(o.a[neuron], ONE) if place == neuron else o.a[neuron]
        yield Factor(f"∂{name}/∂{z}", times(o.targets[place], share))


def _one_product(tree: Tree) -> Tree:
    """A product of products as one, its factors from left to right, without those that are 1: a·(b·c) as a·b·c."""
    if not isinstance(tree, Operation):
        return tree
    operands = tuple(map(_one_product, tree.operands))
    if tree.kind != "*":
        return Operation(tree.kind, operands)
    factors = [factor for factor in _factors(Operation("*", operands)) if factor != ONE]
    return times(*factors) if factors else ONE


def _factors(tree: Tree) -> list[Tree]:
    if isinstance(tree, Operation) and tree.kind == "*":
        return [factor for operand in tree.operands for factor in _factors(operand)]
    return [tree]
