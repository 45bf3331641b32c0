"""Words for tokens in an experiment file: texts in samples and in a CSV file."""

from pathlib import Path

import numpy as np
import pytest

from engine import Experiment, InputError
from tests.engine.written import load

TEXTS = """
[network]
inputs = 1
vocabulary = "ab."
loss = "cross-entropy"
[[network.layers]]
kind = "embedding"
tokens = 3
features = 2
weights = [[1, 2], [3, 4], [5, 6]]
[[network.layers]]
kind = "attention"
init = "uniform"
[[network.layers]]
neurons = 3
activation = "softmax"
init = "uniform"
[[samples]]
inputs = "ab"
targets = "b."
[[samples]]
inputs = "ba"
targets = "a."
[training]
learning_rate = 0.1
"""


def load_with(csv: str, folder: Path) -> Experiment:
    """TEXTS, with samples from that CSV file."""
    (folder / "words.csv").write_text(csv, encoding="utf-8")
    return load(folder, of_csv(TEXTS))


def of_csv(text: str) -> str:
    """The file with its samples in words.csv."""
    before, after = text.split("[[samples]]")[0], text[text.index("[training]") :]
    return 'data = "words.csv"\n' + before + after


def test_texts_are_sequences_of_tokens_and_targets_one_hot(tmp_path: Path) -> None:
    experiment = load(tmp_path, TEXTS)
    np.testing.assert_array_equal(experiment.inputs, [[0], [1], [1], [0]])
    np.testing.assert_array_equal(experiment.targets, [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1]])
    assert (experiment.vocabulary, experiment.network.time) == (("a", "b", "."), 2)
    numbers = TEXTS.replace('"ab"', "[[0], [1]]").replace('"ba"', "[[1], [0]]")
    numbers = numbers.replace('"b."', "[[0, 1, 0], [0, 0, 1]]").replace('"a."', "[[1, 0, 0], [0, 0, 1]]")
    assert load(tmp_path, numbers.replace('vocabulary = "ab."\n', "")) == experiment


def test_a_csv_file_has_the_same_texts(tmp_path: Path) -> None:
    assert load_with("inputs,targets\nab,b.\nba,a.\n", tmp_path) == load(tmp_path, TEXTS)


def test_words_stand_between_spaces_and_a_sole_target_is_the_last_steps(tmp_path: Path) -> None:
    words = TEXTS.replace('"ab."', '["a", "bee", "."]').replace('"ab"', '"a bee"').replace('"ba"', '"bee a"')
    experiment = load(tmp_path, words.replace('"b."', '"."').replace('"a."', '"bee"'))
    np.testing.assert_array_equal(experiment.inputs, [[0], [1], [1], [0]])
    np.testing.assert_array_equal(experiment.targets, [[0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(experiment.counted, [0, 1, 0, 1])


def test_words_may_stand_in_lists_too(tmp_path: Path) -> None:
    lists = TEXTS.replace('inputs = "ab"', 'inputs = [["a"], ["b"]]').replace('inputs = "ba"', 'inputs = [["b"], [0]]')
    assert load(tmp_path, lists) == load(tmp_path, TEXTS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"ab."', '"aba"', "network.vocabulary: got 'a' twice, expected each word once"),
        ('"ab."', "3", "network.vocabulary: got 3, expected a list with at least one element"),
        ('inputs = "ab"', 'inputs = "ac"',
         "samples[0].inputs: got 'c', expected a word of network.vocabulary: 'a', 'b', '.'"),
        ('inputs = "ab"', 'inputs = [["a"], ["bee"]]',
         "samples[0].inputs[0]: got 'bee', expected a word of network.vocabulary: 'a', 'b', '.'"),
        ('targets = "b."', 'targets = "b.b"', "samples[0].targets: got 3 lists, expected 2, one for each step, "
         "or a list of numbers for the last step"),
        ('inputs = "ab"', "inputs = [[0], [3]]",
         "samples[0].inputs[1]: got 3, expected a token, a whole number from 0 to 2"),
        ('inputs = "ab"', "inputs = [[0], [0.5]]",
         "samples[0].inputs[1]: got 0.5, expected a token, a whole number from 0 to 2"),
        ('kind = "attention"', 'kind = "attention"\nheads = 3',
         "network.layers[1].heads: got 3, expected a divisor of 2, the numbers of a token"),
        ('kind = "attention"', 'kind = "attention"\nquery = [[1, 0], [0, 1]]',
         "network.layers[1]: got both of query and init, expected one of them"),
        ('kind = "attention"\ninit = "uniform"', 'kind = "attention"\nquery = [[1, 0]]',
         "network.layers[1].query: got 1 row, expected 2, one for each number of a token"),
        ('kind = "attention"', 'kind = "attention"\nbias = [1]',
         "network.layers[1].bias: got 1 number, expected 8, one for each number of q, k, v and u"),
        ('kind = "attention"', 'kind = "position"',
         "network.layers[1].init: got it with waves, expected it with learned = true"),
        ('kind = "attention"\ninit = "uniform"', 'kind = "embedding"\ntokens = 3\nfeatures = 2',
         "network.layers[1].kind: got embedding after another layer, expected it first: it reads tokens"),
        ("[5, 6]]", "[5]]", "network.layers[0].weights[2]: got 1 number, expected 2, one for each feature"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_tokens_is_told_in_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert TEXTS.count(old) == 1
    with pytest.raises(InputError) as error:
        load(tmp_path, TEXTS.replace(old, new))
    assert str(error.value) == f"{tmp_path / 'my.toml'}: {message}"


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        ("inputs,targets\nab,b.\nbc,a.\n",
         "data: words.csv, line 3, inputs: got 'c', expected a word of network.vocabulary: 'a', 'b', '.'"),
        ("i1,t1\n1,2\n", "data: words.csv: got the columns i1, t1, expected inputs, targets: texts, as words are"),
        ("", "data: words.csv: got the columns none, expected inputs, targets: texts, as words are"),
        ("inputs,targets\n", "data: words.csv: got no sample, expected a line for each"),
        ("inputs,targets\nab\n", "data: words.csv, line 2: got 1 value, expected 2, one for each column"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_csv_file_of_words(tmp_path: Path, csv: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        load_with(csv, tmp_path)
    assert str(error.value) == f"{tmp_path / 'my.toml'}: {message}"


@pytest.mark.parametrize("tokens", [17, 1])
def test_attention_tells_how_many_tokens_it_takes(tmp_path: Path, tokens: int) -> None:
    text = TEXTS.replace('"ab"', f'"{"a" * tokens}"').replace('"b."', f'"{"b" * tokens}"')
    text = text.replace('"ba"', f'"{"b" * tokens}"').replace('"a."', f'"{"a" * tokens}"')
    with pytest.raises(InputError) as error:
        load(tmp_path, text)
    got = "samples that are no sequences" if tokens == 1 else f"{tokens} tokens"
    assert f"network.layers[1].kind: got attention over {got}, expected sequences of 2 to 16 tokens" in str(error.value)
