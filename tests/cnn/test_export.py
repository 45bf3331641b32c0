import sys
from pathlib import Path

import onnxruntime
import pytest
import torch

from cnn.data import normalise
from cnn.errors import InputError
from cnn.export import export_onnx
from cnn.model import SHIPPED, DigitNet, load_model

CPU = torch.device("cpu")

# torch's exporter calls what torch itself calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::FutureWarning:torch")


def test_onnxruntime_gives_torch_s_logits_of_bytes_for_any_number_of_images(tmp_path: Path) -> None:
    model = load_model(SHIPPED, CPU)
    assert export_onnx(model, tmp_path / "model.onnx") < 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for count in (1, 7):
        images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)
        (logits,) = session.run(["logits"], {"images": images.numpy()})
        with torch.inference_mode():
            torch.testing.assert_close(torch.from_numpy(logits), model(normalise(images)), atol=1e-4, rtol=1e-4)


def test_without_its_packages_exporting_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"exporting needs it: pip install '\.\[onnx\]'"):
        export_onnx(DigitNet(), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
