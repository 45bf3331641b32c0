"""The numbers stored for the workbook that shows the network in cells."""

import torch
from safetensors.torch import load_file

from cnn.data import Digits
from cnn.reference import answers
from tests.commands import ROOT


def test_the_stored_numbers_are_those_of_the_weights_that_ship(mnist: tuple[Digits, Digits]) -> None:
    stored = load_file(ROOT / "workbook" / "digit" / "reference.safetensors")
    again = answers(mnist[1], stored["numbers"])
    assert again.keys() == stored.keys()
    for name, tensor in again.items():
        torch.testing.assert_close(tensor, stored[name], rtol=1e-9, atol=1e-12)
