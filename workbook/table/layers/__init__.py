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
class LayerDefinitions:
    """A kind of layer.

    Attributes:
        forward: the columns from what goes in to what comes out, in training.
        evaluated: the same in prediction; None where there is no difference.
        beside: columns that no pass computes: masks, and what passes from update to update besides the parameters.
    """

    forward: Columned
    evaluated: Columned | None = None
    beside: Columned = _none


BY_KIND: dict[type[Layer], LayerDefinitions] = {
    Dense: LayerDefinitions(dense.forward),
    Convolution: LayerDefinitions(convolution.forward),
    MaxPool: LayerDefinitions(pooling.max_pool),
    AveragePool: LayerDefinitions(pooling.average_pool),
    GlobalAveragePool: LayerDefinitions(pooling.global_average_pool),
    BatchNorm: LayerDefinitions(batch_norm.forward, batch_norm.evaluated, batch_norm.passed_on),
    LayerNorm: LayerDefinitions(layer_norm.forward),
    Dropout: LayerDefinitions(dropout.forward, dropout.evaluated, dropout.masks),
    Residual: LayerDefinitions(residual.forward),
    Embedding: LayerDefinitions(embedding.forward),
    Position: LayerDefinitions(position.forward),
    Attention: LayerDefinitions(attention.forward),
    Lstm: LayerDefinitions(gated.lstm, beside=recurrent.initial_states),
    Gru: LayerDefinitions(gated.gru, beside=recurrent.initial_states),
    Recurrent: LayerDefinitions(recurrent.forward, beside=recurrent.initial_states),
}


def forward(columns: Columns, layer: int) -> Iterator[Definition]:
    """A layer's columns from what goes in to what comes out, in training."""
    of = columns.network.layers[layer]
    return BY_KIND[type(of)].forward(of, columns, layer)


def evaluated(columns: Columns, layer: int) -> Iterator[Definition]:
    """The same in prediction: with running statistics, and without dropout."""
    of = columns.network.layers[layer]
    kind = BY_KIND[type(of)]
    return (kind.evaluated or kind.forward)(of, columns, layer)


def beside(columns: Columns, layer: int) -> Iterator[Definition]:
    """A layer's columns that no pass computes."""
    of = columns.network.layers[layer]
    return BY_KIND[type(of)].beside(of, columns, layer)
