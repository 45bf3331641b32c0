"""`python -m cnn`: see `cnn/commands.py`."""

import typer

from cnn import cli


def load_app() -> typer.Typer:
    """The commands; only now, because torch takes seconds, in which Ctrl-C shall end as cleanly as later."""
    from cnn.commands import app

    return app


def main() -> None:
    """Run as `backprop-cnn`, the command of the installed package."""
    cli.run(load_app, "backprop-cnn")


if __name__ == "__main__":
    cli.run(load_app, "python -m cnn")
