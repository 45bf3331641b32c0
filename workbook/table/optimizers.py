"""Optimizers and schedules of the learning rate as trees, each optimizer beside its state."""

from collections.abc import Callable
from typing import NamedTuple

from workbook.spreadsheet.algebra import ONE, call, less, over, own, plus, power, times
from workbook.spreadsheet.trees import Number, Operation, Tree


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


def _adamax_change(s: Step) -> Tree:
    return over(times(s.rate, _corrected(s, "m", "beta1")), s.after["u"])


def _adadelta_change(s: Step) -> Tree:
    """√(d + ε)/√(s + ε)·g, with d as it was before; the step is η times this."""
    before, after = (call("SQRT", plus(state, own("eps"))) for state in (s.before["d"], s.after["s"]))
    return times(over(before, after), s.gradient)


def _dampened(s: Step) -> Tree:
    later = plus(times(own("momentum"), s.before["v"]), times(less(ONE, own("dampening")), s.gradient))
    return call("IF", Operation(">", (s.number, ONE)), later, s.gradient)


def _momentum_of(number: Tree) -> Tree:
    """NAdam's momentum in an update: β₁·(1 − ½·0.96^(k·ψ))."""
    fading = power(Number(0.96), times(number, own("momentum_decay")))
    return times(own("beta1"), less(ONE, times(Number(0.5), call("IFERROR", fading, Number(0)))))


def _nadam_change(s: Step) -> Tree:
    now, following = _momentum_of(s.number), _momentum_of(plus(s.number, ONE))
    of_gradient = over(times(less(ONE, now), s.gradient), s.after["q"])
    of_mean = over(times(following, s.after["m"]), less(ONE, times(less(ONE, s.after["q"]), following)))
    root = call("SQRT", _corrected(s, "s", "beta2"))
    return over(times(s.rate, plus(of_gradient, of_mean)), plus(root, own("eps")))


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
    "adamax": Optimizer(
        {
            "m": _ADAM_STATES["m"],
            "u": lambda s: call("MAX", times(own("beta2"), s.before["u"]), plus(call("ABS", s.gradient), own("eps"))),
        },
        _adamax_change,
    ),
    "adadelta": Optimizer(
        {
            "s": _running_mean("s", "rho", _square),
            "d": _running_mean("d", "rho", lambda s: call("SUMSQ", _adadelta_change(s))),
        },
        lambda s: times(s.rate, _adadelta_change(s)),
    ),
    "nadam": Optimizer(
        {**_ADAM_STATES, "q": lambda s: less(ONE, times(less(ONE, s.before["q"]), _momentum_of(s.number)))},
        _nadam_change,
    ),
    "dampened-momentum": Optimizer({"v": _dampened}, lambda s: times(s.rate, s.after["v"])),
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
