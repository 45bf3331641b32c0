"""How a step changes the weights: what their columns, and the optimizer's states, are from the second batch on."""

from collections.abc import Iterator

from engine import Columns
from engine.columns import gradient_name
from workbook.spreadsheet.algebra import ONE, above, call, less, over, own, plus, times
from workbook.spreadsheet.trees import Number, Tree, Variable
from workbook.table.definition import Definition
from workbook.table.optimizers import OPTIMIZERS, Step

# The learning rate of a row; where a schedule changes it, RATE is the one that is typed in.
ETA = Variable("eta", 0)
RATE = Variable("eta_0", 0)


def updates(columns: Columns) -> Iterator[Definition]:
    """Each weight and bias, from the second batch on, and the optimizer's states."""
    method = columns.method
    rate = ETA if method.schedule == "constant" else above(ETA.name)
    optimizer = OPTIMIZERS[method.optimizer]
    for column in columns.all:
        if column.kind not in ("weight", "bias"):
            continue
        name = column.name
        if name not in columns.trained:
            yield Definition(name, above(name), "This bias is fixed: it stays the same in every row.", 1)
            continue
        gradient = _reduced(columns, gradient_name(name))
        before: Tree = above(name)
        if "weight_decay" in method.decays and method.optimizer != "adamw":
            gradient = plus(gradient, times(own("weight_decay"), before))
        if "l1_decay" in method.decays:
            gradient = plus(gradient, times(own("l1_decay"), call("SIGN", before)))
        states = {letter: f"{letter}_{name}" for letter in columns.states}
        step = Step(
            weight=before,
            gradient=gradient,
            before={letter: above(state) for letter, state in states.items()},
            after={letter: own(state) for letter, state in states.items()},
            rate=rate,
            number=above("step"),
        )
        if method.optimizer == "adamw":
            before = times(before, less(ONE, times(rate, own("weight_decay"))))
        yield of_batch(columns, name, less(before, optimizer.change(step)), _update_idea(columns))
        for letter, state in states.items():
            yield of_batch(columns, state, optimizer.states[letter](step), STATE_IDEAS[letter])


STATE_IDEAS = {
    "v": "The velocity: what is left of the one before, plus the gradient that made this row's weights.",
    "m": "The running mean of the gradients, which starts at 0.",
    "s": "The running mean or sum of the squared gradients, which starts at 0.",
    "u": "The largest gradient so far, plus eps; what came before fades with each step.",
    "q": "One less the product of all momentums so far; it starts at 0.",
    "d": "The running mean of the squared changes, before the learning rate; it starts at 0.",
}


def _reduced(columns: Columns, gradient: str) -> Tree:
    """A gradient of the batch before the own row."""
    size = columns.method.batch_size
    if size == 1:
        return above(gradient)
    return over_rows(columns, gradient, -size, -1)


def _update_idea(columns: Columns) -> str:
    method = columns.method
    if method.optimizer != "sgd":
        return f"The weight of the row above, less the step of {method.optimizer}."
    whose = "of the row above" if method.batch_size == 1 else f"({method.reduction} over the batch above)"
    return f"Gradient descent: the weight of the row above, less eta times its gradient {whose}. Freeze eta."


def of_batch(columns: Columns, name: str, tree: Tree, idea: str) -> Definition:
    """What changes with each batch and stays the same inside of it; its first row is typed in."""
    return Definition(name, tree, idea, 1, (above(name),) * (columns.method.batch_size - 1))


def over_rows(columns: Columns, name: str, first: int, last: int) -> Tree:
    """A column's mean or sum over rows of a batch, by offset from the own row; of sequences over their number."""
    rows = call("block", *(Variable(name, row) for row in range(first, last + 1)))
    if columns.method.reduction == "mean" and columns.network.time == 1:
        return call("AVERAGE", rows)
    return call("SUM", rows) if columns.divisor == 1 else over(call("SUM", rows), Number(columns.divisor))
