"""How fast the engine is, against torch autograd in the same run: read the ratios in the table's brackets."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from engine import Experiment, FloatArray, default_experiment, descend, long_table

MANY = replace(default_experiment(), learning_rates=tuple(np.linspace(0.01, 10, 1000).tolist()), steps=1000)


def by_autograd(experiment: Experiment) -> torch.Tensor:
    """All runs in one tensor a layer, nothing kept but the last loss, (R,)."""
    rates = torch.tensor(experiment.learning_rates, dtype=torch.float64)[:, None, None]
    weights = [torch.tensor(matrix).repeat(len(rates), 1, 1).requires_grad_() for matrix in experiment.weights]
    inputs, targets = torch.tensor(experiment.inputs)[:, :, None], torch.tensor(experiment.targets)[:, :, None]
    loss = torch.empty(0)
    for _ in range(experiment.steps):
        a = inputs.expand(len(rates), -1, -1)
        for matrix in weights:
            a = torch.sigmoid(matrix @ a)
        loss = 0.5 * ((targets - a) ** 2).sum(dim=(1, 2))
        gradients = torch.autograd.grad(loss.sum(), weights)
        with torch.no_grad():
            for matrix, gradient in zip(weights, gradients, strict=True):
                matrix -= rates * gradient
    return loss.detach()


@pytest.mark.benchmark(group="1,000 learning rates x 1,000 steps")
def test_engine_keeping_the_whole_table(benchmark: BenchmarkFixture) -> None:
    trace = benchmark.pedantic(descend, args=(MANY,), rounds=5, warmup_rounds=1)
    np.testing.assert_allclose(trace.numbers.loss[-1], by_autograd(MANY), rtol=1e-9, atol=1e-15)


@pytest.mark.benchmark(group="1,000 learning rates x 1,000 steps")
def test_torch_autograd_keeping_nothing(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(by_autograd, args=(MANY,), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="1,000 learning rates x 1,000 steps")
def test_only_writing_the_same_memory(benchmark: BenchmarkFixture) -> None:
    def written() -> FloatArray:
        table = np.empty((MANY.steps, *row.shape))
        for step in range(MANY.steps):
            table[step] = row
        return table

    row = np.ones((len(MANY.columns.names), len(MANY.learning_rates)))
    assert benchmark.pedantic(written, rounds=5, warmup_rounds=1).sum() == MANY.steps * row.size


@pytest.mark.benchmark(group="80 steps x 7 learning rates")
def test_trace_and_table(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(lambda: long_table(descend(default_experiment())))) == 560
