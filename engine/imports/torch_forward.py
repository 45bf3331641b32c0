"""What a network's own forward pass does, seen by running it: its children in their order, or something else."""

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.arrays import FloatArray
from engine.errors import InputError
from engine.imports.torch_layers import inputs_of, leaves
from engine.imports.torch_sequences import ATTENTION, KINDS, READERS, in_a_row, is_causal

if TYPE_CHECKING:
    import torch
    from torch import nn


class Seen(NamedTuple):
    """Whether the network puts out the last step of sequences alone, and the names of its causal attentions."""

    last_alone: bool
    causal: set[str]


def check_forward(net: "nn.Module", x: FloatArray) -> Seen:
    """What can be seen of the forward pass with these inputs alone.

    Raises:
        InputError: it fails, or does not do what the children do one after another.
    """
    import torch
    from torch import nn

    whole, parts = (copy.deepcopy(net).double().train() for _ in range(2))
    causal = _watched(whole)
    got = _run(net, whole, x)
    if not isinstance(got, torch.Tensor):
        raise InputError(f"net: got a {type(got).__name__} from its forward pass, expected the outputs alone, a tensor")
    modules = dict(leaves(parts, "net"))
    for where, module in modules.items():
        if type(module).__name__ in READERS:
            in_a_row(module, causal=where in causal)
    in_order = _run(net, nn.Sequential(*modules.values()), x)
    if _close(got, in_order):
        return Seen(last_alone=False, causal=causal)
    if in_order.ndim == 3 and _close(got, in_order[:, -1]):
        return Seen(last_alone=True, causal=causal)
    raise InputError(
        "net: its forward pass is not that of its children one after another, "
        "expected nn.Sequential, or a forward pass that applies them in order, activations among them"
    )


def _watched(net: "nn.Module") -> set[str]:
    """The names of the attentions that turn out to be causal, once the network has run."""
    causal: set[str] = set()
    for where, module in leaves(net, "net"):
        if type(module).__name__ == ATTENTION:

            def watch(module: Any, inputs: Any, options: Any, where: str = where) -> None:
                if is_causal(where, module, inputs, options):
                    causal.add(where)

            module.register_forward_pre_hook(watch, with_kwargs=True)
    return causal


def _run(net: "nn.Module", module: "nn.Module", x: FloatArray) -> Any:
    """What a module puts out, with the same draws each time."""
    import torch

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        try:
            return module(inputs_of(net, x))
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a forward pass of one's own may raise
            raise InputError(_failure(net, error)) from None


def _failure(net: "nn.Module", error: Exception) -> str:
    for module in net.modules():
        kinds = [type(child).__name__ for child in module.children()]
        if type(module).__name__ == "Sequential" and (found := [kind for kind in kinds[:-1] if kind in KINDS]):
            return (
                f"net: got nn.{found[0]} in nn.Sequential, which hands on the pair that it puts out; expected a module "
                "of your own with `states, _ = self.rnn(x)`, then `self.out(states)` or `self.out(states[:, -1])`"
            )
        if type(module).__name__ == "Sequential" and ATTENTION in kinds:
            return (
                f"net: got nn.{ATTENTION} in nn.Sequential, which gives it one input of three; expected a module of "
                "your own with `x, _ = self.attention(x, x, x)`, then `self.out(x)` or `self.out(x[:, -1])`"
            )
    return f"net: its forward pass fails: {' '.join(str(error).split())}"


def _close(got: "torch.Tensor", expected: "torch.Tensor") -> bool:
    return got.shape == expected.shape and bool(np.allclose(got, expected, rtol=1e-9, atol=1e-12))
