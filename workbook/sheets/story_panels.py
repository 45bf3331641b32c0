"""The six panels of the sheet `story`: what each says, as templates of live_text."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine import Columns
from engine.activations import LEAK, ByActivation
from engine.columns import gradient_name
from workbook.sheets.live_text import plugged
from workbook.sheets.shown import NEW, in_each_step, in_words, over_names_of_batches
from workbook.sheets.story_path import WeightPath, sums_by_weights
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Tree, Variable
from workbook.table.updates import over_rows

# Characters of a sum that are written out, and outputs that are told one by one.
WIDEST, MOST_OUTPUTS = 48, 3
# Names of what only this sheet has: the slope, the product, the gradient that the step takes, how much that takes off
# the loss, and its size.
SLOPE, PRODUCT, GRADIENT, GAIN, GAIN_SIZE = "slope", "product", "gradient of the step", "gain", "size of the gain"
# A remark on the slope of some activations; a field is the number that the activation takes or gives.
HINGE = (
    "[?{{0}}|Above 0 the slope is 1: all of the blame gets through.|Below 0 the slope is {0}.|At 0 the slope is {1}.]"
)


def _leaky(slope: float) -> str:
    return HINGE.format(
        f"{slope:g}: {'hardly any' if slope < 0.1 else 'a part'} of the blame gets through", f"{slope:g}"
    )


SLOPES = ByActivation(
    {
        "sigmoid": "sigmoid is steepest at 0, slope 0.25, and nearly flat far from it: hardly any blame gets through.",
        "tanh": "tanh is steepest at 0, slope 1, and nearly flat far from it: hardly any blame gets through.",
        "relu": HINGE.format("0: no blame gets through", "0 too"),
        "leaky-relu": _leaky(LEAK),
    },
    _leaky,
)


@dataclass(frozen=True)
class Panel:
    """A panel: its heading, the quantity that it comes to, and its lines."""

    heading: str
    result: str
    lines: Sequence[str]


def panels(columns: Columns, path: WeightPath, update: Tree) -> list[Panel]:
    """The story; `update` is what the weight is after the step."""
    return [
        _forward(columns, path),
        _how_wrong(columns, path),
        _blame(columns, path),
        _slope(columns, path),
        _product(columns, path),
        _step(columns, path, update),
    ]


def apart(columns: Columns, target: str) -> str:
    """The name of an answer less its target, as far as the step counts."""
    return f"counted*(answer - {target})" if columns.network.counted else f"answer - {target}"


def gradient_of_the_update(columns: Columns, weight: str) -> Tree:
    """A weight's gradient in the row, or reduced over the batch, over names as in shown."""
    name, size = gradient_name(weight), columns.method.batch_size
    return Variable(name, 0) if size == 1 else over_names_of_batches(over_rows(columns, name, -size, -1))


def _forward(columns: Columns, path: WeightPath) -> Panel:
    output, last = path.output, columns.depth - 1
    activation = path.activation
    if output == path.sum:
        passed = f"{output} goes on as it is."
    elif activation == "identity":
        passed = f"It goes on as it is: {output} = [{output}]."
    elif activation == "softmax":
        passed = f"softmax makes shares of all outputs, which add up to 1: {output} = [{output}]."
    else:
        passed = f"{activation} of that is {output} = [{output}]."
    answers = _listed([f"{name} = [{name}]" for name in columns.activation_names(last)])
    lines = [
        f"{path.sum} is a sum, each input times its weight: {_sum(columns, path)}.",
        passed,
        f"The network answers {answers}.",
    ]
    return Panel("1  Forward", output, lines)


def _sum(columns: Columns, path: WeightPath) -> str:
    """`h1 = w1*i1 + w2*i2 = 0.1*0.05 + 0.2*0.1 = 0.025`; of a long sum, or one that changes, the weight's own term."""
    first, *others = in_each_step(columns, path.sum)
    if len(printed(first)) <= WIDEST and all(tree == first for tree in others):
        return _worked(columns, path.sum, first)
    own = f"{path.weight}*{path.source} = [~{path.weight}]*[~{path.source}]"
    return f"{own} and other such terms make {path.sum} = [{path.sum}]"


def _worked(columns: Columns, name: str, tree: Tree) -> str:
    """`name = formula = the same with numbers = number`, as far as they differ."""
    words, numbers = in_words(columns, tree), plugged(tree)
    plugs = "" if isinstance(tree, Variable | Number) else f" = {numbers}"
    return f"{name} = {words}{plugs} = [{name}]"


def _listed(texts: Sequence[str]) -> str:
    shown = list(texts[:MOST_OUTPUTS])
    if len(texts) > len(shown):
        return f"{', '.join(shown)} and {len(texts) - len(shown)} more"
    return " and ".join([", ".join(shown[:-1])] * (len(shown) > 1) + shown[-1:])


def _how_wrong(columns: Columns, path: WeightPath) -> Panel:
    targets = columns.target_names
    pairs = zip(columns.activation_names(columns.depth - 1), targets, strict=True)
    verdict, asked = "is right", ""
    if columns.network.counted:
        verdict, asked = "is not wrong", ", if the step has a target (counted = [counted])"
    verdicts = [f"{answer} [?{apart(columns, target)}|is too large|is too small|{verdict}]" for answer, target in pairs]
    lines = [
        f"It should answer {_listed([f'{target} = [{target}]' for target in targets])}{asked}: {_listed(verdicts)}.",
        f"The loss ({columns.network.loss}) says how wrong that is: E_tot = [E_tot]. Learning makes it smaller.",
    ]
    if path.errors:
        name, tree = next(iter(path.errors.items()))
        lines.append(f"How fast E_tot grows with {columns.neuron_names(columns.depth - 1)[0]} is its error: ")
        lines[-1] += _worked(columns, name, tree) + "."
    return Panel("2  How wrong", "E_tot", lines)


def _blame(columns: Columns, path: WeightPath) -> Panel:
    name = path.blame_name
    who = name.removeprefix(gradient_name(""))
    if path.errors:
        by_weights = sums_by_weights(columns, path.layer + 1) and not path.is_gate
        on_the_way = "the weight" if by_weights else "all that lies"
        then = " and into the next step of the sequence (after the last: 0)" if path.later else ""
        then = "; the errors there include what comes back from later steps" if path.is_gate else then
        why = f"{who} goes into what comes after it{then}. Its blame: each error there, times {on_the_way} on the way."
    else:
        why = f"{who} is an output itself, so its blame comes straight from the loss."
    long = len(printed(path.blame)) > WIDEST
    lines = [
        why,
        f"All these parts together make {name} = [{name}]." if long else f"{_worked(columns, name, path.blame)}.",
        _by_sign(name, who),
    ]
    return Panel("3  Who is to blame", name, lines)


def _by_sign(name: str, what: str) -> str:
    above = f"Above 0: a larger {what} would make the loss larger."
    below = f"Below 0: a larger {what} would make the loss smaller."
    return f"[?{name}|{above}|{below}|0: a small change of {what} does nothing to the loss now.]"


def _slope(columns: Columns, path: WeightPath) -> Panel:
    heading, name = "4  How steep", path.activation
    if path.slope is None:
        lines = [
            f"{name}, between {path.sum} and the loss, has a slope too; {columns.network.loss} is made for it:",
            "multiplied, the two slopes are just the blame above, answer less target.",
            "So nothing is left to multiply by here: 1.",
        ]
        return Panel(heading, SLOPE, lines)
    asked = f"If {path.sum} grows a little, {path.output} grows by that times the slope of {name}."
    if path.output == path.sum:
        return Panel(
            heading,
            SLOPE,
            [
                f"{path.sum} goes on as it is, without an activation.",
                "The slope is 1, and all of the blame gets through.",
            ],
        )
    if name == "identity":
        return Panel(
            heading, SLOPE, [asked, "It hands on what comes in: the slope is 1, all of the blame gets through."]
        )
    lesson = [SLOPES[name].format(path.sum)] if name in SLOPES else []
    return Panel(heading, SLOPE, [asked, f"{_worked(columns, SLOPE, path.slope)}.", *lesson])


def _product(columns: Columns, path: WeightPath) -> Panel:
    heading, gradient, weight, source = "5  The product", gradient_name(path.weight), path.weight, path.source
    product = f"blame * slope * input = [~{path.blame_name}]*[~{SLOPE}]*[~{source}] = [{PRODUCT}]"
    if path.uses == 1:
        other = f"[?{PRODUCT}||| Another row may tell more.]" if columns.samples > 1 else ""
        lines = [
            f"{weight} is multiplied by the input {source} = [{source}], so {path.sum} changes by "
            f"[{source}] times any change of {weight}.",
            f"{gradient} = {product}.",
            _by_sign(PRODUCT, weight) + other,
        ]
        return Panel(heading, PRODUCT, lines)
    lines = [
        f"{weight} is used at {path.uses} places; at the first it is multiplied by {source} = [{source}].",
        f"The part of that place is {product}.",
        f"The parts of all {path.uses} places make {gradient} = [{gradient}].",
    ]
    return Panel(heading, gradient, lines)


def _all_rows(columns: Columns) -> str:
    rows, sequences = columns.method.batch_size, columns.sequences
    if columns.network.time == 1:
        return f"All {rows} rows of the batch"
    return f"All {rows} steps of the sequence{'s' * (sequences > 1)}"


def _step(columns: Columns, path: WeightPath, update: Tree) -> Panel:
    weight, method, new = path.weight, columns.method, NEW + path.weight
    how = "eta, the learning rate, says how far."
    how = how if method.optimizer == "sgd" else f"{method.optimizer} makes a step of the gradients up to now; {how}"
    if method.batch_size > 1:
        gradient = gradient_of_the_update(columns, weight)
        how = f"{_all_rows(columns)}: {in_words(columns, gradient)} = [{GRADIENT}]. {how}"
    short = len(in_words(columns, update)) <= WIDEST
    lines = [
        f"Above 0 means down and below 0 up: a step against the gradient makes the loss smaller. {how}",
        f"{_worked(columns, new, update)}." if short else f"{weight} was [{weight}] and is now [{new}].",
        f"If {gradient_name(weight)} stayed as it is on the way, this step alone would make the loss [{GAIN_SIZE}] "
        f"[?{GAIN}|smaller|larger|smaller]. All weights step at the same time.",
    ]
    return Panel("6  The step", new, lines)
