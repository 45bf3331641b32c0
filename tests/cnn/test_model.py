from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from cnn.errors import InputError
from cnn.model import SHIPPED, DigitNet, load_model, save_weights
from cnn.norm import ReLUBatchNorm2d

CPU = torch.device("cpu")

# The reference's own summary: each layer, the shape that it puts out, its parameters.
LAYERS = [
    ("Conv2d", (8, 28, 28), 72),
    ("ReLU", (8, 28, 28), 0),
    ("BatchNorm2d", (8, 28, 28), 16),
    ("Dropout", (8, 28, 28), 0),
    ("Conv2d", (12, 28, 28), 864),
    ("ReLU", (12, 28, 28), 0),
    ("BatchNorm2d", (12, 28, 28), 24),
    ("Dropout", (12, 28, 28), 0),
    ("Conv2d", (16, 28, 28), 1728),
    ("ReLU", (16, 28, 28), 0),
    ("BatchNorm2d", (16, 28, 28), 32),
    ("Dropout", (16, 28, 28), 0),
    ("Conv2d", (32, 28, 28), 4608),
    ("ReLU", (32, 28, 28), 0),
    ("BatchNorm2d", (32, 28, 28), 64),
    ("MaxPool2d", (32, 14, 14), 0),
    ("Dropout", (32, 14, 14), 0),
    ("Conv2d", (24, 14, 14), 768),
    ("ReLU", (24, 14, 14), 0),
    ("BatchNorm2d", (24, 14, 14), 48),
    ("Dropout", (24, 14, 14), 0),
    ("Conv2d", (20, 14, 14), 4320),
    ("ReLU", (20, 14, 14), 0),
    ("BatchNorm2d", (20, 14, 14), 40),
    ("Dropout", (20, 14, 14), 0),
    ("Conv2d", (16, 14, 14), 2880),
    ("ReLU", (16, 14, 14), 0),
    ("BatchNorm2d", (16, 14, 14), 32),
    ("MaxPool2d", (16, 7, 7), 0),
    ("Dropout", (16, 7, 7), 0),
    ("Conv2d", (16, 5, 5), 2320),
    ("ReLU", (16, 5, 5), 0),
    ("BatchNorm2d", (16, 5, 5), 32),
    ("Conv2d", (10, 3, 3), 1450),
    ("AvgPool2d", (10, 1, 1), 0),
]


def test_each_layer_has_the_reference_s_kind_shape_and_parameters() -> None:
    seen: list[tuple[str, tuple[int, ...], int]] = []

    def look(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        shape, parameters = tuple(output.shape[1:]), sum(p.numel() for p in layer.parameters())
        if isinstance(layer, ReLUBatchNorm2d):  # two layers of the reference in one
            seen.extend([("ReLU", shape, 0), ("BatchNorm2d", shape, parameters)])
        else:
            seen.append((type(layer).__name__, shape, parameters))

    model = DigitNet()
    for layer in model.layers:
        layer.register_forward_hook(look)
    logits = model(torch.zeros(2, 1, 28, 28))
    assert seen == LAYERS
    assert logits.shape == (2, 10)


def test_the_network_has_19_298_parameters() -> None:
    assert sum(p.numel() for p in DigitNet().parameters()) == 19_298


def test_dropout_rates_go_to_their_layers() -> None:
    rates = [layer.p for layer in DigitNet(0.1, 0.25).layers if isinstance(layer, nn.Dropout)]
    assert rates == [0.1, 0.1, 0.1, 0.25, 0.1, 0.1, 0.25]


def test_saved_weights_come_back(tmp_path: Path) -> None:
    model = DigitNet().eval()
    save_weights(model.state_dict(), tmp_path / "model.safetensors", {"recipe": "none"})
    images = torch.randn(4, 1, 28, 28)
    with torch.inference_mode():
        # another memory layout, another order of sums
        torch.testing.assert_close(load_model(tmp_path / "model.safetensors", CPU)(images), model(images))


def test_weights_of_another_shape_are_named(tmp_path: Path) -> None:
    weights = {name: tensor.clone() for name, tensor in DigitNet().state_dict().items()}
    weights["layers.0.weight"] = torch.zeros(9, 1, 3, 3)
    save_file(weights, tmp_path / "other.safetensors")
    with pytest.raises(InputError) as caught:
        load_model(tmp_path / "other.safetensors", CPU)
    assert str(caught.value) == (
        f"{tmp_path}/other.safetensors: layers.0.weight is 9×1×3×3, expected 8×1×3×3: weights of another network"
    )


def test_missing_and_foreign_weights_are_named(tmp_path: Path) -> None:
    save_file({"bias": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="bias is 3, expected missing: weights of another network"):
        load_model(tmp_path / "other.safetensors", CPU)


@pytest.mark.parametrize("content", [b"", b"not weights", b"\xff" * 100])
def test_damaged_weights_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.safetensors: cannot be read as weights"):
        load_model(path, CPU)


def test_the_shipped_models_are_small() -> None:
    assert SHIPPED.is_file()
    for path in SHIPPED.parent.glob("*.safetensors"):
        assert path.stat().st_size < 100_000
