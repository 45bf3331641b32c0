"""nn.RNN, nn.LSTM, nn.GRU and nn.MultiheadAttention: networks that read sequences.

The outputs of every step count, or those of the last.
"""

from collections.abc import Callable
from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.imports.torch_kinds import Mapped, Signal, array, expect
from engine.imports.torch_training import TorchLoss, targets_of
from engine.layers import Attention, Gru, Lstm, Recurrent
from engine.layers.recurrence import Recurrence

if TYPE_CHECKING:
    import torch

ATTENTION = "MultiheadAttention"
KINDS: dict[str, type[Recurrence]] = {"RNN": Recurrent, "LSTM": Lstm, "GRU": Gru}
# Modules that treat each step of a sequence as they treat a sample.
OF_EACH_STEP = ("Linear", "LayerNorm", "Embedding", "Identity")


def steps_and_shape(kinds: list[str], shape: Shape) -> tuple[int, Shape]:
    """The steps of each sample, 1 where no module of these kinds reads sequences, and the shape of each step.

    Raises:
        InputError: a module reads sequences, and the inputs are none.
    """
    reader = next((kind for kind in kinds if kind in READERS), None)
    if reader is None:
        return 1, shape
    tokens = kinds[0] == "Embedding"
    if len(shape) != (1 if tokens else 2) or shape[0] < 2:
        got = "×".join(map(str, ("samples", *shape)))
        what = "samples×tokens" if tokens else "samples×steps×features"
        raise InputError(f"inputs: got {got}, expected {what} for nn.{reader}, at least two in a sequence")
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


def attention(where: str, module: Any, signal: Signal) -> Mapped:
    """The layer with the first weights: those of query, key, value and output one below the other.

    Raises:
        InputError: it attends to something else than its sequence, drops something out, or is not trained whole.
    """
    width = prod(signal.shape)
    expect(where, module, {"batch_first": True, "dropout": 0.0, "bias_k": None, "add_zero_attn": False})
    expect(where, module, {"embed_dim": width, "kdim": width, "vdim": width})
    if not all(parameter.requires_grad for parameter in module.parameters()):
        raise InputError(f"{where}: got parameters with requires_grad=False, expected weights that are trained")
    has_bias = module.in_proj_bias is not None
    weights = [array(module.in_proj_weight), array(module.out_proj.weight)]
    biases = [array(module.in_proj_bias), array(module.out_proj.bias)]
    layer = Attention(module.num_heads, bias=has_bias, time=signal.time)
    return Mapped(layer, where, module, np.concatenate(weights), np.concatenate(biases))


def is_causal(where: str, module: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether a call of nn.MultiheadAttention lets no token ask a later one.

    Raises:
        InputError: the sequence asks another one, or with another mask.
    """
    import torch

    given = signature(module.forward).bind(*inputs, **options).arguments
    queries, keys, values = (given[name] for name in ("query", "key", "value"))
    if not (torch.equal(queries, keys) and torch.equal(queries, values)):
        raise InputError(
            f"{where}: got attention of one sequence to another, expected x three times: attention(x, x, x)"
        )
    if given.get("key_padding_mask") is not None:
        raise InputError(f"{where}: got a key_padding_mask, expected none: all sequences are equally long")
    mask = given.get("attn_mask")
    if mask is None:
        return False
    left_out = mask if mask.dtype == torch.bool else mask == -torch.inf
    later = torch.ones(queries.shape[1], queries.shape[1], dtype=torch.bool).triu(1)
    added = mask if mask.dtype != torch.bool else torch.zeros_like(later)
    if not torch.equal(left_out, later) or (added[~later] != 0).any():
        raise InputError(
            f"{where}: got an attn_mask of its own, expected none, or one that leaves out all later tokens"
        )
    return True


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


# The modules whose steps read other steps of their sequence.
READERS: dict[str, Callable[[str, Any, Signal], Mapped]] = {**dict.fromkeys(KINDS, recurrent), ATTENTION: attention}


class Rows(NamedTuple):
    """Targets of all steps, one below the other, and 1 where the loss counts, 0 elsewhere, (samples·steps,)."""

    targets: FloatArray
    counted: FloatArray


def rows_of_targets(loss: TorchLoss, given: Any, outputs: int, samples: int, steps: int, *, last_alone: bool) -> Rows:
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


def in_a_row(module: "torch.nn.Module", *, causal: bool) -> None:
    """Let such a module take a sequence and put out a sequence alone, so that others can stand before and behind it."""
    module.register_forward_hook(lambda _module, _inputs, outputs: outputs[0])
    if type(module).__name__ == ATTENTION:
        module.register_forward_pre_hook(lambda _module, x: (x[0], x[0], x[0], None, False, _mask(x[0], causal=causal)))


def _mask(x: "torch.Tensor", *, causal: bool) -> "torch.Tensor | None":
    import torch

    return torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if causal else None
