import sys
from pathlib import Path

import onnxruntime
import pytest
import torch

from cnn.data import normalise
from cnn.errors import InputError
from cnn.export import export_onnx
from cnn.model import SHIPPED, DigitNet, load_model
from engine.imports.from_onnx import beside_onnxruntime, from_onnx
from tests.commands import error_line

CPU = torch.device("cpu")

# torch's exporter calls what torch itself calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::FutureWarning:torch")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    assert export_onnx(load_model(SHIPPED, CPU), path) < 1e-4
    assert list(path.parent.iterdir()) == [path]
    return path


def test_onnxruntime_gives_torch_s_logits_of_bytes_for_any_number_of_images(exported: Path) -> None:
    model = load_model(SHIPPED, CPU)
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    for count in (1, 7):
        images = torch.randint(0, 256, (count, 1, 28, 28), dtype=torch.uint8)
        (logits,) = session.run(["logits"], {"images": images.numpy()})
        with torch.inference_mode():
            torch.testing.assert_close(torch.from_numpy(logits), model(normalise(images)), atol=1e-4, rtol=1e-4)


def test_the_engine_reads_it_and_a_workbook_says_where_to_go(exported: Path) -> None:
    """Every node of the CNN has a layer; its maps are too large for a table."""
    assert beside_onnxruntime(from_onnx(exported), exported) < 1e-4
    line = error_line("workbook", "build", "--from", "model.onnx", "out.xlsx", folder=exported.parent)
    assert line == (
        "error: model.onnx: got 784 inputs and up to 25,088 neurons in 20 layers, expected at most 200 in a layer of "
        "a workbook; take a smaller network, or smaller pictures (`make digit` puts this package's own reader of "
        "digits into cells)"
    )
    assert list(exported.parent.iterdir()) == [exported]


def test_without_its_packages_exporting_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"exporting needs it: pip install '\.\[onnx\]'"):
        export_onnx(DigitNet(), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
