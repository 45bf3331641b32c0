"""An experiment as a torch script: nn.Sequential, autograd, torch.optim."""

from pathlib import Path
from textwrap import indent

from engine.activations import LEAK, ByActivation
from engine.errors import InputError
from engine.experiment import Experiment
from engine.export.text import about, check_kinds, literal, number, parts, title, trained_names
from engine.export.torch_modules import ACTIVATION_INSIDE, MODULES, OF_SEQUENCES
from engine.layers import Dropout, Residual
from engine.layers.recurrence import Recurrence
from engine.losses import LOSSES
from engine.network import Network
from engine.optimizers import OPTIMIZERS

PARTS = Path(__file__).with_name("torch_parts.py")


def _leaky(slope: float) -> str:
    return f"nn.LeakyReLU({slope})"


ACTIVATIONS = ByActivation(
    {
        "sigmoid": "nn.Sigmoid()",
        "tanh": "nn.Tanh()",
        "relu": "nn.ReLU()",
        "leaky-relu": _leaky(LEAK),
    },
    _leaky,
)
# The constants that have the same names in torch.optim.
TORCHS = ("momentum", "dampening", "alpha", "rho", "eps", "momentum_decay")
CLASSES = {
    **dict.fromkeys(("sgd", "momentum", "nesterov", "dampened-momentum"), "SGD"),
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "adamax": "Adamax",
    "adadelta": "Adadelta",
    "nadam": "NAdam",
}
BCE = "functional.binary_cross_entropy_with_logits"
# By loss and reduction: from the outputs, before the activation where the loss has it inside, and the targets t.
LOSS = {
    ("half-squared-error", "mean"): "((outputs - t) ** 2).sum(dim=1).mean() / 2",
    ("half-squared-error", "sum"): "((outputs - t) ** 2).sum() / 2",
    ("mean-squared-error", "mean"): "functional.mse_loss(outputs, t)",
    ("mean-squared-error", "sum"): "functional.mse_loss(outputs, t) * len(t)",
    ("binary-cross-entropy", "mean"): f'{BCE}(outputs, t, reduction="sum") / len(t)',
    ("binary-cross-entropy", "sum"): f'{BCE}(outputs, t, reduction="sum")',
    ("cross-entropy", "mean"): "functional.cross_entropy(outputs, t)",
    ("cross-entropy", "sum"): 'functional.cross_entropy(outputs, t, reduction="sum")',
    ("squared-error", "mean"): "((outputs - t) ** 2).sum(dim=1).mean()",
    ("squared-error", "sum"): 'functional.mse_loss(outputs, t, reduction="sum")',
    ("mean-binary-cross-entropy", "mean"): f"{BCE}(outputs, t)",
    ("mean-binary-cross-entropy", "sum"): f"{BCE}(outputs, t) * len(t)",
}  # fmt: skip
# Of each output and step of a sequence.
LOSS_OF_EACH = {
    "half-squared-error": "(outputs - t) ** 2",
    "mean-squared-error": "(outputs - t) ** 2 / t.shape[-1]",
    "binary-cross-entropy": 'functional.binary_cross_entropy_with_logits(outputs, t, reduction="none")',
    "cross-entropy": "-t * torch.log_softmax(outputs, dim=-1)",
    "squared-error": "(outputs - t) ** 2",
    "mean-binary-cross-entropy": f'{BCE}(outputs, t, reduction="none") / t.shape[-1]',
}


def torch_script(experiment: Experiment) -> str:
    """The script's text.

    Raises:
        InputError: torch has no short way to say what the experiment does.
    """
    method = experiment.method
    if method.update != "simultaneous":
        raise InputError(
            f"training.update: got {method.update}, which torch.optim cannot do; expected simultaneous, or --numpy"
        )
    if _has_steps(experiment.network):
        check_kinds(experiment, OF_SEQUENCES)
    net = "\n".join(_modules(experiment))
    own = parts([PARTS], net)
    loop = _loop(experiment)
    schedule = _schedule(method.schedule, dict(method.constants))
    lines = [
        title(experiment, "torch"),
        "",
        *(["import numpy as np"] if "np." in own else []),
        "import torch",
        "from torch import nn",
        *(["from torch.nn import functional"] if "functional." in own + "".join(loop) else []),
        "",
        "torch.set_default_dtype(torch.float64)  # with all the digits that a spreadsheet has",
        *([own] if own else []),
        "",
        *_samples(experiment),
        "",
        "net = nn.Sequential(",
        indent(net, "    "),
        ")" + _about_last(experiment),
        *_first_parameters(experiment),
        "",
        f"optimizer = torch.optim.{_optimizer(experiment)}",
        *([f"schedule = torch.optim.lr_scheduler.{schedule}"] if schedule else []),
        "",
        f'print("step loss {" ".join(trained_names(experiment))}")',
        f"for step in range({experiment.steps}):",
        *(f"    {line}" for line in loop),
        *(["    schedule.step()"] if schedule else []),
        "",
    ]
    return "\n".join(lines)


def _has_steps(network: Network) -> bool:
    """Whether samples are sequences; those of one step too, where a layer remembers what came before."""
    return network.time > 1 or any(isinstance(layer, Recurrence) for layer in network.layers)


def _samples(experiment: Experiment) -> list[str]:
    """Inputs and targets, and where the loss counts; of sequences by sample and step."""
    network = experiment.network
    of = (-1, network.time) if _has_steps(network) else (-1,)
    shape = (*of, *network.shapes[0])
    arrays = [experiment.inputs.reshape(shape), experiment.targets.reshape(*of, network.sizes[-1])]
    arrays += [experiment.counted.reshape(*of, 1)] if network.counted else []
    names = _names(experiment)
    return [f"{name} = torch.tensor({literal(array)})" for name, array in zip(names, arrays, strict=True)]


def _names(experiment: Experiment) -> list[str]:
    """What the samples are called: in the loop x and t, which are all of them where a batch has all."""
    all_at_once = experiment.method.batch_size == experiment.samples
    names = ["x", "t", "counts"] if all_at_once else ["inputs", "targets", "counted"]
    return names if experiment.network.counted else names[:2]


def _loss(experiment: Experiment) -> str:
    network, reduction = experiment.network, experiment.method.reduction
    if not _has_steps(network):
        return LOSS[network.loss, reduction]
    each = f"({LOSS_OF_EACH[network.loss]}{' * counts' if network.counted else ''}).sum()"
    half = " / 2" if network.loss == "half-squared-error" else ""
    return f"{each}{half}{' / len(t)' if reduction == 'mean' else ''}"


def _loop(experiment: Experiment) -> list[str]:
    size = experiment.method.batch_size // experiment.network.time
    names = _names(experiment)
    batch = [
        f"rows = torch.arange(step * {size}, (step + 1) * {size}) % len(inputs)",
        f"{', '.join(['x', 't', 'counts'][: len(names)])} = {', '.join(f'{name}[rows]' for name in names)}",
    ]
    return [
        *(batch if experiment.method.batch_size < experiment.samples else []),
        "outputs = net(x)",
        f"loss = {_loss(experiment)}",
        "weights = [number for p in net.parameters() if p.requires_grad for number in p.flatten().tolist()]",
        'print(step + 1, *(f"{number:.12g}" for number in [loss.item(), *weights]))',
        "optimizer.zero_grad()",
        "loss.backward()",
        *_l1(dict(experiment.method.constants)),
        "optimizer.step()",
    ]


def _l1(c: dict[str, float]) -> list[str]:
    """Lines that add an l1 penalty to the gradients, since torch.optim has no option for it."""
    if "l1_decay" not in c:
        return []
    return [
        "for parameter in net.parameters():",
        "    if parameter.requires_grad:",
        f"        parameter.grad += {number(c['l1_decay'])} * parameter.detach().sign()",
    ]


def _modules(experiment: Experiment) -> list[str]:
    """What stands in nn.Sequential; a residual connection has the layers that it goes past in itself."""
    network = experiment.network
    modules: list[str] = []
    begins: dict[int, int] = {}  # where in `modules` a layer's own begin
    for index, (layer, shape) in enumerate(zip(network.layers, network.shapes, strict=False)):
        begins[index] = len(modules)
        if isinstance(layer, Residual):
            if layer.source not in begins:
                raise InputError(
                    f"network.layers[{index}].from: the residual connection crosses an earlier one, which no torch "
                    "module of layers in a row can do; expected one that goes past it whole, or --numpy"
                )
            first = begins[layer.source]
            inner = indent("\n".join(modules[first:]), "    ")
            modules[first:] = [f"Residual(\n{inner}\n),"]
            begins = {of: begin for of, begin in begins.items() if of <= layer.source}
        elif isinstance(layer, Dropout):
            time = network.time
            masks = (experiment.rows // time, *((time,) if _has_steps(network) else ()), *shape)
            modules.append(f"Dropout({layer.rate}, {masks}, seed={list(layer.seed)}),")
        else:
            modules += [f"{module}," for module in MODULES[type(layer)](layer, shape)]
        is_last = index == len(network.layers) - 1
        if is_last and len(network.shapes[-1]) > 1:
            modules.append("nn.Flatten(),")
        inside_loss = is_last and LOSSES[network.loss].through_activation
        if layer.activation in ACTIVATIONS and not inside_loss and type(layer) not in ACTIVATION_INSIDE:
            modules.append(f"{ACTIVATIONS[layer.activation]},")
    return modules


def _about_last(experiment: Experiment) -> str:
    activation = experiment.network.layers[-1].activation
    inside = LOSSES[experiment.network.loss].through_activation
    return f"  # the {activation} of the outputs is inside of the loss" if inside else ""


def _first_parameters(experiment: Experiment) -> list[str]:
    """The lines that set the first weights and biases, and say which of them stay as they are."""
    network, columns = experiment.network, experiment.columns
    lines: list[str] = []
    trained: list[bool] = []
    for index, (layer, shape) in enumerate(zip(network.layers, network.shapes, strict=False)):
        given = {"weight": experiment.weights[index], "bias": experiment.biases[index]}
        for kind in layer.parameters(shape):
            trained.append(kind in layer.trained(shape))
            lines += [f"    # {about(columns.names_in(index, kind))}", indent(literal(given[kind]), "    ") + ","]
    fixed = [index for index, is_trained in enumerate(trained) if not is_trained]
    return [
        "first = [",
        *lines,
        "]",
        "for parameter, numbers in zip(net.parameters(), first):",
        "    parameter.data = torch.tensor(numbers)",
        *([f"for index in {fixed}:  # these stay as they are"] if fixed else []),
        *(["    list(net.parameters())[index].requires_grad_(False)"] if fixed else []),
    ]


def _optimizer(experiment: Experiment) -> str:
    c, name = dict(experiment.method.constants), experiment.method.optimizer
    said = [f"lr={number(experiment.learning_rate)}"]
    if "beta1" in c:
        said.append(f"betas=({c['beta1']}, {c['beta2']})")
    own = [option for option in OPTIMIZERS[name].constants if option in TORCHS]
    said += [f"{option}={number(c[option])}" for option in own]
    said += ["nesterov=True"] if name == "nesterov" else []
    said += [f"weight_decay={number(c['weight_decay'])}"] if "weight_decay" in c else []
    return f"{CLASSES[name]}(net.parameters(), {', '.join(said)})"


def _schedule(name: str, c: dict[str, float]) -> str:
    """The schedule after `torch.optim.lr_scheduler.`; nothing for a constant rate."""
    match name:
        case "step":
            return f"StepLR(optimizer, step_size={number(c['step_size'])}, gamma={number(c['gamma'])})"
        case "exponential":
            return f"ExponentialLR(optimizer, gamma={number(c['gamma'])})"
        case "cosine":
            return f"CosineAnnealingLR(optimizer, T_max={number(c['T_max'])}, eta_min={number(c['eta_min'])})"
        case "inverse-time":
            return f"LambdaLR(optimizer, lambda step: 1 / (1 + {number(c['decay'])} * step))"
        case "warm-up":
            steps = number(c["warm_up"])
            return f"LambdaLR(optimizer, lambda step: min(1, (step + 1) / {steps}))"
        case _:
            return ""
