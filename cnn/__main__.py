"""`python -m cnn`: see `cnn/commands.py` and `cnn/trained.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn import cli

if TYPE_CHECKING:
    import typer


def load_app() -> typer.Typer:
    """The commands; only now, because torch takes seconds, in which Ctrl-C shall end as cleanly as later."""
    from cnn import commands, trained  # noqa: F401 - they add themselves to the app
    from cnn.options import app

    return app


def main() -> None:
    """Run as `backprop-cnn`, the command of the installed package."""
    cli.run(load_app, "backprop-cnn")


if __name__ == "__main__":
    cli.run(load_app, "python -m cnn")
