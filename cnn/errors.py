"""The one exception that a user's input can cause, and what is said about a misspelled word."""

from collections.abc import Iterable

LETTERS_APART = 2


class InputError(ValueError):
    """Bad input. The message is one line: what, where, what was got, what was expected, what to do."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the known one that is one or two letters away, or all of them."""
    import difflib  # only where something was misspelled

    def letters_apart(name: str) -> int:
        changes = difflib.SequenceMatcher(None, word, name).get_opcodes()
        return sum(max(end - start, to - at) for tag, start, end, at, to in changes if tag != "equal")

    names = list(known)
    close = min(names, key=letters_apart)
    return f"did you mean {close!r}?" if letters_apart(close) <= LETTERS_APART else f"expected {', '.join(names)}"
