"""The forward columns of each kind of layer, one module for each kind; the backward ones are derived from them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine import Columns
from engine.layers import (
    Attention,
    AveragePool,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePool,
    Gru,
    Layer,
    LayerNorm,
    Lstm,
    MaxPool,
    Position,
    Recurrent,
    Residual,
)
from workbook.table.definition import Definition
from workbook.table.layers import (
    attention,
    batch_norm,
    convolution,
    dense,
    dropout,
    embedding,
    gated,
    layer_norm,
    pooling,
    position,
    recurrent,
    residual,
)

# From a layer, all columns, and the layer's number: some of its columns, each after those of its row that it reads.
Columned = Callable[[Any, Columns, int], Iterator[Definition]]


def _none(_of: Layer, _columns: Columns, _layer: int) -> Iterator[Definition]:
    return iter(())


@dataclass(frozen=True)
class Kind:
    """A kind of layer.

    Attributes:
        forward: the columns from what goes in to what comes out, in training.
        evaluated: the same where the network is only asked; None where there is no difference.
        beside: columns that no pass computes: masks, and what passes from update to update besides the parameters.
    """

    forward: Columned
    evaluated: Columned | None = None
    beside: Columned = _none


KINDS: dict[type[Layer], Kind] = {
    Dense: Kind(dense.forward),
    Convolution: Kind(convolution.forward),
    MaxPool: Kind(pooling.max_pool),
    AveragePool: Kind(pooling.average_pool),
    GlobalAveragePool: Kind(pooling.global_average_pool),
    BatchNorm: Kind(batch_norm.forward, batch_norm.evaluated, batch_norm.passed_on),
    LayerNorm: Kind(layer_norm.forward),
    Dropout: Kind(dropout.forward, dropout.evaluated, dropout.masks),
    Residual: Kind(residual.forward),
    Embedding: Kind(embedding.forward),
    Position: Kind(position.forward),
    Attention: Kind(attention.forward),
    Lstm: Kind(gated.lstm, beside=recurrent.initial_states),
    Gru: Kind(gated.gru, beside=recurrent.initial_states),
    Recurrent: Kind(recurrent.forward, beside=recurrent.initial_states),
}


def forward(columns: Columns, layer: int) -> Iterator[Definition]:
    """A layer's columns from what goes in to what comes out, in training."""
    of = columns.network.layers[layer]
    return KINDS[type(of)].forward(of, columns, layer)


def evaluated(columns: Columns, layer: int) -> Iterator[Definition]:
    """The same where the network is only asked: with running statistics, and nothing left out."""
    of = columns.network.layers[layer]
    kind = KINDS[type(of)]
    return (kind.evaluated or kind.forward)(of, columns, layer)


def beside(columns: Columns, layer: int) -> Iterator[Definition]:
    """A layer's columns that no pass computes."""
    of = columns.network.layers[layer]
    return KINDS[type(of)].beside(of, columns, layer)
