"""`python -m cnn`: see `cnn/commands.py`."""

from cnn import cli


def main() -> None:
    """Run as `backprop-cnn`, the command of the installed package."""
    cli.run("backprop-cnn")


if __name__ == "__main__":
    cli.run("python -m cnn")
