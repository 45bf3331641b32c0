"""The network as an ONNX file, checked with onnxruntime."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cnn.data import SIZE, normalise
from cnn.errors import InputError
from cnn.files import replacing
from cnn.model import DigitNet

TOLERANCE = 1e-4  # between the logits of torch and onnxruntime


def export_onnx(model: DigitNet, path: Path) -> float:
    """Write bytes, white ink on black, (N, 1, 28, 28) to logits (N, 10), any N, as ONNX; it normalises them itself.

    Returns:
        The largest difference between torch's and onnxruntime's logits on random images.

    Raises:
        InputError: the packages of the extra 'onnx' are missing, the file cannot be written, or the two disagree.
    """
    try:
        import onnxruntime
        import onnxscript  # noqa: F401 - what torch exports with
    except ImportError as error:
        raise InputError(f"{error.name} is not installed, and exporting needs it: pip install '.[onnx]'") from None
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (3, 1, SIZE, SIZE), dtype=torch.uint8, generator=random)
    with replacing(path) as part:
        reader = _FromBytes(model).eval()
        _export(reader, images, part)
        session = onnxruntime.InferenceSession(part, providers=["CPUExecutionProvider"])
        (logits,) = session.run(["logits"], {"images": images.numpy()})
        with torch.inference_mode():
            difference = float(np.abs(logits - reader(images).numpy()).max())
        if difference > TOLERANCE:
            raise InputError(
                f"{path}: onnxruntime's logits differ from torch's by {difference:g}, so it is not written"
            )
    return difference


class _FromBytes(nn.Module):
    def __init__(self, model: DigitNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(normalise(images))
        return logits


def _export(model: nn.Module, images: Tensor, path: Path) -> None:
    dynamic = {"images": {0: torch.export.Dim("batch")}}
    torch.onnx.export(
        model, (images,), path, input_names=["images"], output_names=["logits"], dynamic_shapes=dynamic,
        dynamo=True, external_data=False, verbose=False,
    )  # fmt: skip
