"""The kinds of layers. Whoever needs something of a layer asks the layer, and nobody asks what kind it is.

A layer is a frozen dataclass of what the experiment file says of it (`Dense`: neurons, activation, biases). It knows
nothing of its neighbours: it is told the shape of what goes in, (features,) or (channels, rows, columns), and says

- `shape(inputs)`: the shape of what comes out,
- `parameters(inputs)`: its weights and biases, as kind -> shape: {"weight": (O, I), "bias": (O,)}; those of
  `trained` have gradients and optimizer states,
- `columns(number, inputs, names, last=…)`: its columns in the table's order, each a `Column` with its kind, the layer's
  number, and where it stands in it; `errors`: the kinds of these that also have a column ∂E/∂…,
- `forward` and `backward…`: its kernels.

Every layer ends in the same two steps: `forward` fills in its pre-activations (for a layer without neurons: what comes
out of it), and its `activation` makes of them what goes on, which is the identity where a layer has none of its own.

Kernels work on the whole batch of an update at once, so that a row may read the others. `of` holds the layer's columns
by kind: views (B, …, R) of B rows and R runs, runs last. Parameters keep their shape, (B, O, I, R), and are the same in
each row; all else is (B, features, R), or (B, channels, rows, columns, R) of maps; but what the last layer puts out is
flat. `slopes` holds ∂E/∂… likewise, where the table has columns for it.
Within an update the total that is differentiated is Σ over its rows of E_tot. A row's slopes are its share: of a
parameter, what passes through this row's use of it, so that Σ over the rows is the parameter's gradient; of any other
column c, ∂(Σ E_tot)/∂c, so that what later rows make of c is in the row that holds it. The mean or sum over the rows is
the update's.

The steps of a sequence are rows too, sequence by sequence, so that B = S·T. A kind whose rows read other rows of their
sequence has a field `time`, T; `by_sequence` gives its arrays as (S, T, …), and `backward_rows` takes in what flows
back through time.

A new kind is one file here, with its line in LAYERS; the workbook has its forward formulas in a file of its own.
"""

from engine.layers.attention import Attention
from engine.layers.base import Fields, Layer
from engine.layers.batch_norm import BatchNorm
from engine.layers.convolution import Convolution
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.gru import Gru
from engine.layers.layer_norm import LayerNorm
from engine.layers.lstm import Lstm
from engine.layers.pooling import AveragePool, GlobalAveragePool, MaxPool
from engine.layers.position import Position
from engine.layers.recurrent import Recurrent
from engine.layers.residual import Residual

LAYERS: dict[str, type[Layer]] = {
    "dense": Dense,
    "convolution": Convolution,
    "max-pool": MaxPool,
    "average-pool": AveragePool,
    "global-average-pool": GlobalAveragePool,
    "batch-norm": BatchNorm,
    "layer-norm": LayerNorm,
    "dropout": Dropout,
    "residual": Residual,
    "embedding": Embedding,
    "position": Position,
    "attention": Attention,
    "recurrent": Recurrent,
    "lstm": Lstm,
    "gru": Gru,
}

__all__ = [
    "LAYERS",
    "Attention",
    "AveragePool",
    "BatchNorm",
    "Convolution",
    "Dense",
    "Dropout",
    "Embedding",
    "Fields",
    "GlobalAveragePool",
    "Gru",
    "Layer",
    "LayerNorm",
    "Lstm",
    "MaxPool",
    "Position",
    "Recurrent",
    "Residual",
]
