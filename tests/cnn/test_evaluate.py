import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnn.model import SHIPPED

TOLERANCE = 2  # images: other processors round otherwise


@pytest.mark.parametrize("weights", sorted(SHIPPED.parent.glob("*.safetensors")), ids=lambda path: path.stem)
def test_a_shipped_model_reads_as_many_test_images_as_its_note_says(
    weights: Path, command: Callable[..., Any], data_folder: Path
) -> None:
    note = tomllib.loads(weights.with_suffix(".toml").read_text(encoding="utf-8"))
    result = command("evaluate", "--weights", weights.stem, "--data", data_folder)
    assert result.status == 0
    assert f"{weights.name}: " in result.out
    found = re.search(r"([\d,]+) of 10,000 right, ([\d.]+) %", result.out)
    assert found is not None
    right = int(found[1].replace(",", ""))
    assert abs(right - note["test_right"]) <= TOLERANCE
    assert float(found[2]) == right / 100
    assert note["test_accuracy"] == note["test_right"] / 100
    wrong = [int(line.split()[-1]) for line in result.out.splitlines() if re.match(r" *\d ", line)]
    assert len(wrong) == 10
    assert sum(wrong) == 10_000 - right
