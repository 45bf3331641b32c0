"""The same training by torch: autograd's gradients, torch.optim's updates and schedules."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.nn import functional

from engine import Experiment, FloatArray

# Handing such small arrays to other threads takes longer than computing with them.
torch.set_num_threads(1)

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky-relu": lambda z: functional.leaky_relu(z, 0.01),
    "identity": lambda z: z,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
# From pre-activations, activations and targets, (batch, outputs) each, to the loss of each sample.
LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "half-squared-error": lambda _z, a, t: functional.mse_loss(a, t, reduction="none").sum(dim=1) / 2,
    "mean-squared-error": lambda _z, a, t: functional.mse_loss(a, t, reduction="none").mean(dim=1),
    "binary-cross-entropy": lambda z, _a, t: functional.binary_cross_entropy_with_logits(z, t, reduction="none").sum(1),
    "cross-entropy": lambda z, _a, t: functional.cross_entropy(z, t, reduction="none"),
}


class Step:
    """What torch has of one update: the parameters before it, its loss and its gradients.

    Attributes:
        weights, biases: an array for each layer; an empty one for no biases.
        rate: the learning rate.
        loss: of the batch.
        gradients: of the batch's loss, in the order of the trained parameters: a layer's weights, then its biases.
    """

    def __init__(self, weights: list[torch.Tensor], biases: list[torch.Tensor], rate: float) -> None:
        self.weights, self.biases = ([array.detach().numpy().copy() for array in some] for some in (weights, biases))
        self.rate, self.loss = rate, 0.0
        self.gradients: list[FloatArray] = []


def torch_steps(experiment: Experiment) -> Iterator[Step]:
    """The updates of the experiment's own run, one after another."""
    network, method = experiment.network, experiment.method
    weights = [torch.tensor(matrix, requires_grad=True) for matrix in experiment.weights]
    biases = [
        torch.tensor(bias, requires_grad="bias" in layer.trained(inputs))
        for bias, layer, inputs in zip(experiment.biases, network.layers, network.shapes[:-1], strict=True)
    ]
    trained = [array for pair in zip(weights, biases, strict=True) for array in pair if array.requires_grad]
    optimizer = _optimizer(experiment, trained)
    schedule = _schedule(experiment, optimizer)
    inputs, targets = torch.tensor(experiment.inputs), torch.tensor(experiment.targets)
    for number in range(experiment.steps):
        rows = (number * method.batch_size + np.arange(method.batch_size)) % experiment.samples
        step = Step(weights, biases, optimizer.param_groups[0]["lr"])
        z = a = inputs[rows]
        for matrix, bias, layer in zip(weights, biases, network.layers, strict=True):
            z = a @ matrix.T + (bias if len(bias) else 0)
            a = ACTIVATIONS[layer.activation](z)
        losses = LOSSES[network.loss](z, a, targets[rows])
        loss = losses.mean() if method.reduction == "mean" else losses.sum()
        for array, gradient in zip(trained, torch.autograd.grad(loss, trained), strict=True):
            array.grad = gradient
            step.gradients.append(gradient.numpy())
        step.loss = loss.item()
        yield step
        optimizer.step()
        if schedule:
            schedule.step()


def _optimizer(experiment: Experiment, trained: list[torch.Tensor]) -> torch.optim.Optimizer:
    c, rate = dict(experiment.method.constants), experiment.learning_rate
    decay = c.get("weight_decay", 0.0)
    match experiment.method.optimizer:
        case "adagrad":
            return torch.optim.Adagrad(trained, rate, eps=c["eps"], weight_decay=decay)
        case "rmsprop":
            return torch.optim.RMSprop(trained, rate, alpha=c["alpha"], eps=c["eps"], weight_decay=decay)
        case "adam":
            return torch.optim.Adam(trained, rate, (c["beta1"], c["beta2"]), c["eps"], decay)
        case "adamw":
            return torch.optim.AdamW(trained, rate, (c["beta1"], c["beta2"]), c["eps"], decay)
        case name:
            return torch.optim.SGD(trained, rate, c.get("momentum", 0), 0, decay, nesterov=name == "nesterov")


def _schedule(experiment: Experiment, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler | None:
    c = dict(experiment.method.constants)
    schedules = torch.optim.lr_scheduler
    match experiment.method.schedule:
        case "step":
            return schedules.StepLR(optimizer, int(c["step_size"]), c["gamma"])
        case "exponential":
            return schedules.ExponentialLR(optimizer, c["gamma"])
        case "cosine":
            return schedules.CosineAnnealingLR(optimizer, int(c["T_max"]), c["eta_min"])
        case "inverse-time":  # torch has none
            return schedules.LambdaLR(optimizer, lambda k: 1 / (1 + c["decay"] * k))
        case "warm-up":
            return schedules.LinearLR(optimizer, 1 / c["warm_up"], 1, max(1, int(c["warm_up"]) - 1))
        case _:
            return None
