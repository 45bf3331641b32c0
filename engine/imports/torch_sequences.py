"""nn.RNN, nn.LSTM and nn.GRU: networks that read sequences; the outputs of every step count, or those of the last."""

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.imports.torch_kinds import Mapped, Signal, array, expect
from engine.imports.torch_training import Loss, targets_of
from engine.layers import Gru, Lstm, Recurrent
from engine.layers.recurrence import Recurrence

if TYPE_CHECKING:
    import torch

KINDS: dict[str, type[Recurrence]] = {"RNN": Recurrent, "LSTM": Lstm, "GRU": Gru}
# What does with each step by itself what it does with a sample.
OF_EACH_STEP = ("Linear", "LayerNorm", "Embedding", "Identity")


def steps_and_shape(kinds: list[str], shape: Shape) -> tuple[int, Shape]:
    """The steps of each sample, 1 where no module of these kinds reads sequences, and the shape of each step.

    Raises:
        InputError: a module reads sequences, and the inputs are none.
    """
    recurrent = next((kind for kind in kinds if kind in KINDS), None)
    if recurrent is None:
        return 1, shape
    tokens = kinds[0] == "Embedding"
    if len(shape) != (1 if tokens else 2) or shape[0] < 2:
        got = "×".join(map(str, ("samples", *shape)))
        what = "samples×tokens" if tokens else "samples×steps×features"
        raise InputError(f"inputs: got {got}, expected {what} for nn.{recurrent}, at least two in a sequence")
    return shape[0], shape[1:] or (1,)


def recurrent(where: str, module: Any, signal: Signal) -> Mapped:
    """The layer with the first weights: those of the inputs and those of the state side by side.

    Raises:
        InputError: it has several layers or directions, or biases that one bias of ours can't stand for.
    """
    kind = type(module).__name__
    expect(where, module, {"num_layers": 1, "bidirectional": False, "batch_first": True})
    if getattr(module, "proj_size", 0):
        expect(where, module, {"proj_size": 0})
    if module.input_size != prod(signal.shape):
        raise InputError(f"{where}: got {module.input_size} inputs, expected {prod(signal.shape)}, what comes in")
    weights = [module.weight_ih_l0, module.weight_hh_l0]
    if not all(weight.requires_grad for weight in weights):
        raise InputError(f"{where}: got weights with requires_grad=False, expected weights that are trained")
    if module.bias:
        _check_biases(where, module)
    bias = module.bias_ih_l0 if module.bias else None
    own = {"activation": module.nonlinearity} if kind == "RNN" else {}
    layer = KINDS[kind](
        module.hidden_size, signal.time, biases=0 if bias is None else len(bias),
        train_bias=bias is None or bool(bias.requires_grad), **own,
    )  # fmt: skip
    return Mapped(layer, where, module, np.hstack([array(weight) for weight in weights]), array(bias))


def _check_biases(where: str, module: Any) -> None:
    """Raise unless one bias alone is trained.

    torch adds two, and both get the gradient of their sum: it moves by twice what an optimizer moves one bias by.
    """
    if type(module).__name__ == "GRU":
        raise InputError(
            f"{where}: got nn.GRU with two biases of each gate, whose sum would learn twice as fast as the one of "
            "a column; expected bias=False"
        )
    if module.bias_hh_l0.requires_grad or module.bias_hh_l0.any():
        raise InputError(
            f"{where}: got nn.{type(module).__name__} with two biases, whose sum would learn twice as fast as the one "
            "of a column; expected bias=False, or the second one left at 0: "
            f"nn.init.zeros_({where}.bias_hh_l0).requires_grad_(False)"
        )


class Rows(NamedTuple):
    """Targets of all steps, one below the other, and 1 where the loss counts, 0 elsewhere, (samples·steps,)."""

    targets: FloatArray
    counted: FloatArray


def rows_of_targets(loss: Loss, given: Any, outputs: int, samples: int, steps: int, *, last_alone: bool) -> Rows:
    """The targets of every step, (samples, steps, outputs), or of the last alone, (samples, outputs).

    Raises:
        InputError: their shape is another, or the loss takes the mean over the steps, or classes for its second axis.
    """
    targets, counted = np.zeros((samples, steps, outputs)), np.ones((samples, steps))
    if last_alone or steps == 1:
        targets[:, -1] = targets_of(loss, given, outputs, samples)
        counted[:, :-1] = 0
    else:
        if loss.name == "cross-entropy":
            raise InputError(
                f"loss: got nn.{loss.kind} over the outputs of every step, expected it with a network that "
                "puts out those of the last: states[:, -1]"
            )
        if loss.reduction != "sum":
            raise InputError(
                f"loss: got nn.{loss.kind}(reduction='mean') over every step, expected reduction='sum': "
                "the losses of a sequence's steps are added up"
            )
        every = np.asarray(given)
        if every.shape != targets.shape:
            got, expected = ("×".join(map(str, shape)) for shape in (every.shape, targets.shape))
            raise InputError(f"targets: got shape {got}, expected {expected}, the shape of what the network puts out")
        targets[:] = every
    return Rows(targets.reshape(-1, outputs), counted.ravel())


def hand_on_states(module: "torch.nn.Module") -> None:
    """Let a recurrent module put out its states alone, so that another can follow it."""
    module.register_forward_hook(lambda _module, _inputs, outputs: outputs[0])
