"""The loss's largest curvature, against the eigenvalues of torch's Hessian and against runs that do leap."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine import Dense, Experiment, Method, Network, descend, load_experiment
from engine.curvature import curvature, largest_rate
from tests.engine.by_torch import ACTIVATIONS, FORWARD, LOSSES, Own


def torch_curvature(experiment: Experiment) -> float:
    """The largest eigenvalue of autograd's Hessian of the first update's loss, at the first weights."""
    network, method = experiment.network, experiment.method
    rows = np.arange(method.batch_size)
    inputs, targets = torch.tensor(experiment.inputs[rows]), torch.tensor(experiment.targets[rows])
    nothing = torch.empty(0)
    parameters = [
        (layer.trained(shape), torch.tensor(w), torch.tensor(b))
        for layer, shape, w, b in zip(
            network.layers, network.shapes[:-1], experiment.weights, experiment.biases, strict=True
        )
    ]
    trained = [w if kind == "weight" else b for kinds, w, b in parameters for kind in kinds]

    def loss(flat: torch.Tensor) -> torch.Tensor:
        parts = iter(torch.split(flat, [part.numel() for part in trained]))
        signals = [inputs.reshape(len(rows), *network.shapes[0])]
        for layer, (kinds, w, b) in zip(network.layers, parameters, strict=True):
            own_w = next(parts).reshape(w.shape) if "weight" in kinds else w
            own_b = next(parts).reshape(b.shape) if "bias" in kinds else b
            own = Own(own_w, own_b, (nothing, nothing), nothing)
            z = FORWARD[type(layer)](layer, signals, own).flatten(1)
            signals = [ACTIVATIONS[layer.activation](z)]
        losses = LOSSES[network.loss](z, signals[0], targets)
        decay = dict(method.constants).get("weight_decay", 0.0)
        batch = losses.mean() if method.reduction == "mean" else losses.sum()
        return batch + decay / 2 * (flat @ flat)

    hessian = torch.autograd.functional.hessian(loss, torch.cat([part.flatten() for part in trained]))  # type: ignore[no-untyped-call]
    return float(torch.linalg.eigvalsh(hessian)[-1])


@pytest.mark.parametrize("name", ["default", "xor", "deep", "regression", "three-classes", "mazur-output-first", "or"])
def test_it_is_the_largest_eigenvalue_of_the_hessian(name: str) -> None:
    experiment = load_experiment(name)
    assert curvature(descend(experiment, [1.0]), step=0) == pytest.approx(torch_curvature(experiment), rel=1e-3)


def test_the_steepest_way_down_does_not_hide_the_largest_curvature() -> None:
    """Two layers of one weight, E = ½(t − w1·w2)²: nearly −t and t with small weights."""
    experiment = Experiment(
        network=Network(1, (Dense(1, "identity"), Dense(1, "identity"))),
        weights=(np.array([[0.5]]), np.array([[0.2]])),
        inputs=np.array([[1.0]]),
        targets=np.array([[10.0]]),
        learning_rate=0.1,
        learning_rates=(0.1,),
        steps=1,
    )
    # ∂²E/∂w1² = w2², ∂²E/∂w2² = w1², ∂²E/∂w1∂w2 = 2·w1·w2 − t.
    eigenvalues = np.linalg.eigvalsh([[0.04, 0.2 - 10], [0.2 - 10, 0.25]])
    assert curvature(descend(experiment), step=0) == pytest.approx(eigenvalues[1], rel=1e-5)


def test_weight_decay_and_a_sum_over_the_batch_count() -> None:
    method = Method(batch_size=4, reduction="sum", constants=(("weight_decay", 0.3),))
    experiment = replace(load_experiment("xor"), method=method)
    assert curvature(descend(experiment, [1.0]), step=0) == pytest.approx(torch_curvature(experiment), rel=1e-4)


def test_where_a_relu_stands_on_its_kink_there_is_none() -> None:
    experiment = load_experiment("conv")
    trace = descend(experiment, [experiment.learning_rate])
    assert math.isnan(curvature(trace, step=0))
    assert curvature(trace, step=1) > 0


def parabola(optimizer: str, constants: tuple[tuple[str, float], ...], rate: float) -> float:
    """How large the weight of E = ½·λ·w² is after 400 steps from 1: λ is 4, as the one input is 2."""
    experiment = Experiment(
        network=Network(1, (Dense(1, "identity"),)),
        weights=(np.array([[1.0]]),),
        inputs=np.array([[2.0]]),
        targets=np.array([[0.0]]),
        learning_rate=rate,
        learning_rates=(rate,),
        steps=400,
        method=Method(optimizer=optimizer, constants=constants),
    )
    trace = descend(experiment)
    assert curvature(trace, step=0) == pytest.approx(4, rel=1e-6)
    return abs(float(trace.numbers.values[-1, trace.columns.index["w1"], 0]))


@pytest.mark.parametrize(
    ("optimizer", "constants"),
    [
        ("sgd", ()),
        ("momentum", (("momentum", 0.5),)),
        ("nesterov", (("momentum", 0.5),)),
        ("dampened-momentum", (("momentum", 0.5), ("dampening", 0.3))),
    ],
)
def test_just_below_the_limit_it_settles_and_just_above_it_leaps_away(
    optimizer: str, constants: tuple[tuple[str, float], ...]
) -> None:
    limit = largest_rate(optimizer, dict(constants), 4.0)
    assert parabola(optimizer, constants, 0.95 * limit) < 1e-3
    assert parabola(optimizer, constants, 1.05 * limit) > 1e3


def test_no_limit_where_the_loss_curves_nowhere_up_and_for_what_divides_by_the_gradients_size() -> None:
    assert largest_rate("sgd", {}, -1.0) == math.inf
    assert math.isnan(largest_rate("adam", {"beta1": 0.9}, 4.0))
