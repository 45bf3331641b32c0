"""What a user's input can cause: one exception, one warning."""


class InputError(ValueError):
    """Bad input. The message is one line: what, where, what was got, what was expected."""


class InputWarning(UserWarning):
    """Input that runs, but hardly as meant. The message is one line, as an InputError's."""
