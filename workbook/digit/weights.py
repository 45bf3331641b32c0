"""The network's nine convolutions with their weights, from a safetensors file.

Shape letters: O output channels, I input channels, K rows and columns of a kernel.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from engine import InputError

Array = NDArray[np.float64]

SHIPPED = Path(__file__).parents[2] / "cnn" / "weights" / "best.safetensors"
EPSILON = 1e-5  # that batch normalisation adds to a variance, torch's default


@dataclass(frozen=True)
class Plan:
    """A convolution of the architecture; `index` is its number among the file's layers, `norm` of its batch norm."""

    index: int
    inputs: int
    outputs: int
    kernel: int
    padding: int
    norm: int | None
    bias: bool = False
    pool: bool = False  # whether a 2×2 max pooling follows


ARCHITECTURE = (
    Plan(0, 1, 8, 3, 1, norm=1),
    Plan(3, 8, 12, 3, 1, norm=4),
    Plan(6, 12, 16, 3, 1, norm=7),
    Plan(9, 16, 32, 3, 1, norm=10, pool=True),
    Plan(13, 32, 24, 1, 0, norm=14),
    Plan(16, 24, 20, 3, 1, norm=17),
    Plan(19, 20, 16, 3, 1, norm=20, pool=True),
    Plan(23, 16, 16, 3, 0, norm=24, bias=True),
    Plan(25, 16, 10, 3, 0, norm=None, bias=True),
)


@dataclass(frozen=True)
class Norm:
    """A trained batch normalisation of an activation x: γ · (x − mean) / √(variance + ε) + β; arrays (O,)."""

    gamma: Array
    beta: Array
    mean: Array
    variance: Array

    @property
    def deviation(self) -> Array:
        """√(variance + ε), (O,)."""
        return np.sqrt(self.variance + EPSILON)

    @property
    def scale(self) -> Array:
        """a, where the whole layer is written a·x + c, (O,)."""
        return self.gamma / self.deviation

    @property
    def shift(self) -> Array:
        """c, where the whole layer is written a·x + c, (O,)."""
        return self.beta - self.scale * self.mean


@dataclass(frozen=True)
class ConvolutionBlock:
    """A convolution and what follows it: ReLU and batch normalisation, save after the last, and perhaps a pooling."""

    plan: Plan
    weight: Array  # (O, I, K, K)
    bias: Array | None  # (O,)
    norm: Norm | None


def load_blocks(path: Path) -> list[ConvolutionBlock]:
    """The nine blocks of a safetensors file that `make train` wrote.

    Raises:
        InputError: no such file, it is damaged, holds another architecture, or a number that is not finite.
    """
    try:
        weights = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: cannot be read as weights: {reason}; expected a safetensors file") from None
    expected = _shapes()
    got = {name: array.shape for name, array in weights.items() if not name.endswith("num_batches_tracked")}
    for name in sorted(expected.keys() | got.keys()):
        if got.get(name) != expected.get(name):
            raise InputError(
                f"{path}: {name} is {_shape(got.get(name))}, expected {_shape(expected.get(name))}: only the network "
                "of nine convolutions and 19,298 parameters that `make train` trains can be put into cells"
            )
        if not np.isfinite(weights[name]).all():
            raise InputError(f"{path}: {name} holds nan or infinity, expected finite numbers")
    return [_block(plan, {name: array.astype(np.float64) for name, array in weights.items()}) for plan in ARCHITECTURE]


def _block(plan: Plan, weights: dict[str, Array]) -> ConvolutionBlock:
    norm = None
    if plan.norm is not None:
        parts = ("weight", "bias", "running_mean", "running_var")
        norm = Norm(*(weights[f"layers.{plan.norm}.{part}"] for part in parts))
    return ConvolutionBlock(
        plan, weights[f"layers.{plan.index}.weight"], weights.get(f"layers.{plan.index}.bias"), norm
    )


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for plan in ARCHITECTURE:
        shapes[f"layers.{plan.index}.weight"] = (plan.outputs, plan.inputs, plan.kernel, plan.kernel)
        if plan.bias:
            shapes[f"layers.{plan.index}.bias"] = (plan.outputs,)
        if plan.norm is not None:
            for part in ("weight", "bias", "running_mean", "running_var"):
                shapes[f"layers.{plan.norm}.{part}"] = (plan.outputs,)
    return shapes


def _shape(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "missing"
    return "×".join(map(str, shape)) or "a single number"
