"""Words in an experiment file: with a `vocabulary`, texts stand for the tokens' numbers.

A text is a sequence of tokens, one a step: characters, if all words of the vocabulary are characters, else the words
between its spaces. As a target a token is 1 at its own output and 0 at all others. A sole word of a target is that of
a plain sample, or of a sequence's last step.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.experiment_samples import csv_lines
from engine.reading import list_of, text

HEADER = ["inputs", "targets"]


def vocabulary(where: str, value: Any) -> tuple[str, ...]:
    """Read the words; a word's index, from 0, is its token: a text of single characters, or a list of texts.

    Raises:
        InputError: no text, or a word twice.
    """
    words = tuple(text(where, value)) if isinstance(value, str) else tuple(list_of(text)(where, value))
    twice = [word for index, word in enumerate(words) if word in words[:index]]
    if twice:
        raise InputError(f"{where}: got {twice[0]!r} twice, expected each word once")
    return words


def in_numbers(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A file's tables with numbers for the words of its samples, or of its CSV file; as they are without a vocabulary.

    Raises:
        InputError: a word that the vocabulary does not have; a CSV file without the columns inputs and targets.
    """
    network = document.get("network")
    if not isinstance(network, dict) or "vocabulary" not in network:
        return document
    words = vocabulary("network.vocabulary", network["vocabulary"])
    samples, data = document.get("samples"), document.get("data")
    if isinstance(data, str) and samples is None:
        given = _read_lines(folder / data)
    elif isinstance(samples, list) and all(isinstance(sample, dict) for sample in samples):
        given = [(f"samples[{number}].", sample) for number, sample in enumerate(samples)]
    else:
        return document
    others = {key: value for key, value in document.items() if key != "data"} if samples is None else document
    return {**others, "samples": [_sample(where, sample, words) for where, sample in given]}


def _read_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Where each line of the CSV file is, for messages, and the line as a sample."""
    (_, header), *lines = csv_lines(path) or [("", [])]
    if sorted(name.strip() for name in header) != HEADER:
        got = ", ".join(header) or "none"
        raise InputError(f"data: {path.name}: got the columns {got}, expected {', '.join(HEADER)}: texts, as words are")
    if not lines:
        raise InputError(f"data: {path.name}: got no sample, expected a line for each")
    names = [name.strip() for name in header]
    for where, line in lines:
        if len(line) != len(names):
            raise InputError(
                f"{where}: got {len(line)} value{'s' * (len(line) != 1)}, expected {len(names)}, one for each column"
            )
    return [(f"{where}, ", dict(zip(names, line, strict=True))) for where, line in lines]


def _sample(where: str, sample: dict[str, Any], words: Sequence[str]) -> dict[str, Any]:
    found = dict(sample)
    if "inputs" in sample:
        inputs = _tokens(f"{where}inputs", sample["inputs"], words)
        found["inputs"] = [[token] for token in inputs] if isinstance(sample["inputs"], str) else inputs
    if isinstance(sample.get("targets"), str):
        tokens = _tokens(f"{where}targets", sample["targets"], words)
        shares = [[float(index == token) for index in range(len(words))] for token in tokens]
        found["targets"] = shares[0] if len(shares) == 1 else shares
    return found


def _tokens(where: str, given: Any, words: Sequence[str]) -> Any:
    """The numbers of a text's words, or of the words in lists in lists; what is no text stays as it is."""
    if isinstance(given, list):
        return [
            _token(f"{where}[{index}]", each, words) if isinstance(each, str) else _tokens(where, each, words)
            for index, each in enumerate(given)
        ]
    if not isinstance(given, str):
        return given
    parts = list(given) if all(len(word) == 1 for word in words) else given.split()
    return [_token(where, part, words) for part in parts]


def _token(where: str, word: str, words: Sequence[str]) -> int:
    if word not in words:
        raise InputError(f"{where}: got {word!r}, expected a word of network.vocabulary: {', '.join(map(repr, words))}")
    return words.index(word)
