"""What `diagnose` prints: the signs of a training as tables, and the findings, each with what to change."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.diagnosis import FAR, FLAT, LEAP, MOST_FLAT, Diagnosis

# The learning rate may be this many times smaller than the curvature allows before it is called small.
TIMID = 20.0


@dataclass(frozen=True)
class Finding:
    """Something wrong with the training, with its number, and what to change."""

    what: str
    change: str


def findings(of: Diagnosis) -> list[Finding]:
    """What is wrong with a training, causes before what follows from them; empty if nothing is."""
    return [*_overflow(of), *_rate(of), *_leaps(of), *_far_gradients(of), *_dead(of), *_saturated(of)]


def page(of: Diagnosis) -> RenderableType:
    """The whole page."""
    title: list[RenderableType] = [Text(of.experiment.name, style="bold")] if of.experiment.name else []
    found = findings(of)
    said = Text("Found", style="bold red") if found else Text("Nothing found.", "bold green")
    numbered = Table.grid(padding=(0, 1))
    for number, finding in enumerate(found, start=1):
        numbered.add_row(f" {number}.", Text(finding.what))
        numbered.add_row("  →", Text(finding.change, style="green"))
    return Group("", *title, Text(_course(of)), "", _layers(of), "", _looks(of), "", said, numbered)


def _course(of: Diagnosis) -> str:
    first, last = of.losses
    if not of.steps:
        return "loss: overflows at the first step"
    return f"loss: {first:.4g} at step 1, {last:.4g} at step {of.steps}"


def _overflow(of: Diagnosis) -> Iterator[Finding]:
    if of.overflow:
        yield Finding(
            f"The numbers overflow: first {of.overflow}, beyond ±1.8e308. What is computed from it is inf or nan.",
            "Take a smaller learning rate or smaller first weights; what else is found tells which.",
        )


def _rate(of: Diagnosis) -> Iterator[Finding]:
    over = [look for look in of.looks if look.rate > look.limit]
    # A learning rate that is too large for a while does no harm where the loss comes down all the same.
    if over and (not of.learned or over[-1] is of.looks[-1]):
        first = over[0]
        yield Finding(
            f"The learning rate {first.rate:g} is {first.rate / first.limit:.3g} times what the loss's curvature "
            f"allows at step {first.step}: above {first.limit * first.curvature:.3g}/{first.curvature:.3g} = "
            f"{first.limit:.3g} a step along the steepest valley lands higher on its other side.",
            f"Take a learning rate below {first.limit:.2g}.",
        )
    least = min((look.limit for look in of.looks if not math.isnan(look.limit)), default=math.inf)
    if not of.learned and not of.overflow and 0 < of.experiment.learning_rate < least / TIMID < math.inf:
        yield Finding(
            f"The loss ends at {of.losses[1] / of.losses[0]:.0%} of the first, and the learning rate "
            f"{of.experiment.learning_rate:g} is 1/{least / of.experiment.learning_rate:.3g} of what the curvature "
            f"allows, {least:.3g}.",
            "Take a larger learning rate or more steps.",
        )


def _leaps(of: Diagnosis) -> Iterator[Finding]:
    leaps = [(*layer.leap, layer.name) for layer in of.layers if layer.leap and layer.leap[0] > LEAP]
    if leaps:
        said = ", ".join(f"{name} by {times:.3g} times its size in step {step}" for times, step, name in leaps)
        yield Finding(
            f"Updates change the weights and biases of a layer by more than {LEAP:g} times their size: {said}.",
            "Take a smaller learning rate, or the schedule warm-up; or larger first weights.",
        )


def _far_gradients(of: Diagnosis) -> Iterator[Finding]:
    trained = [layer for layer in of.layers if layer.gradients]
    for layer in trained[:-1]:
        mine, last, behind = layer.gradients[0], trained[-1].gradients[0], trained[-1].name
        if mine > FAR * last:
            yield Finding(
                f"Gradients explode on their way back: in step 1 those of {layer.name} are {mine:.2e}, those of "
                f"{behind} {last:.2e}" + (f", 1/{mine / last:.3g} of them." if last else "."),
                'Take smaller first weights (init = "xavier" or "he"), or batch-norm between the layers.',
            )
        elif mine < last / FAR and not of.learned:
            yield Finding(
                f"Gradients vanish on their way back: in step 1 those of {layer.name} are {mine:.2e}, those of "
                f"{behind} {last:.2e}" + (f", {last / mine:.3g} times as large." if mine else "."),
                'Take tanh or relu for sigmoid, larger first weights (init = "xavier" or "he"), batch-norm, or a '
                "residual connection.",
            )


def _dead(of: Diagnosis) -> Iterator[Finding]:
    for layer in of.layers:
        if layer.dead:
            since = ", ".join(f"{name} since step {step}" for name, step in layer.dead.items())
            several = len(layer.dead) != 1
            yield Finding(
                f"{len(layer.dead)} of {layer.neurons} ReLUs of {layer.name} {'are' if several else 'is'} dead: 0 for "
                f"every sample, so no gradient comes back through {'them' if several else 'it'} ({since}).",
                'Take a smaller learning rate, init = "he", a bias above 0, or leaky-relu.',
            )


def _saturated(of: Diagnosis) -> Iterator[Finding]:
    for layer in of.layers:
        first, last = layer.flat or (0.0, 0.0)
        where = f"activations of {layer.name} are saturated"
        slope = f"a slope below {FLAT:.0%} of the largest that {layer.activation} has"
        if first > MOST_FLAT:
            yield Finding(
                f"{first:.0%} of the {where} from the start: {slope}.",
                "Take smaller first weights or inputs, or batch-norm before the activation.",
            )
        elif last > MOST_FLAT and not of.learned:
            outputs = layer is of.layers[-1]
            yield Finding(
                f"{last:.0%} of the {where} at the end, {first:.0%} at the start: {slope}.",
                "Take a smaller learning rate" + ("; or a cross-entropy, which needs no slope." if outputs else "."),
            )


def _layers(of: Diagnosis) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for heading in ("layer", "activation", "dead", "saturated", "gradient", "largest step"):
        table.add_column(heading, no_wrap=True)
    for layer in of.layers:
        table.add_row(
            layer.name,
            layer.activation,
            "" if layer.dead is None else f"{len(layer.dead)} of {layer.neurons}",
            "" if layer.flat is None else " → ".join(f"{share:.0%}" for share in layer.flat),
            f"{layer.gradients[0]:.1e} → {layer.gradients[-1]:.1e}" if layer.gradients else "",
            f"{layer.leap[0]:.3g} × weights" if layer.leap else "",
        )
    return table


def _looks(of: Diagnosis) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for heading in ("step", "learning rate", "curvature", "largest learning rate"):
        table.add_column(heading, no_wrap=True, justify="right")
    for look in of.looks:
        allowed = {True: "a ReLU is on its kink", False: f"no bound for {of.experiment.method.optimizer}"}
        limit = allowed[math.isnan(look.curvature)] if math.isnan(look.limit) else f"{look.limit:.3g}"
        table.add_row(str(look.step), f"{look.rate:g}", f"{look.curvature:.3g}", limit)
    return table
