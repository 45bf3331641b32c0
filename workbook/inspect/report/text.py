"""What is shown on the command line, as plain text."""

from collections.abc import Callable
from io import StringIO

from rich.console import Console


def as_text(show: Callable[[Console], None]) -> str:
    """What `show` prints, 120 characters wide, without colours, in a notebook as in a terminal."""
    console = Console(
        file=StringIO(),
        force_jupyter=False,
        force_terminal=False,
        width=120,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as shown:
        show(console)
    return shown.get()
