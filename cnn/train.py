"""Training: one step, one epoch, and the score on a set of digits. Nothing here prints or writes files."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD, Adam, Optimizer
from torch.optim.swa_utils import update_bn

from cnn import processes
from cnn.augment import augment, draw_moves
from cnn.data import Digits, normalise
from cnn.errors import InputError
from cnn.model import DigitNet, log_probabilities
from cnn.muon import Muon
from cnn.recipe import Recipe, learning_rate
from cnn.teacher import Answers

SCORE_BATCH = 1000
SHORT = 300  # steps, before which the batch norms' running statistics still remember their start
ESTIMATE = 2000  # images that statistics are estimated from
MUON_SHARE = 0.1  # of the learning rate: a step of Muon is far longer than one of SGD


@dataclass(frozen=True)
class Score:
    """What a network makes of N digits: the mean loss, and the label (N,) that it gives to each."""

    loss: float
    labels: Tensor


class Trainer:
    """All that training changes: the network, its optimiser and the average of its weights.

    The weights at the start, the order of the images, the augmentation and the dropout follow from the seed alone.
    Each epoch has its own seed, so that an epoch does not depend on random numbers that were drawn before it: a run
    that goes on from a saved state equals one that was never interrupted.
    """

    def __init__(self, recipe: Recipe, seed: int, device: torch.device) -> None:
        self.recipe, self.seed, self.device = recipe, seed, device
        self.epoch = 0  # whole epochs done
        self.answers: Answers | None = None  # of the recipe's teachers, once they are asked
        torch.manual_seed(_epoch_seed(seed, 0))
        # Channels-last convolutions are the faster ones on a CPU.
        self.model = DigitNet(recipe.dropout, recipe.dropout_pooled, recipe.width)
        self.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Over several processes, this one's gradients are the mean of all.
        self.network = DistributedDataParallel(self.model) if processes.count() > 1 else self.model
        self.optimizers = make_optimizers(self.model, recipe)
        self.average = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def train_epoch(self, digits: Digits, advance: Callable[[int, Tensor], None]) -> tuple[float, float]:
        """Go once through all digits, and call `advance` with the size and the loss of each batch.

        Returns:
            The mean loss and the share of right answers, both as the batches met them, in percent.

        Raises:
            InputError: the last batch is smaller than the number of processes.
        """
        # All processes draw the same order and the same moves; each its own dropout, from torch's common generator.
        generator = torch.Generator().manual_seed(_epoch_seed(self.seed, self.epoch + 1))
        order = torch.randperm(len(digits), generator=generator).to(self.device)
        if self.answers is None:
            moves, answers = draw_moves(len(digits), generator).to(self.device), None
        else:
            moves, answers = self.answers.of(self.epoch)
        torch.manual_seed(_epoch_seed(self.seed, self.epoch + 1, processes.rank() + 1))
        batches = torch.split(order, self.recipe.batch_size)
        if len(batches[-1]) < processes.count():
            raise InputError(
                f"the last batch of an epoch has {len(batches[-1])} of the {len(digits):,} images, "
                f"expected one at least for each of {processes.count()} processes; change --batch-size"
            )
        loss_sum, right = torch.zeros(2, device=self.device).unbind()
        self.model.train()
        for number, batch in enumerate(batches):
            rate = learning_rate(self.recipe, self.epoch * len(batches) + number, len(batches))
            part = batch[processes.rank() :: processes.count()]
            labels = digits.labels[part]
            answered = None if answers is None else answers[part]
            loss, logits = self.step(digits.images[part], labels, moves[part], rate, len(batch), answered)
            self._update_average(self.epoch * len(batches) + number)
            loss_sum += loss
            right += (logits.argmax(1) == labels).sum()
            advance(len(batch), loss / len(part))
        self.epoch += 1
        if self.epoch * len(batches) < SHORT:
            self._estimate_statistics(digits, batches, moves)
        loss_mean, accuracy = (processes.total(torch.stack([loss_sum, right])) / len(digits)).tolist()
        return loss_mean, 100 * accuracy

    def step(
        self, images: Tensor, labels: Tensor, moves: Tensor, rate: float, size: int, answers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """One step of the optimiser on this process's share of a batch.

        Args:
            images: (N, 1, 28, 28), bytes.
            labels: (N,)
            moves: (N, 6), what `augment` does to each image.
            rate: the learning rate.
            size: how many images the batch has over all processes.
            answers: (N, 10), the teachers' logits about the moved images; None without a teacher.

        Returns:
            The sum of the losses, and the logits (N, 10).
        """
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"]
        # Not the other way about: what comes in at the borders is 0, which is black only before the normalisation.
        images = normalise(augment(images.float(), moves, self.recipe))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            logits = self.network(images)
        logits = logits.float()
        loss = functional.cross_entropy(logits, labels, reduction="sum")
        if answers is not None:
            weight = self.recipe.teacher_weight
            loss = (1 - weight) * loss + weight * distillation(logits, answers, self.recipe.temperature)
        self.model.zero_grad()
        # DistributedDataParallel takes the mean of the processes' gradients; the batch's gradient is their sum.
        (loss * (processes.count() / size)).backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.detach(), logits.detach()

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        # Its memory grows with the steps, or it would long remember the random start (polynomial-decay averaging of
        # Shamir and Zhang, Stochastic gradient descent for non-smooth optimization, 2013). A recipe with an average of
        # 0 keeps nothing: the average is then the network itself.
        weight = 1 / (1 + self.recipe.average * step)
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                self.average[name].lerp_(tensor, weight)
            else:
                self.average[name].copy_(tensor)

    def _estimate_statistics(self, digits: Digits, batches: tuple[Tensor, ...], moves: Tensor) -> None:
        """Give the averaged weights batch-norm statistics of their own, measured on images as they train on them.

        Running statistics start at mean 0 and variance 1, and forget that only after some hundred steps: a run of 16
        steps would score 11 % whatever its weights can do.
        """
        parts = [batch[processes.rank() :: processes.count()] for batch in batches]
        some = parts[: max(1, ESTIMATE // self.recipe.batch_size)]
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.average)
        images = (normalise(augment(digits.images[part].float(), moves[part], self.recipe)) for part in some)
        update_bn(images, model)
        for name, tensor in model.state_dict().items():
            self.average[name].copy_(tensor)

    def weights(self) -> dict[str, Tensor]:
        """A copy of the weights that are scored and kept: the average, which without one is the network's own."""
        return {name: tensor.clone() for name, tensor in self.average.items()}

    def score(self, digits: Digits, *, average_shifts: bool = False) -> Score:
        """The loss and the answers of `weights()`; see `log_probabilities`."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.weights())
        return score(model, digits, average_shifts=average_shifts)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on from here."""
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state of a trainer with the same recipe and seed."""
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        for optimizer, old in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(old)
        for name, tensor in state["average"].items():
            self.average[name].copy_(tensor)


def make_optimizers(model: DigitNet, recipe: Recipe) -> list[Optimizer]:
    """The recipe's optimiser, or two of them: Muon is for the convolutions' weights, and SGD then for the others.

    Weight decay spares norms and biases, which have one dimension. A group's `share` is its part of the learning rate.
    """
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0, "share": 1.0}
    groups = [{"params": weights, "weight_decay": recipe.weight_decay, "share": 1.0}, others]
    momentum = recipe.momentum
    if recipe.optimizer == "adam":
        return [Adam(groups)]
    if recipe.optimizer == "sgd":
        return [SGD(groups, momentum=momentum, nesterov=momentum > 0)]
    muon = Muon(weights, momentum=momentum, weight_decay=recipe.weight_decay, share=MUON_SHARE)
    return [muon, SGD([others], momentum=momentum, nesterov=momentum > 0)]


def distillation(logits: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """How far a network's logits (N, 10) are from its teachers' about the same images: T² · Σ KL(teachers ‖ network).

    Hinton, Vinyals and Dean, Distilling the knowledge in a neural network, 2015: both are divided by the temperature
    T, and T² keeps the gradients as large as those of the labels.
    """
    ours, theirs = ((values / temperature).log_softmax(1) for values in (logits, answers))
    return temperature**2 * functional.kl_div(ours, theirs, reduction="sum", log_target=True)


@torch.inference_mode()
def score(model: DigitNet, digits: Digits, *, average_shifts: bool = False) -> Score:
    """The mean loss and the labels that a network gives, without dropout; see `log_probabilities`."""
    model.eval()
    pairs = zip(torch.split(digits.images, SCORE_BATCH), torch.split(digits.labels, SCORE_BATCH), strict=True)
    losses, answers = [], []
    for images, labels in pairs:
        shares = log_probabilities(model, images, average_shifts=average_shifts)
        losses.append(functional.nll_loss(shares, labels, reduction="sum"))
        answers.append(shares.argmax(1))
    return Score(torch.stack(losses).sum().item() / len(digits), torch.cat(answers))


def _epoch_seed(*numbers: int) -> int:
    # Mixed, because torch's generator uses only the low 32 bits, and close seeds must not share epochs.
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
