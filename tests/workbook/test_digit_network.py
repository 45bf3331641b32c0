"""The NumPy passes, the stored numbers and the refused files of the digit's workbook."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cnn.model import DigitNet
from engine import InputError
from tests.workbook.digit_torch import passes, random_weights
from workbook.digit.network import Gradients, differentiate, read
from workbook.digit.plan import stepped
from workbook.digit.reference import PARAMETER_NAMES, load_reference
from workbook.digit.weights import SHIPPED, load_blocks

REFERENCE = load_reference()


def _assert_as_torch(got: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9 * float(np.abs(expected).max()))


def _assert_block_as_torch(number: int, own: Gradients, gradients: dict[str, np.ndarray]) -> None:
    for part, name in PARAMETER_NAMES[number - 1].items():
        _assert_as_torch(getattr(own, part), gradients[name])
    _assert_as_torch(own.z, gradients[f"{number} z"])
    _assert_as_torch(own.maps, gradients[f"{number} maps"])
    if own.pooled is not None:
        _assert_as_torch(own.pooled, gradients[f"{number} pooled"])


@pytest.mark.parametrize("random", [False, True], ids=["shipped", "random weights"])
@pytest.mark.parametrize("label", [0, 6])
def test_both_passes_are_those_of_torch(tmp_path: Path, label: int, *, random: bool) -> None:
    weights = random_weights(tmp_path / "random.safetensors") if random else SHIPPED
    torchs = passes(REFERENCE.images[0], label, weights)
    blocks = load_blocks(weights)
    reading = read(blocks, REFERENCE.images[0])
    _assert_as_torch(reading.log_probabilities, torchs.log_probabilities)
    gradients = differentiate(blocks, reading, label)
    for number, (maps, own) in enumerate(zip(reading.blocks, gradients, strict=True), start=1):
        _assert_as_torch(maps.maps, torchs.values[f"{number} maps"])
        _assert_block_as_torch(number, own, torchs.gradients)
    _assert_as_torch(gradients[0].input, torchs.gradients["input"])
    after = read(stepped(blocks, gradients, 0.001), REFERENCE.images[0])
    expected = passes(REFERENCE.images[0], label, weights, rate=0.001)
    _assert_as_torch(after.log_probabilities, expected.log_probabilities)


def test_every_stored_image_is_read_as_torch_reads_it() -> None:
    blocks = load_blocks(SHIPPED)
    for image, logs in zip(REFERENCE.images, REFERENCE.log_probabilities, strict=True):
        np.testing.assert_allclose(read(blocks, image).log_probabilities, logs, rtol=0, atol=1e-9)
    is_right = REFERENCE.log_probabilities.argmax(1) == np.array(REFERENCE.labels)
    assert (len(is_right), (~is_right).sum()) == (37, 16)


def test_all_parameters_have_a_gradient() -> None:
    blocks = load_blocks(SHIPPED)
    gradients = differentiate(blocks, read(blocks, REFERENCE.images[0]), 6)
    assert sum(part.size for own in gradients for part in own.parameters) == 19_298


def test_equal_pixels_of_a_pooling_pass_the_gradient_to_the_first() -> None:
    blocks = load_blocks(SHIPPED)
    reading = read(blocks, np.zeros((28, 28)))
    own = differentiate(blocks, reading, 3)[3]
    torchs = passes(np.zeros((28, 28)), 3)
    middle = reading.blocks[3].maps[:, 12:14, 12:14]
    assert (middle == middle[:, :1, :1]).all()
    assert (own.maps[:, 12, 12] != 0).any()
    assert not own.maps[:, 12:14, 13].any()
    _assert_as_torch(own.maps, torchs.gradients["4 maps"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("wider", "layers.0.weight is 16×1×3×3, expected 8×1×3×3"),
        ("missing", "layers.25.bias is missing, expected 10"),
        ("more", "layers.26.weight is 2×2, expected missing"),
        ("nan", "layers.3.weight holds nan or infinity"),
    ],
)
def test_another_network_is_refused_in_one_line(tmp_path: Path, change: str, message: str) -> None:
    path = tmp_path / "model.safetensors"
    weights = DigitNet(width=2 if change == "wider" else 1).state_dict()
    if change == "missing":
        del weights["layers.25.bias"]
    elif change == "more":
        weights["layers.26.weight"] = torch.zeros(2, 2)
    elif change == "nan":
        weights["layers.3.weight"][0, 0, 0, 0] = torch.nan
    save_file(weights, path)
    with pytest.raises(InputError) as error:
        load_blocks(path)
    assert str(error.value).startswith(f"{path}: {message}")


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.safetensors").write_text("no weights")
    with pytest.raises(InputError, match="cannot be read as weights"):
        load_blocks(tmp_path / "no.safetensors")
    with pytest.raises(InputError, match="No such file"):
        load_blocks(tmp_path / "missing.safetensors")
