"""`python -m cnn`: see `cnn/commands.py`."""

from cnn import cli

if __name__ == "__main__":
    cli.run("python -m cnn")
