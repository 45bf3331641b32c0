"""The mathematics of the table a second time: what each column is, as a tree over the names of the columns.

This is independent of the engine on purpose. The engine works with matrices and shares intermediate results; here
every column is one self-contained expression. That the two agree is the proof that both are right. All that is said of
a column elsewhere, its cells' formulas, the explorer's texts, the derivation, the hints, follows from its definition.
"""

from dataclasses import dataclass
from functools import lru_cache, reduce

from engine import Columns
from engine.columns import activation_name, gradient_name
from workbook.trees import Number, Operation, Tree, Variable, printed, replaced

ETA = Variable("eta", 0)
# EXP overflows above it; the rest of the sheet must survive any learning rate.
LARGEST_EXPONENT = 709


@dataclass(frozen=True)
class Definition:
    """What a column is.

    Attributes:
        name: the column's.
        tree: its value, over the columns of the same row (variables of row 0) or of the row above (-1), and `ETA`.
        typed_in: how many of its first rows are typed in instead of computed.
        idea: the same in words, for somebody who is stuck.
    """

    name: str
    tree: Tree
    idea: str
    typed_in: int = 0

    @property
    def text(self) -> str:
        """The tree as a formula over names, without a leading `=`, such as `w1*i1 + w2*i2`."""
        return printed(self.tree)


@dataclass(frozen=True)
class Factor:
    """A line of the chain rule: `∂E/∂h1`, and what it is over the names of columns and of factors before it."""

    name: str
    tree: Tree


def given_names(columns: Columns) -> list[str]:
    """The columns whose first row is typed in, not computed: targets, inputs and weights."""
    return columns.of("target", "input", "weight")


@lru_cache(maxsize=16)
def definitions(columns: Columns) -> dict[str, Definition]:
    """Each column's definition, in the table's order; those of given columns hold from the second row on.

    The equations are those of gradient descent on E = Σ ½(t − a)² with a = σ(z) and z = Σ w·input.
    """
    defined = [
        *_samples(columns),
        *(_update(weight) for weight in columns.of("weight")),
        *_forward(columns),
        *_losses(columns),
        *_gradients(columns),
    ]
    by_name = {definition.name: definition for definition in defined}
    return {name: by_name[name] for name in columns.names}


def _samples(columns: Columns) -> list[Definition]:
    idea = "Targets and inputs stay the same in every row."
    return [Definition(name, Variable(name, -1), idea, 1) for name in columns.target_names + columns.input_names]


def _update(weight: str) -> Definition:
    """Gradient descent: w ← w − η·∂E/∂w."""
    step = _times(ETA, Variable(gradient_name(weight), -1))
    idea = "Gradient descent: the weight of the row above, less eta times its gradient of the row above. Freeze eta."
    return Definition(weight, _less(Variable(weight, -1), step), idea, 1)


def _forward(columns: Columns) -> list[Definition]:
    defined = []
    for layer in range(columns.depth):
        inputs = _inputs(columns, layer)
        for neuron, weights in zip(columns.neuron_names(layer), columns.weight_names(layer), strict=True):
            products = [_times(_own(weight), _own(value)) for weight, value in zip(weights, inputs, strict=True)]
            weighted = "The sum of the inputs of this neuron, each times its own weight."
            logistic = "The logistic sigmoid of the pre-activation to the left: 1/(1+e^-x)."
            defined.append(Definition(neuron, _plus(*products), weighted))
            defined.append(Definition(activation_name(neuron), _sigmoid(_own(neuron)), logistic))
    return defined


def _sigmoid(z: Tree) -> Tree:
    power = Operation("EXP", (Operation("MIN", (Number(LARGEST_EXPONENT), Operation("neg", (z,)))),))
    return Operation("/", (Number(1), _plus(Number(1), power)))


def _losses(columns: Columns) -> list[Definition]:
    outputs = columns.neuron_names(columns.depth - 1)
    defined = []
    for loss, target, output in zip(columns.loss_names, columns.target_names, outputs, strict=True):
        error = _less(_own(target), _own(activation_name(output)))
        square = Operation("^", (error, Number(2)))
        defined.append(Definition(loss, _times(Number(0.5), square), "Half the square of target minus output."))
    total = _plus(*map(_own, columns.loss_names))
    return [*defined, Definition("E_tot", total, "The sum of the losses of all outputs.")]


def _gradients(columns: Columns) -> list[Definition]:
    """The chain rule's lines, each put in the place of its name."""
    inlined: dict[str, Tree] = {}

    def put(tree: Tree) -> Tree:
        return replaced(tree, lambda leaf: inlined.get(leaf.name, leaf) if isinstance(leaf, Variable) else leaf)

    defined = []
    for layer in reversed(range(columns.depth)):
        idea = OUTPUT_IDEA if layer == columns.depth - 1 else HIDDEN_IDEA
        for neuron in range(columns.sizes[layer + 1]):
            for factor in chain_rule(columns, layer, neuron):
                inlined[factor.name] = _one_product(put(factor.tree))
            weights = columns.weight_names(layer)[neuron]
            defined += [Definition(name, inlined[name], idea) for name in map(gradient_name, weights)]
    return defined


OUTPUT_IDEA = "Chain rule: output - target, times the sigmoid's slope a*(1-a) there, times what the weight multiplies."
HIDDEN_IDEA = (
    "Chain rule: the errors of all neurons that this one feeds, each times its slope and the weight between; "
    "then this neuron's own slope a*(1-a), then the input."
)


def chain_rule(columns: Columns, layer: int, neuron: int) -> list[Factor]:
    """The lines of one neuron: its share of the error, the slope of its activation, then each of its weights.

    ∂E/∂z = ∂E/∂a · σ'(z), with σ'(z) = a·(1 − a). An output's ∂E/∂a is a − t. A hidden neuron's is the sum, over the
    neurons that it feeds, of their ∂E/∂z times the weight between.
    """
    z = columns.neuron_names(layer)[neuron]
    a = activation_name(z)
    error, slope, delta = f"∂E/∂{a}", f"∂{a}/∂{z}", f"∂E/∂{z}"
    if layer == columns.depth - 1:
        share = _less(_own(a), _own(columns.target_names[neuron]))
    else:
        fed = zip(columns.neuron_names(layer + 1), columns.weight_names(layer + 1), strict=True)
        share = _plus(*(_times(_own(f"∂E/∂{after}"), _own(weights[neuron])) for after, weights in fed))
    lines = [
        Factor(error, share),
        Factor(slope, _times(_own(a), _less(Number(1), _own(a)))),
        Factor(delta, _times(_own(error), _own(slope))),
    ]
    for weight, value in zip(columns.weight_names(layer)[neuron], _inputs(columns, layer), strict=True):
        local = f"∂{z}/∂{weight}"
        lines.append(Factor(local, _own(value)))
        lines.append(Factor(gradient_name(weight), _times(_own(delta), _own(local))))
    return lines


def _one_product(tree: Tree) -> Tree:
    """A product of products as one, its factors from left to right: a·(b·c) as a·b·c."""
    if not isinstance(tree, Operation):
        return tree
    operands = tuple(map(_one_product, tree.operands))
    return _times(*_factors(Operation("*", operands))) if tree.kind == "*" else Operation(tree.kind, operands)


def _factors(tree: Tree) -> list[Tree]:
    if isinstance(tree, Operation) and tree.kind == "*":
        return [factor for operand in tree.operands for factor in _factors(operand)]
    return [tree]


def _own(name: str) -> Variable:
    """A column's cell in the formula's own row."""
    return Variable(name, 0)


def _times(*factors: Tree) -> Tree:
    return reduce(lambda left, right: Operation("*", (left, right)), factors)


def _plus(*terms: Tree) -> Tree:
    return reduce(lambda left, right: Operation("+", (left, right)), terms)


def _less(left: Tree, right: Tree) -> Tree:
    return Operation("-", (left, right))


def _inputs(columns: Columns, layer: int) -> list[str]:
    if layer == 0:
        return columns.input_names
    return [activation_name(neuron) for neuron in columns.neuron_names(layer - 1)]
