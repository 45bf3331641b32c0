"""The README's figure of the kinds of layers shows what each experiment is said to teach."""

import numpy as np
import pytest
from matplotlib.axes import Axes

from tests.pictures.figures_layers import layers_figure


@pytest.fixture(scope="module")
def panels() -> dict[str, Axes]:
    return {axes.get_title().partition(":")[0]: axes for axes in layers_figure().axes if axes.get_title()}


def test_there_is_a_panel_for_each_experiment_of_these_layers(panels: dict[str, Axes]) -> None:
    assert list(panels) == ["conv", "batch-norm", "dropout", "residual", "seed-block"]


def test_without_batch_norm_the_loss_stays_at_ln_2(panels: dict[str, Axes]) -> None:
    with_norm, without = (np.asarray(line.get_ydata(), dtype=float) for line in panels["batch-norm"].lines)
    assert with_norm[-1] < 0.1
    np.testing.assert_allclose(without[5:], np.log(2), atol=5e-4)


def test_without_residual_connections_the_errors_shrink_layer_by_layer(panels: dict[str, Axes]) -> None:
    past, through = (np.asarray(line.get_ydata(), dtype=float) for line in panels["residual"].lines)
    assert (np.diff(through) > 0).all()
    assert through[0] < through[-1] / 20
    assert past.max() < 2 * past.min()


def test_about_half_of_the_dropouts_gradients_are_0(panels: dict[str, Axes]) -> None:
    texts = [text.get_text() for text in panels["dropout"].texts]
    assert 0.3 < texts.count("0") / len(texts) < 0.7
