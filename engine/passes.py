"""One pass over the rows of an update: forward through the layers to the loss, and the errors' way back."""

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray
from engine.columns import Columns
from engine.losses import LOSSES
from engine.names import ColumnKind, gradient_name
from engine.network import Network


class Numbers:
    """The table's numbers by their meaning: views of one array, shaped (T, C, R), that change it when written to.

    T rows, C columns in the table's order, R runs, O fan-out and I fan-in of a dense layer.

    Attributes:
        values: (T, C, R), the array itself.
        targets, inputs: (T, outputs, R) and (T, inputs, R).
        counted: (T, 1, R), 1 where the loss counts and 0 where not; (T, 0, R) where it counts in all rows.
        pictures: the inputs in their shape: (T, channels, rows, columns, R) if they are pictures.
        layers: a dict for each layer, by the kind of its columns: (T, O, I, R) for the weights of a dense layer, (T,
            its biases, R), (T, O, R) for its pre-activations and its activations. Weights and biases are those before
            the update.
        slopes: ∂E/∂ these, in the same shapes, where the table has columns for them.
        trained: a (T, weights and trained biases, R) array for each layer.
        losses: (T, outputs, R), E of each output.
        loss: (T, R), their sum E_tot.
        every_gradient: (T, P of all layers, R), all gradients of weights and biases.
        states: a (T, P of all layers, R) array for each of the optimizer's states.
    """

    def __init__(self, columns: Columns, values: FloatArray) -> None:
        rows, _, runs = values.shape
        self.values, self._columns = values, columns
        self.targets, self.inputs = self._view(columns.target_names), self._view(columns.input_names)
        self.counted = self._view(columns.of("counted"))
        self.pictures = self.inputs.reshape(rows, *columns.network.shapes[0], runs)
        self.layers: list[dict[ColumnKind, FloatArray]] = []
        self.slopes: list[dict[ColumnKind, FloatArray]] = []
        for number, layer in enumerate(columns.network.layers):
            shapes = layer.parameters(columns.network.shapes[number])
            fields, slopes = {}, {}
            for kind in dict.fromkeys(column.kind for column in columns.layers[number]):
                names = columns.names_in(number, kind)
                shape = (rows, *shapes.get(kind, columns.shape_of(number, kind)), runs)
                fields[kind] = self._view(names).reshape(shape)
                if gradient_name(names[0]) in columns.index:
                    slopes[kind] = self._view(list(map(gradient_name, names))).reshape(shape)
            self.layers.append(fields)
            self.slopes.append(slopes)
        self.trained = [self._view(columns.trained_names(number)) for number in range(columns.depth)]
        self.losses = self._view(columns.loss_names)
        self.loss = values[:, columns.index["E_tot"], :]
        self.every_gradient = self._view(columns.of("gradient"))
        states = columns.of("state")
        each = len(states) // max(1, len(columns.states))
        self.states = [self._view(states[first : first + each]) for first in range(0, len(states), each or 1)]

    def _view(self, names: list[str]) -> FloatArray:
        return self.values[:, self._columns.span(names), :]

    def each(self, kind: ColumnKind) -> list[FloatArray]:
        """The array of one kind for each layer; an empty one for a layer that has none."""
        nothing = self.values[:, :0]
        return [fields.get(kind, nothing) for fields in self.layers]


def forward(network: Network, block: Numbers) -> list[FloatArray]:
    """Fill in every layer's columns; return the signals: what goes into each layer and, last, what comes out.

    These arrays, (B, …, R) each, are contiguous, and so NumPy computes with them twice as fast as with the
    activations' columns, which have the pre-activations between them.
    """
    signals = [block.pictures]
    for number, (layer, of) in enumerate(zip(network.layers, block.layers, strict=True)):
        layer.forward(of, [signals[source] for source in layer.reads(number)])
        signals.append(ACTIVATIONS[layer.activation].forward(of["pre-activation"]))
        if "activation" in of:
            of["activation"][:] = signals[-1]
    return signals


def backward(columns: Columns, block: Numbers, signals: list[FloatArray], rates: FloatArray) -> None:
    """Fill in the losses, the errors and the gradients, from what forward returned; rates are (R,)."""
    layers, loss = columns.network.layers, LOSSES[columns.network.loss]
    last = block.layers[-1]["pre-activation"]
    # ∂E/∂signal, by the signal's number; a sum, until all that reads the signal has been passed back through.
    grads = {len(layers): loss.kernel(last, signals[-1], block.targets, block.losses)}
    if columns.network.counted:
        block.losses[:] *= block.counted
        grads[len(layers)] *= block.counted
    np.add.reduce(block.losses, axis=1, out=block.loss)
    behind_activation = loss.through_activation
    for number in reversed(range(len(layers))):
        layer, of, slopes, grad = layers[number], block.layers[number], block.slopes[number], grads.pop(number + 1)
        if not behind_activation:
            ACTIVATIONS[layer.activation].backward(grad, of["pre-activation"], signals[number + 1])
        behind_activation = False
        grad = layer.backward_rows(of, grad)
        if "pre-activation" in slopes:
            slopes["pre-activation"][:] = grad
        sources = layer.reads(number)
        inputs = [signals[source] for source in sources]
        layer.backward_parameters(of, slopes, inputs, grad)
        if any(sources):
            if columns.method.update == "output-first":
                of = {**of, "weight": of["weight"] - rates * slopes["weight"]}
            for source, back in zip(sources, layer.backward_inputs(of, inputs, grad), strict=True):
                grads[source] = grads[source] + back if source in grads else back
