"""The same training by torch: autograd's gradients, torch.optim's updates and schedules."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.func import functional_call
from torch.nn import functional

from engine import Dense, Experiment, FloatArray, Layer
from engine.layers import (
    Attention,
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Embedding,
    GlobalAveragePool,
    Gru,
    LayerNorm,
    Lstm,
    MaxPool,
    Position,
    Recurrent,
    Residual,
)
from engine.layers.recurrence import Recurrence
from engine.names import ColumnKind

# Handing such small arrays to other threads takes longer than computing with them.
torch.set_num_threads(1)

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky-relu": lambda z: functional.leaky_relu(z, 0.01),
    "leaky-relu(0.3)": lambda z: functional.leaky_relu(z, 0.3),
    "identity": lambda z: z,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
# From pre-activations, activations and targets, (batch, outputs) each, to the loss of each sample.
LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "half-squared-error": lambda _z, a, t: functional.mse_loss(a, t, reduction="none").sum(dim=1) / 2,
    "mean-squared-error": lambda _z, a, t: functional.mse_loss(a, t, reduction="none").mean(dim=1),
    "binary-cross-entropy": lambda z, _a, t: functional.binary_cross_entropy_with_logits(z, t, reduction="none").sum(1),
    "cross-entropy": lambda z, _a, t: functional.cross_entropy(z, t, reduction="none"),
    "squared-error": lambda _z, a, t: functional.mse_loss(a, t, reduction="none").sum(dim=1),
    "mean-binary-cross-entropy": (
        lambda z, _a, t: functional.binary_cross_entropy_with_logits(z, t, reduction="none").mean(dim=1)
    ),
}


class Own(NamedTuple):
    """What belongs to a layer: its weights and biases, its running mean and variance, its mask for each row."""

    weights: torch.Tensor
    biases: torch.Tensor
    running: tuple[torch.Tensor, torch.Tensor]
    mask: torch.Tensor


def _dense(_layer: Any, x: list[torch.Tensor], own: Own) -> torch.Tensor:
    return x[0].flatten(1) @ own.weights.T + (own.biases if len(own.biases) else 0)


def _convolution(layer: Any, x: list[torch.Tensor], own: Own) -> torch.Tensor:
    z = functional.conv2d(x[0], own.weights, None, layer.stride, layer.padding)
    return z + own.biases.reshape(-1, 1, 1) if len(own.biases) else z


def _batch_norm(layer: Any, x: list[torch.Tensor], own: Own) -> torch.Tensor:
    arguments = (*own.running, own.weights, own.biases, True, layer.momentum, layer.eps)
    return functional.batch_norm(x[0], *arguments)


def _embedding(_layer: Any, x: list[torch.Tensor], own: Own) -> torch.Tensor:
    return functional.embedding(x[0].long(), own.weights).flatten(1)


def _position(layer: Any, x: list[torch.Tensor], own: Own) -> torch.Tensor:
    time, features = layer.time, x[0].shape[1]
    if layer.learned:
        encodings = own.weights
    else:  # as torch's tutorial of the transformer has it
        frequency = torch.exp(torch.arange(0, features, 2, dtype=torch.float64) * (-np.log(10000.0) / features))
        angle = torch.arange(time, dtype=torch.float64)[:, None] * frequency
        encodings = torch.zeros(time, features, dtype=torch.float64)
        encodings[:, 0::2], encodings[:, 1::2] = torch.sin(angle), torch.cos(angle)[:, : features // 2]
    return (x[0].reshape(-1, time, features) + encodings).reshape(len(x[0]), -1)


def _attention(layer: Any, x: list[torch.Tensor], own: Own) -> torch.Tensor:
    features, time = x[0].shape[1], layer.time
    tokens = x[0].reshape(-1, time, features).transpose(0, 1)
    bias = own.biases if layer.bias else torch.zeros(4 * features, dtype=torch.float64)
    later = torch.triu(torch.ones(time, time, dtype=torch.bool), 1) if layer.causal else None
    mixed, _ = functional.multi_head_attention_forward(
        tokens, tokens, tokens, features, layer.heads,
        own.weights[: 3 * features], bias[: 3 * features], None, None, False, 0.0,  # noqa: FBT003 - torch has them by place
        own.weights[3 * features :], bias[3 * features :],
        training=True, attn_mask=later, need_weights=False,
    )  # fmt: skip
    return mixed.transpose(0, 1).reshape(len(x[0]), features)


# A layer's pre-activations from what goes in, (batch, ...) each.
FORWARD: dict[type[Layer], Callable[[Any, list[torch.Tensor], Own], torch.Tensor]] = {
    Dense: _dense,
    Convolution: _convolution,
    MaxPool: lambda layer, x, _: functional.max_pool2d(x[0], layer.size, layer.stride),
    AveragePool: lambda layer, x, _: functional.avg_pool2d(x[0], layer.size, layer.stride),
    GlobalAveragePool: lambda _layer, x, _: functional.adaptive_avg_pool2d(x[0], 1).flatten(1),
    BatchNorm: _batch_norm,
    LayerNorm: lambda layer, x, own: functional.layer_norm(x[0], x[0].shape[1:], own.weights, own.biases, layer.eps),
    Dropout: lambda layer, x, own: x[0] * own.mask.reshape(x[0].shape) / (1 - layer.rate),
    Residual: lambda _layer, x, _: x[0] + x[1],
    Embedding: _embedding,
    Position: _position,
    Attention: _attention,
}


MODULES: dict[type[Layer], Callable[..., torch.nn.RNNBase]] = {
    Recurrent: torch.nn.RNN,
    Lstm: torch.nn.LSTM,
    Gru: torch.nn.GRU,
}


def _recurrence(layer: Recurrence, x: torch.Tensor, own: Own) -> tuple[torch.Tensor, torch.Tensor]:
    """What torch's module puts out, and a tensor of zeros that is added to the sums of all gates, to tell their errors.

    The module has an input more for each of these sums, with a weight of 1.
    """
    inputs, rows = x.shape[1], layer.gates * layer.neurons
    added = torch.zeros(len(x), rows, dtype=torch.float64, requires_grad=True)
    options = {"nonlinearity": layer.activation} if isinstance(layer, Recurrent) else {}
    module = MODULES[type(layer)](inputs + rows, layer.neurons, batch_first=True, dtype=torch.float64, **options)
    zeros = torch.zeros(rows, dtype=torch.float64)
    first = own.biases[:rows] if len(own.biases) else zeros
    second = torch.cat([zeros[: 2 * rows - len(own.biases)], own.biases[rows:]]) if len(own.biases) else zeros
    parameters = {
        "weight_ih_l0": torch.cat([own.weights[:, :inputs], torch.eye(rows, dtype=torch.float64)], dim=1),
        "weight_hh_l0": own.weights[:, inputs:],
        "bias_ih_l0": first,
        "bias_hh_l0": second,
    }
    sequences = torch.cat([x, added], dim=1).reshape(-1, layer.time, inputs + rows)
    initial = torch.tensor(layer.initial or [0.0] * len(layer.letters) * layer.neurons, dtype=torch.float64)
    states = [part.expand(1, len(sequences), -1) for part in torch.split(initial, layer.neurons)]
    found = []
    for chunk in torch.split(sequences, layer.bptt or layer.time, dim=1):
        given = [state.detach().contiguous() for state in states]
        out, after = functional_call(module, parameters, (chunk, tuple(given) if len(given) > 1 else given[0]))
        states = list(after) if len(given) > 1 else [after]
        found.append(out)
    return torch.cat(found, dim=1).reshape(len(x), -1), added


def _kind(layer: Layer) -> ColumnKind:
    """Of which columns torch tells the errors."""
    return "gate-sum" if isinstance(layer, Recurrence) and layer.gates > 1 else "pre-activation"


class Step:
    """What torch has of one update: the parameters before it, its loss and its gradients.

    Attributes:
        weights, biases: an array for each layer; an empty one for no biases.
        rate: the learning rate.
        errors: ∂(Σ of the rows' losses)/∂(pre-activation) of each layer; of one with gates, ∂…/∂(the gates' sums).
        running: each layer's running mean and variance.
        loss: of the batch.
        gradients: of the batch's loss, in the order of the trained parameters: a layer's weights, then its biases.
    """

    def __init__(self, weights: list[torch.Tensor], biases: list[torch.Tensor], rate: float) -> None:
        self.weights, self.biases = ([array.detach().numpy().copy() for array in some] for some in (weights, biases))
        self.rate, self.loss = rate, 0.0
        self.errors: list[tuple[ColumnKind, FloatArray]] = []
        self.running: list[list[FloatArray]] = []
        self.gradients: list[FloatArray] = []


def torch_steps(experiment: Experiment) -> Iterator[Step]:
    """The updates of the experiment's own run, one after another."""
    network, method = experiment.network, experiment.method
    weights = [
        torch.tensor(array, requires_grad="weight" in layer.trained(shape))
        for array, layer, shape in zip(experiment.weights, network.layers, network.shapes[:-1], strict=True)
    ]
    biases = [
        torch.tensor(bias, requires_grad="bias" in layer.trained(shape))
        for bias, layer, shape in zip(experiment.biases, network.layers, network.shapes[:-1], strict=True)
    ]
    trained = [array for pair in zip(weights, biases, strict=True) for array in pair if array.requires_grad]
    shapes = [prod(shape) for shape in network.shapes]
    running = [
        (torch.zeros(shape[0], dtype=torch.float64), torch.ones(shape[0], dtype=torch.float64))
        for shape in network.shapes[:-1]
    ]
    # Other numbers than torch's generator would draw: the masks are the engine's.
    masks = [
        torch.tensor(layer.given(shape, experiment.rows).get("mask", np.ones((experiment.rows, size))))
        for layer, shape, size in zip(network.layers, network.shapes, shapes, strict=False)
    ]
    optimizer = _optimizer(experiment, trained)
    schedule = _schedule(experiment, optimizer)
    inputs, targets = torch.tensor(experiment.inputs), torch.tensor(experiment.targets)
    for number in range(experiment.steps):
        rows = (number * method.batch_size + np.arange(method.batch_size)) % experiment.samples
        first = number * method.batch_size
        before = [[statistic.clone() for statistic in of] for of in running]
        step = Step(weights, biases, optimizer.param_groups[0]["lr"])
        z = a = inputs[rows].requires_grad_()
        before_activation: list[torch.Tensor] = []
        signals = [a.reshape(len(rows), *network.shapes[0])]
        for number, layer in enumerate(network.layers):
            inputs_of = [signals[source] for source in layer.reads(number)]
            own = Own(weights[number], biases[number], running[number], masks[number][first : first + len(rows)])
            if isinstance(layer, Recurrence):
                a, sums = _recurrence(layer, inputs_of[0], own)
                z = a
                before_activation.append(sums)
            else:
                z = FORWARD[type(layer)](layer, inputs_of, own)
                z = z.flatten(1) if number == len(network.layers) - 1 else z
                before_activation.append(z)
                a = ACTIVATIONS[layer.activation](z)
            signals.append(a)
        step.running = [[statistic.numpy().copy() for statistic in of] for of in before]
        losses = LOSSES[network.loss](z, a, targets[rows]) * torch.tensor(experiment.counted[rows])
        loss = losses.sum() / (len(rows) // network.time if method.reduction == "mean" else 1)
        errors = torch.autograd.grad(losses.sum(), before_activation, retain_graph=True)
        step.errors = [(_kind(layer), error.numpy()) for layer, error in zip(network.layers, errors, strict=True)]
        for array, gradient in zip(trained, torch.autograd.grad(loss, trained), strict=True):
            array.grad = gradient
            step.gradients.append(gradient.numpy())
        step.loss = loss.item()
        yield step
        for of in trained:
            if of.grad is not None:
                of.grad = of.grad + dict(experiment.method.constants).get("l1_decay", 0.0) * of.detach().sign()
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
        case "adamax":
            return torch.optim.Adamax(trained, rate, (c["beta1"], c["beta2"]), c["eps"], decay)
        case "nadam":
            made = torch.optim.NAdam(trained, rate, (c["beta1"], c["beta2"]), c["eps"], decay, c["momentum_decay"])
            for of in trained:  # torch would begin with a product of momentums in float32
                product = {"step": torch.tensor(0.0), "mu_product": torch.ones((), dtype=torch.float64)}
                made.state[of] = product | {name: torch.zeros_like(of) for name in ("exp_avg", "exp_avg_sq")}
            return made
        case "adadelta":
            return torch.optim.Adadelta(trained, rate, c["rho"], c["eps"], decay)
        case "adamw":
            return torch.optim.AdamW(trained, rate, (c["beta1"], c["beta2"]), c["eps"], decay)
        case name:
            return torch.optim.SGD(
                trained, rate, c.get("momentum", 0), c.get("dampening", 0), decay, nesterov=name == "nesterov"
            )


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
