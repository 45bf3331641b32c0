"""Activations and losses as trees, each beside its slope: the engine's kernels as formulas."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.activations import LEAK, ByActivation
from workbook.spreadsheet.algebra import ONE, call, less, over, plus, power, times
from workbook.spreadsheet.trees import Number, Operation, Tree, Variable

# EXP overflows above it; the rest of the sheet must survive any learning rate.
LARGEST_EXPONENT = 709


class Activation(NamedTuple):
    """An activation function and its slope.

    Attributes:
        value: a, from z and the pre-activations of its whole layer.
        slope: ∂a/∂z, from z and a; none where the chain rule finds it, or goes past it.
        idea: what it is, in words.
        slope_idea: what its slope is, in words.
    """

    value: Callable[[Tree, Sequence[Tree]], Tree]
    slope: Callable[[Tree, Tree], Tree] | None
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


def _leaky(slope: float) -> Activation:
    part = "a hundredth of it" if slope == LEAK else f"{slope:g} times it"
    return Activation(
        lambda z, _: _above_zero(z, z, times(Number(slope), z)),
        lambda z, _: _above_zero(z, ONE, Number(slope)),
        f"The pre-activation to the left where it is above 0, else {part}.",
        f"the slope of leaky ReLU, 1 above 0 and else {slope:g}",
    )


_KNOWN = {
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
    "leaky-relu": _leaky(LEAK),
    "identity": Activation(
        lambda z, _: z,
        lambda _z, _a: ONE,
        "The pre-activation to the left, as it is.",
        "the slope 1",
    ),
    # Cross-entropy's slope is by the pre-activation.
    "softmax": Activation(
        _softmax,
        None,
        "Softmax: e^o of this output as a share of the sum over all outputs; less the largest o, so that nothing "
        "overflows.",
        "",
    ),
}


ACTIVATIONS = ByActivation(_KNOWN, _leaky)


class Outputs(NamedTuple):
    """The last layer's columns: targets, pre-activations, activations; and whether the table has columns for deltas."""

    targets: Sequence[Variable]
    z: Sequence[Variable]
    a: Sequence[Variable]
    deltas: bool


class Loss(NamedTuple):
    """A loss and the lines of its slope.

    Attributes:
        value: E of one output, from its index and all outputs.
        slope: ∂E/∂a of one output; of a cross-entropy ∂E/∂z.
        idea: what E is, in words.
        slope_idea: what the slope is, in words.
        parts: of a loss whose slope is ∂E/∂z, how that comes out: the slopes that add up to it, with their names.
    """

    value: Callable[[int, Outputs], Tree]
    slope: Callable[[int, Outputs], Tree]
    idea: str
    slope_idea: str
    parts: Callable[[int, Outputs], list[tuple[str, Tree]]] | None = None

    @property
    def through_activation(self) -> bool:
        """Whether the slope is ∂E/∂z."""
        return self.parts is not None


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
    return _of_mean(_squared(k, o), o)


def _mean_squared_slope(k: int, o: Outputs) -> Tree:
    outputs = len(o.a)
    if outputs == 2:
        return _error(k, o)
    return times(Number(2) if outputs == 1 else over(Number(2), Number(outputs)), _error(k, o))


def _of_mean(value: Tree, o: Outputs) -> Tree:
    """An output's part of the mean over all."""
    return over(value, Number(len(o.a))) if len(o.a) > 1 else value


def _binary_cross_entropy(k: int, o: Outputs) -> Tree:
    softplus = call("LN", plus(ONE, call("EXP", call("neg", call("ABS", o.z[k])))))
    return plus(less(call("MAX", o.z[k], Number(0)), times(o.targets[k], o.z[k])), softplus)


def _binary_parts(k: int, o: Outputs) -> list[tuple[str, Tree]]:
    """E = ln(1 + e^z) − t·z, whose terms have the slopes σ(z) = a and t."""
    z, t = o.z[k].name, o.targets[k].name
    return [(f"∂ln(1+e^{z})/∂{z}", o.a[k]), (f"∂({t}*{z})/∂{z}", o.targets[k])]


def _cross_entropy(k: int, o: Outputs) -> Tree:
    largest = call("MAX", *o.z)
    return times(o.targets[k], less(call("LN", plus(*_powers(o.z))), less(o.z[k], largest)))


def _cross_entropy_parts(k: int, o: Outputs) -> list[tuple[str, Tree]]:
    """E_j = −t_j ln a_j has the slope t_j·a_k by z_k, less t_k for j = k; their sum is a_k·Σt − t_k, and Σt = 1."""
    shares = [less(o.a[k], ONE) if j == k else o.a[k] for j in range(len(o.z))]
    return [(f"∂E{j + 1}/∂{o.z[k].name}", times(o.targets[j], share)) for j, share in enumerate(shares)]


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
        _binary_parts,
    ),
    "cross-entropy": Loss(
        _cross_entropy,
        _error,
        "-t*ln a, spelled with the pre-activations so that no logarithm of 0 appears.",
        "output - target, which is the slope by the pre-activation already",
        _cross_entropy_parts,
    ),
    "squared-error": Loss(
        _squared,
        lambda k, o: times(Number(2), _error(k, o)),
        "The square of target minus output.",
        "twice output - target",
    ),
    "mean-binary-cross-entropy": Loss(
        lambda k, o: _of_mean(_binary_cross_entropy(k, o), o),
        lambda k, o: _of_mean(_error(k, o), o),
        "-(t*ln a + (1-t)*ln(1-a)), spelled with the pre-activation so that no logarithm of 0 appears, divided by the "
        "number of outputs.",
        "output - target, divided by the number of outputs, which is the slope by the pre-activation already",
        lambda k, o: [(name, _of_mean(part, o)) for name, part in _binary_parts(k, o)],
    ),
}
