from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from cnn import explain
from cnn.data import Digits, normalise
from cnn.explain import draw_reading, draw_view, look
from cnn.model import SHIPPED, load_model
from cnn.predict import read_picture

CPU = torch.device("cpu")


def test_the_saliency_is_the_derivative_of_the_answer_s_log_probability(
    mnist: tuple[Digits, Digits], monkeypatch: pytest.MonkeyPatch
) -> None:
    # In double precision, for the differences.
    monkeypatch.setattr(explain, "normalise", lambda images: normalise(images).double())
    model, image = load_model(SHIPPED, CPU).double(), mnist[1].images[3]
    activations, gradient, shares = look(model, image)
    answer = int(shares.argmax())
    shapes = [(layer.shape[0], layer.shape[1]) for layer in activations]
    assert shapes == [(8, 28), (12, 28), (16, 28), (32, 28), (24, 14), (20, 14), (16, 14), (16, 5), (10, 3)]
    pixels = normalise(image.unsqueeze(0)).double()
    with torch.inference_mode():
        torch.testing.assert_close(shares, model(pixels).softmax(1)[0])
        torch.testing.assert_close(activations[-1].mean((1, 2)), model(pixels)[0])
        for row, column in ((14, 14), (9, 11), (20, 16)):
            change = torch.zeros_like(pixels)
            change[0, 0, row, column] = 1e-5
            up, down = (model(pixels + side * change).log_softmax(1)[0, answer] for side in (1, -1))
            assert gradient[row, column].item() == pytest.approx((up - down).item() / 2e-5, rel=1e-3, abs=1e-9)


def test_pictures_are_drawn_with_digits_and_without(tmp_path: Path) -> None:
    model = load_model(SHIPPED, CPU)
    stroke, blot = Image.new("L", (40, 60), 255), Image.new("L", (60, 60), 255)
    stroke.paste(0, (18, 8, 23, 52))
    blot.paste(0, (15, 15, 45, 45))
    for name, picture in (("stroke", stroke), ("blot", blot)):
        picture.save(tmp_path / "in.png")
        reading = read_picture(tmp_path / "in.png", model)
        draw_reading(reading, tmp_path / f"{name}.png")
        with Image.open(tmp_path / f"{name}.png") as drawn:
            assert drawn.width > 300
    assert not reading.digits
    draw_view(model, torch.zeros(1, 28, 28, dtype=torch.uint8), tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as drawn:
        assert drawn.height > 1000


def test_the_view_names_the_ten_digits_and_shows_no_gradient_away_from_the_ink() -> None:
    image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    image[0, 5:23, 13:16] = 255
    figure = Figure()
    saliency, last = figure.subplots(1, 2)
    explain._draw_saliency(saliency, torch.ones(28, 28), image, "a 1")
    shown = saliency.images[-1].get_array()
    assert int(shown.count()) == 20 * 5  # not masked: the ink, and a pixel about it
    explain._name_digits(last, torch.zeros(10, 3, 3), torch.arange(10.0) / 45)
    assert [text.get_text() for text in last.texts][:2] == ["0\n0 %", "1\n2 %"]
    assert [text.get_fontweight() for text in last.texts] == ["normal"] * 9 + ["bold"]
    assert [text.get_position()[0] for text in last.texts][-1] == 37.0  # the middle of columns 36 to 38
