"""Activations, losses, optimizers and schedules as trees: what the engine's kernels are, spelled for cells.

A table of pairs each: an activation beside its slope, a loss beside the lines of its slope, an optimizer beside its
state.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

from workbook.trees import Number, Operation, Tree, Variable

# EXP overflows above it; the rest of the sheet must survive any learning rate.
LARGEST_EXPONENT = 709
LEAK = 0.01
ONE = Number(1)


def own(name: str) -> Variable:
    """A column's cell in the formula's own row, or one of the constants beside the table."""
    return Variable(name, 0)


def above(name: str) -> Variable:
    """A column's cell in the row above."""
    return Variable(name, -1)


def times(*factors: Tree) -> Tree:
    """A product, from left to right."""
    return reduce(lambda left, right: Operation("*", (left, right)), factors)


def plus(*terms: Tree) -> Tree:
    """A sum, from left to right."""
    return reduce(lambda left, right: Operation("+", (left, right)), terms)


def less(left: Tree, right: Tree) -> Tree:
    """A difference."""
    return Operation("-", (left, right))


def over(left: Tree, right: Tree) -> Tree:
    """A quotient."""
    return Operation("/", (left, right))


def power(base: Tree, exponent: Tree) -> Tree:
    """A power."""
    return Operation("^", (base, exponent))


def call(function: str, *operands: Tree) -> Tree:
    """A function of a spreadsheet."""
    return Operation(function, operands)


class Activation(NamedTuple):
    """An activation function and its slope.

    Attributes:
        value: a, from z and the pre-activations of its whole layer.
        slope: ∂a/∂z, from z and a.
        idea: what it is, in words.
        slope_idea: what its slope is, in words.
    """

    value: Callable[[Tree, Sequence[Tree]], Tree]
    slope: Callable[[Tree, Tree], Tree]
    idea: str
    slope_idea: str


def _sigmoid(z: Tree, _: Sequence[Tree]) -> Tree:
    exponent = call("MIN", Number(LARGEST_EXPONENT), call("neg", z))
    return over(ONE, plus(ONE, call("EXP", exponent)))


def _powers(layer: Sequence[Tree]) -> list[Tree]:
    """e^z of every neuron, from z less its maximum, so that no power overflows."""
    return [call("EXP", less(z, call("MAX", *layer))) for z in layer]


def _softmax(z: Tree, layer: Sequence[Tree]) -> Tree:
    return over(call("EXP", less(z, call("MAX", *layer))), plus(*_powers(layer)))


def _above_zero(z: Tree, yes: Tree, no: Tree) -> Tree:
    return call("IF", Operation(">", (z, Number(0))), yes, no)


ACTIVATIONS = {
    "sigmoid": Activation(
        _sigmoid,
        lambda _, a: times(a, less(ONE, a)),
        "The logistic sigmoid of the pre-activation to the left: 1/(1+e^-x).",
        "the sigmoid's slope a*(1-a)",
    ),
    "tanh": Activation(
        lambda z, _: call("TANH", z),
        lambda _, a: less(ONE, power(a, Number(2))),
        "The hyperbolic tangent of the pre-activation to the left.",
        "the slope of tanh, 1-a^2",
    ),
    "relu": Activation(
        lambda z, _: call("MAX", Number(0), z),
        lambda z, _: _above_zero(z, ONE, Number(0)),
        "The pre-activation to the left where it is above 0, else 0.",
        "the slope of ReLU, 1 above 0 and else 0",
    ),
    "leaky-relu": Activation(
        lambda z, _: _above_zero(z, z, times(Number(LEAK), z)),
        lambda z, _: _above_zero(z, ONE, Number(LEAK)),
        "The pre-activation to the left where it is above 0, else a hundredth of it.",
        "the slope of leaky ReLU, 1 above 0 and else 0.01",
    ),
    "identity": Activation(
        lambda z, _: z,
        lambda _z, _a: ONE,
        "The pre-activation to the left, as it is.",
        "the slope 1",
    ),
    # Its loss passes back through it: cross-entropy's slope is by the pre-activation.
    "softmax": Activation(
        _softmax,
        lambda _z, _a: ONE,
        "Softmax: e^o of this output as a share of the sum over all outputs; less the largest o, so that nothing "
        "overflows.",
        "",
    ),
}


class Outputs(NamedTuple):
    """The last layer as trees: targets, pre-activations, activations; and whether the table has columns for deltas."""

    targets: Sequence[Tree]
    z: Sequence[Tree]
    a: Sequence[Tree]
    deltas: bool


class Loss(NamedTuple):
    """A loss and the lines of its slope.

    Attributes:
        value: E of one output, from its place and all outputs.
        slope: ∂E/∂a of one output; of a cross-entropy ∂E/∂z.
        idea: what E is, in words.
        slope_idea: what the slope is, in words.
        through_activation: whether the slope is ∂E/∂z.
        lines: how that comes out, for the derivation: a name over {E}, {t}, {z} and {j}, and a tree each.
    """

    value: Callable[[int, Outputs], Tree]
    slope: Callable[[int, Outputs], Tree]
    idea: str
    slope_idea: str
    through_activation: bool = False


def _error(k: int, o: Outputs) -> Tree:
    return less(o.a[k], o.targets[k])


def _squared(k: int, o: Outputs) -> Tree:
    error = less(o.targets[k], o.a[k])
    if o.deltas:
        return times(error, error)  # in LibreOffice ^ is an error where its result is too small for a number
    return power(error, Number(2))  # as the sheet has it that tables without deltas mirror


def _half_squared(k: int, o: Outputs) -> Tree:
    return times(Number(0.5), _squared(k, o))


def _mean_squared(k: int, o: Outputs) -> Tree:
    return over(_squared(k, o), Number(len(o.a))) if len(o.a) > 1 else _squared(k, o)


def _mean_squared_slope(k: int, o: Outputs) -> Tree:
    outputs = len(o.a)
    if outputs == 2:
        return _error(k, o)
    return times(Number(2) if outputs == 1 else over(Number(2), Number(outputs)), _error(k, o))


def _binary_cross_entropy(k: int, o: Outputs) -> Tree:
    softplus = call("LN", plus(ONE, call("EXP", call("neg", call("ABS", o.z[k])))))
    return plus(less(call("MAX", o.z[k], Number(0)), times(o.targets[k], o.z[k])), softplus)


def _cross_entropy(k: int, o: Outputs) -> Tree:
    largest = call("MAX", *o.z)
    return times(o.targets[k], less(call("LN", plus(*_powers(o.z))), less(o.z[k], largest)))


LOSSES = {
    "half-squared-error": Loss(_half_squared, _error, "Half the square of target minus output.", "output - target"),
    "mean-squared-error": Loss(
        _mean_squared,
        _mean_squared_slope,
        "The square of target minus output, divided by the number of outputs.",
        "twice output - target, divided by the number of outputs",
    ),
    "binary-cross-entropy": Loss(
        _binary_cross_entropy,
        _error,
        "-(t*ln a + (1-t)*ln(1-a)), spelled with the pre-activation so that no logarithm of 0 appears.",
        "output - target, which is the slope by the pre-activation already",
        through_activation=True,
    ),
    "cross-entropy": Loss(
        _cross_entropy,
        _error,
        "-t*ln a, spelled with the pre-activations so that no logarithm of 0 appears.",
        "output - target, which is the slope by the pre-activation already",
        through_activation=True,
    ),
}


class Step(NamedTuple):
    """What an optimizer works with, as trees: the weight before, its gradient, its state before and after by letter."""

    weight: Tree
    gradient: Tree
    before: dict[str, Tree]
    after: dict[str, Tree]
    rate: Tree
    number: Tree


class Optimizer(NamedTuple):
    """An optimizer: each letter of its state after the step, then the change that is taken from the weight."""

    states: dict[str, Callable[[Step], Tree]]
    change: Callable[[Step], Tree]


def _running_mean(letter: str, constant: str, of: Callable[[Step], Tree]) -> Callable[[Step], Tree]:
    return lambda s: plus(times(own(constant), s.before[letter]), times(less(ONE, own(constant)), of(s)))


def _square(s: Step) -> Tree:
    return call("SUMSQ", s.gradient)  # in LibreOffice ^ is an error where its result is too small for a number


def _scaled(s: Step) -> Tree:
    """η·g/(√s + ε)."""
    return over(times(s.rate, s.gradient), plus(call("SQRT", s.after["s"]), own("eps")))


def _fading(constant: str, exponent: Tree) -> Tree:
    """A power that goes to 0, and is 0 where LibreOffice shows an error since it is too small for a number."""
    return call("IFERROR", power(own(constant), exponent), Number(0))


def _corrected(s: Step, letter: str, constant: str) -> Tree:
    return over(s.after[letter], less(ONE, _fading(constant, s.number)))


def _adam_change(s: Step) -> Tree:
    root = call("SQRT", _corrected(s, "s", "beta2"))
    return over(times(s.rate, _corrected(s, "m", "beta1")), plus(root, own("eps")))


_VELOCITY = {"v": lambda s: plus(times(own("momentum"), s.before["v"]), s.gradient)}
_ADAM_STATES = {
    "m": _running_mean("m", "beta1", lambda s: s.gradient),
    "s": _running_mean("s", "beta2", _square),
}
OPTIMIZERS = {
    "sgd": Optimizer({}, lambda s: times(s.rate, s.gradient)),
    "momentum": Optimizer(_VELOCITY, lambda s: times(s.rate, s.after["v"])),
    "nesterov": Optimizer(_VELOCITY, lambda s: times(s.rate, plus(s.gradient, times(own("momentum"), s.after["v"])))),
    "adagrad": Optimizer({"s": lambda s: plus(s.before["s"], _square(s))}, _scaled),
    "rmsprop": Optimizer({"s": _running_mean("s", "alpha", _square)}, _scaled),
    "adam": Optimizer(_ADAM_STATES, _adam_change),
    "adamw": Optimizer(_ADAM_STATES, _adam_change),
}


def _earlier() -> Tree:
    """How many steps came before the own row's."""
    return less(own("step"), ONE)


# The learning rate of the own row's step, from that which is typed in.
SCHEDULES: dict[str, Callable[[Tree], Tree]] = {
    "step": lambda rate: times(rate, _fading("gamma", call("INT", over(_earlier(), own("step_size"))))),
    "exponential": lambda rate: times(rate, _fading("gamma", _earlier())),
    "cosine": lambda rate: plus(
        own("eta_min"),
        over(
            times(
                less(rate, own("eta_min")),
                plus(ONE, call("COS", over(times(call("PI"), _earlier()), own("T_max")))),
            ),
            Number(2),
        ),
    ),
    "inverse-time": lambda rate: over(rate, plus(ONE, times(own("decay"), _earlier()))),
    "warm-up": lambda rate: times(rate, call("MIN", ONE, over(own("step"), own("warm_up")))),
}
