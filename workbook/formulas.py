"""The mathematics of the table a second time: each column's formula, spelled over the names of its cells.

This is independent of the engine on purpose. The engine works with matrices and shares intermediate results; here
every column is one self-contained spreadsheet expression. That the two agree is the proof that both are right.
"""

from dataclasses import dataclass

from engine import Columns
from engine.columns import activation_name, gradient_name


@dataclass(frozen=True)
class Formula:
    """A spreadsheet expression over column names and `eta`, such as `w1*i1 + w2*i2`.

    Attributes:
        text: the expression, without a leading `=`.
        from_row_above: whether the names stand for the cells of the row above instead of the formula's own row.
    """

    text: str
    from_row_above: bool = False


def given_names(columns: Columns) -> list[str]:
    """The columns whose first row is typed in, not computed: targets, inputs and weights."""
    return columns.target_names + columns.input_names + _weights(columns)


def formulas(columns: Columns) -> dict[str, Formula]:
    """Each column's formula, in the table's order; the given columns' formulas hold from the second row on.

    The equations are those of gradient descent on E = Σ ½(t − a)² with a = σ(z) and z = Σ w·input: see `_delta`
    for the chain rule.
    """
    spelled = {name: Formula(name, from_row_above=True) for name in columns.target_names + columns.input_names}
    for weight in _weights(columns):
        spelled[weight] = Formula(f"{weight} - eta*{gradient_name(weight)}", from_row_above=True)
    for layer in range(columns.depth):
        inputs = _inputs(columns, layer)
        for neuron, weights in zip(columns.neuron_names(layer), columns.weight_names(layer), strict=True):
            spelled[neuron] = Formula(" + ".join(f"{w}*{i}" for w, i in zip(weights, inputs, strict=True)))
            # EXP overflows above 709; the rest of the sheet must survive any learning rate.
            spelled[activation_name(neuron)] = Formula(f"1/(1+EXP(MIN(709,-{neuron})))")
    outputs = columns.neuron_names(columns.depth - 1)
    for loss, target, output in zip(columns.loss_names, columns.target_names, outputs, strict=True):
        spelled[loss] = Formula(f"0.5*({target}-{activation_name(output)})^2")
    spelled["E_tot"] = Formula(" + ".join(columns.loss_names))
    for layer in range(columns.depth):
        inputs = _inputs(columns, layer)
        for place, weights in enumerate(columns.weight_names(layer)):
            for weight, value in zip(weights, inputs, strict=True):
                spelled[gradient_name(weight)] = Formula(f"{_delta(columns, layer, place)}*{value}")
    return {name: spelled[name] for name in columns.names}


def _delta(columns: Columns, layer: int, place: int) -> str:
    """∂E/∂z of a neuron: its share of the error, times σ'(z) = a·(1−a).

    An output's share is a − t. A hidden neuron's is the sum, over the neurons that it feeds, of their ∂E/∂z times
    the weight between.
    """
    a = activation_name(columns.neuron_names(layer)[place])
    if layer == columns.depth - 1:
        return f"({a}-{columns.target_names[place]})*{a}*(1-{a})"
    terms = [
        f"{_delta(columns, layer + 1, after)}*{weights[place]}"
        for after, weights in enumerate(columns.weight_names(layer + 1))
    ]
    return f"({' + '.join(terms)})*{a}*(1-{a})"


def _inputs(columns: Columns, layer: int) -> list[str]:
    if layer == 0:
        return columns.input_names
    return [activation_name(neuron) for neuron in columns.neuron_names(layer - 1)]


def _weights(columns: Columns) -> list[str]:
    return [name for layer in range(columns.depth) for row in columns.weight_names(layer) for name in row]
