"""What a layer adds to a NumPy script, and where it stands in it."""

from dataclasses import dataclass

from engine.arrays import Shape


@dataclass(frozen=True)
class CodeContext:
    """Where a layer stands: its number k from 1, the shape of what goes in, the rows of the whole training.

    `back_through` is what an error passes back through instead of the weights, where they are updated first.
    """

    k: int
    shape: Shape
    rows: int
    back_through: str = ""

    @property
    def x(self) -> str:
        """The variable that goes in."""
        return f"a{self.k - 1}"


@dataclass(frozen=True)
class Code:
    """A layer's lines.

    Attributes:
        forward: z, from what goes in, as an expression.
        backward: the gradients of its weights and biases, from dz.
        back: the gradient of what goes in, as an expression; empty where a line of `backward` has it.
        first: a line before the forward one.
        before: a line before the loop.
    """

    forward: str
    backward: tuple[str, ...] = ()
    back: str = ""
    first: str = ""
    before: str = ""
