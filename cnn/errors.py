"""The one exception that a user's input can cause."""


class InputError(ValueError):
    """Bad input. The message is one line: what, where, what was got, what was expected, what to do."""
