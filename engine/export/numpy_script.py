"""An experiment as a NumPy script: the forward and the backward pass by hand, and the update.

In it a0 are the inputs, z1 and a1 what the first layer makes of them before and after its activation, W1 and B1 its
weights and biases; dz1 is ∂E/∂z1 in every sample, dW1 is ∂E/∂W1 over all samples of the update.
"""

import re
from pathlib import Path

from engine.arrays import FloatArray
from engine.errors import InputError
from engine.experiment import Experiment
from engine.export.numpy_layers import CODE
from engine.export.numpy_lines import Code, CodeContext
from engine.export.numpy_training import ACTIVATIONS, LOSS, RATES, UPDATES
from engine.export.text import about, kind_of, literal, number, parts, title, trained_names
from engine.layers import Dense, Residual
from engine.losses import LOSSES
from engine.names import ColumnKind

LETTERS: dict[ColumnKind, str] = {"weight": "W", "bias": "B"}
PARTS = [Path(__file__).with_name(name) for name in ("numpy_parts.py", "numpy_sequence_parts.py")]


def numpy_script(experiment: Experiment) -> str:
    """The script's text.

    Raises:
        InputError: it has an order of updates that no script can be written of.
    """
    layers = experiment.network.layers
    codes = [CODE[type(layer)](layer, context) for layer, context in zip(layers, _contexts(experiment), strict=True)]
    before, loop = _before(experiment, codes), _loop(experiment, codes)
    own = parts(PARTS, "\n".join(before + loop))
    lines = [
        title(experiment, "NumPy"),
        "",
        "import numpy as np",
        *([own] if own else []),
        "",
        *before,
        "",
        f'print("step loss {" ".join(trained_names(experiment))}")',
        f"for step in range({experiment.steps}):",
        *(f"    {line}" if line else "" for line in loop),
        "",
    ]
    return "\n".join(lines)


def _before(experiment: Experiment, codes: list[Code]) -> list[str]:
    """The lines before the loop: samples, first weights, states, masks, and a learning rate that stays."""
    method = experiment.method
    network = experiment.network
    x, t, counts = ("x", "t", "counts") if _at_once(experiment) else ("inputs", "targets", "counted")
    states = sorted({line[0] for line in UPDATES[method.optimizer] if line[1:].startswith("[i] = ")})
    return [
        f"{x} = np.array({literal(experiment.inputs.reshape(-1, *network.shapes[0]))})",
        f"{t} = np.array({literal(experiment.targets)})",
        *([f"{counts} = np.array({literal(experiment.counted.reshape(-1, 1))})"] if network.counted else []),
        "",
        *_first_parameters(experiment),
        f"parameters = [{', '.join(_trained(experiment))}]",
        *(f"{state} = [np.zeros(p.shape) for p in parameters]" for state in states),
        *([f"rate = {number(experiment.learning_rate)}"] if method.schedule == "constant" else []),
        *(code.before for code in codes if code.before),
    ]


def _loop(experiment: Experiment, codes: list[Code]) -> list[str]:
    """A step: the rows of its batch, the forward pass, what is printed, the backward pass, the update."""
    network, method = experiment.network, experiment.method
    constants = {"rate": number(experiment.learning_rate)} | {name: number(value) for name, value in method.constants}
    size = method.batch_size
    batch = [
        f"rows = np.arange(step * {size}, (step + 1) * {size}) % len(inputs)",
        "x, t = inputs[rows], targets[rows]",
        *(["counts = counted[rows]"] if network.counted else []),
    ]
    return [
        *([] if _at_once(experiment) else batch),
        *([f"rate = {RATES[method.schedule]}".format(**constants)] if method.schedule in RATES else []),
        "# The forward pass: z before and a after a layer's activation.",
        "a0 = x",
        *_forward(experiment, codes),
        f"loss = ({_counted(experiment, LOSS[network.loss][0])}).sum(){_over_samples(experiment)}",
        "numbers = [loss, *(number for p in parameters for number in p.flat)]",
        'print(step + 1, *(f"{number:.12g}" for number in numbers))',
        "",
        "# The backward pass: dz is the derivative of a sample's loss by its z, dW the sum over all samples.",
        *_backward(experiment, codes),
        "",
        "# The update.",
        f"gradients = [{', '.join(f'd{name}' for name in _trained(experiment))}]",
        "for i, (p, g) in enumerate(zip(parameters, gradients)):",
        *(f"    {line}" for line in _update(experiment, constants)),
    ]


def _contexts(experiment: Experiment) -> list[CodeContext]:
    first = experiment.method.update == "output-first"
    contexts = []
    for k, (layer, shape) in enumerate(
        zip(experiment.network.layers, experiment.network.shapes, strict=False), start=1
    ):
        if first and type(layer) is not Dense:
            raise InputError(
                f"network.layers[{k - 1}].kind: got {kind_of(layer)} with training.update output-first, "
                "expected dense layers alone"
            )
        contexts.append(CodeContext(k, shape, experiment.rows, f"(W{k} - rate * dW{k})" if first else ""))
    return contexts


def _trained(experiment: Experiment) -> list[str]:
    """The variables of what is trained: W1, B1, W2, ..."""
    layers, shapes = experiment.network.layers, experiment.network.shapes
    return [
        f"{LETTERS[kind]}{k}"
        for k, (layer, shape) in enumerate(zip(layers, shapes, strict=False), start=1)
        for kind in layer.trained(shape)
    ]


def _forward(experiment: Experiment, codes: list[Code]) -> list[str]:
    lines, layers = [], experiment.network.layers
    for k, (layer, code) in enumerate(zip(layers, codes, strict=True), start=1):
        flat = k == len(codes) and len(experiment.network.shapes[-1]) > 1
        z = f"({code.forward}).reshape(len(t), -1)" if flat else code.forward
        a = ACTIVATIONS[layer.activation][0].format(z=f"z{k}")
        lines += [*([code.first] if code.first else []), f"z{k} = {z}", f"a{k} = {a}"]
    return lines


def _backward(experiment: Experiment, codes: list[Code]) -> list[str]:
    network, last = experiment.network, len(codes)
    slope = _counted(experiment, LOSS[network.loss][1])
    behind = LOSSES[network.loss].through_activation
    lines = [] if behind else [f"da{last} = {slope}"]
    # What residual connections add to the gradient of an earlier layer's output.
    past: dict[int, list[str]] = {}
    for k in range(last, 0, -1):
        layer, code = network.layers[k - 1], codes[k - 1]
        chain = ACTIVATIONS[layer.activation][1].format(z=f"z{k}", a=f"a{k}")
        dz = slope if behind and k == last else f"da{k}{chain}"
        if k == last and len(network.shapes[-1]) > 1:
            dz = f"({dz}).reshape(-1, {', '.join(map(str, network.shapes[-1]))})"
        lines += [f"dz{k} = {dz}", *code.backward]
        if isinstance(layer, Residual):
            past.setdefault(layer.source, []).append(f"dz{k}")
        if k > 1:
            more = past.get(k - 1, [])
            if code.back:
                lines.append(f"da{k - 1} = {' + '.join([code.back, *more])}")
            elif more:
                lines.append(f"da{k - 1} = da{k - 1} + {' + '.join(more)}")
    return lines


def _at_once(experiment: Experiment) -> bool:
    """Whether an update has all samples."""
    return experiment.method.batch_size == experiment.samples


def _counted(experiment: Experiment, text: str) -> str:
    """An expression of z and a for the last layer's, in the rows that count."""
    named = re.sub(r"\b([za])\b", rf"\g<1>{len(experiment.network.layers)}", text)
    return f"counts * ({named})" if experiment.network.counted else named


def _over_samples(experiment: Experiment) -> str:
    """What the mean over the samples of an update divides by; a sequence is one, of several rows."""
    time = experiment.network.time
    if experiment.method.reduction == "sum" or experiment.method.batch_size == time:
        return ""
    return " / len(t)" if time == 1 else f" / (len(t) / {time})"


def _first_parameters(experiment: Experiment) -> list[str]:
    network, columns = experiment.network, experiment.columns
    lines = []
    for index, (layer, shape) in enumerate(zip(network.layers, network.shapes, strict=False)):
        given: dict[ColumnKind, FloatArray] = {"weight": experiment.weights[index], "bias": experiment.biases[index]}
        for kind in layer.parameters(shape):
            lines.append(f"# {about(columns.names_in(index, kind))}")
            lines.append(f"{LETTERS[kind]}{index + 1} = np.array({literal(given[kind])})")
    return lines


def _update(experiment: Experiment, constants: dict[str, str]) -> list[str]:
    method = experiment.method
    decay = {"weight_decay": "p", "l1_decay": "np.sign(p)"}
    added = [name for name in method.decays if (name, method.optimizer) != ("weight_decay", "adamw")]
    return [
        *([f"g = g{mean}"] if (mean := _over_samples(experiment)) else []),
        *(f"g = g + {constants[name]} * {decay[name]}" for name in added),
        *(line.format(**constants) for line in UPDATES[method.optimizer]),
    ]
