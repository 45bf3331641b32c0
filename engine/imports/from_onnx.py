"""An ONNX network as an experiment: its forward pass, and its training where a loss is named."""

from math import prod
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.experiment import Experiment
from engine.experiment_samples import read_data
from engine.experiment_tables import rates_around
from engine.imports.onnx_nodes import NODES, Chain
from engine.losses import LOSSES
from engine.names import ColumnKind
from engine.network import Method, Network

# What a file may take; all else is float32.
TYPES = {"tensor(double)": np.float64, "tensor(uint8)": np.uint8, "tensor(int64)": np.int64}


def from_onnx(
    path: Path, loss: str | None = None, data: Path | None = None, steps: int = 80, learning_rate: float = 0.1
) -> Experiment:
    """The experiment of an ONNX file.

    Without a loss it has one row, the forward pass, and a learning rate of 0; without data its one sample is all ones.
    Where the file begins with a normalization, such as (x/255 − mean)/deviation, its results are the inputs here.

    Args:
        loss: one of LOSSES; training is plain gradient descent over all samples.
        data: a CSV file with the columns i1, i2, ..., t1, t2, ...

    Raises:
        InputError: onnx is not installed, the file is no ONNX model, or it has a node that no column can show.
    """
    chain = chain_of(path)
    last = chain.layers[-1].activation
    name = loss or ("cross-entropy" if last == "softmax" else "half-squared-error")
    if name not in LOSSES:
        raise InputError(f"--loss: got {name}, expected {', '.join(LOSSES)}")
    needed = LOSSES[name].activation
    if needed and last == "identity":
        chain.layers[-1] = chain.layers[-1].with_activation(needed)
    picture = chain.inputs if len(chain.inputs) > 1 else ()
    network = Network(prod(chain.inputs), tuple(chain.layers), name, deltas=True, picture=picture)
    inputs, targets = np.ones((1, network.inputs)), np.eye(1, network.sizes[-1])
    scale, shift = chain.scale.ravel(), chain.shift.ravel()
    if data is not None:
        inputs, targets, _ = read_data(data, network)
    rate = learning_rate if loss else 0.0
    return Experiment(
        network=network,
        weights=tuple(chain.weights),
        inputs=scale * inputs + shift,
        targets=targets,
        learning_rate=rate,
        learning_rates=tuple(rates_around(rate)) if rate else (0.0,),
        steps=steps if loss else 1,
        biases=tuple(chain.biases),
        method=Method(len(inputs)),
        name=path.stem,
    )


def chain_of(path: Path) -> Chain:
    """The layers of a file, as `from_onnx` takes them."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise InputError("onnx is not installed; pip install 'backprop-workbook[onnx]'") from None
    if not path.is_file():
        raise InputError(f"{path}: no such file, expected an ONNX model")
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # noqa: BLE001 - whatever protobuf raises for a file of another kind
        raise InputError(f"{path}: not an ONNX model: {' '.join(str(error).split())}") from None
    given = {array.name: np.asarray(numpy_helper.to_array(array), dtype=float) for array in graph.initializer}
    inputs = [each for each in graph.input if each.name not in given]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise InputError(f"{path}: got {len(inputs)} inputs and {len(graph.output)} outputs, expected one of each")
    shape = tuple(of.dim_value for of in inputs[0].type.tensor_type.shape.dim)[1:]
    if len(shape) not in (1, 3) or not all(shape):
        got = "×".join(str(size or "?") for size in shape)
        raise InputError(f"{path}: got inputs of shape {got}, expected features, or channels×rows×columns")
    chain = Chain(shape, {inputs[0].name: 0}, given)
    for node in graph.node:
        where = f"{path}: {node.name or node.op_type}"
        if node.op_type not in NODES:
            raise InputError(f"{where}: got {node.op_type}, which no column can show; expected {', '.join(NODES)}")
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        last = [name for name in node.input if name in chain.signals and chain.signals[name] == len(chain.layers)]
        if not last:
            raise InputError(f"{where}: got {node.input[0]}, expected what the node before puts out: layers in a row")
        NODES[node.op_type](chain, where, list(node.input), attributes)
        chain.signals[node.output[0]] = len(chain.layers)
    if not chain.layers or chain.signals.get(graph.output[0].name) != len(chain.layers):
        raise InputError(f"{path}: got {graph.output[0].name} as the output, expected what the last layer puts out")
    return chain


def beside_onnxruntime(experiment: Experiment, path: Path) -> float:
    """The largest difference between what onnxruntime and the engine put out for the samples.

    Raises:
        InputError: onnxruntime is not installed, or cannot run the file.
    """
    try:
        import onnxruntime
    except ImportError:
        raise InputError("onnxruntime is not installed; pip install 'backprop-workbook[onnx]'") from None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    chain = chain_of(path)
    shape = experiment.network.shapes[0]
    inputs = (experiment.inputs.reshape(-1, *shape) - chain.shift) / chain.scale
    inputs = inputs.astype(TYPES.get(session.get_inputs()[0].type, np.float32))
    # A sample at a time, as a file may have its batch fixed at one.
    theirs = [session.run(None, {session.get_inputs()[0].name: x[np.newaxis]})[0].ravel() for x in inputs]
    # A loss that has the last activation inside may have put it behind a file that ends without.
    kind: ColumnKind = "pre-activation" if chain.layers[-1].activation == "identity" else "activation"
    ours = experiment.train().numbers.layers[-1][kind][: len(inputs), :, 0]
    return float(abs(np.stack(theirs) - ours).max())
