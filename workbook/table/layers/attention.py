"""Attention: each token of a sequence takes a mean of all tokens' values, weighted by softmax of the scores."""

from collections.abc import Iterator, Sequence

from engine import Columns
from engine.layers import Attention
from workbook.spreadsheet.algebra import ONE, ZERO, call, less, negated, over, own, plus, times
from workbook.spreadsheet.trees import Number, Tree, Variable
from workbook.table.definition import Definition
from workbook.table.functions import ACTIVATIONS
from workbook.table.layers.base import inputs_of, over_time, with_activations

IDEAS = {
    "query": "What this token asks: the numbers of the token, each times its own weight.",
    "key": "What this token answers to: the numbers of the token, each times its own weight.",
    "value": "What this token has to give: the numbers of the token, each times its own weight.",
}
SCORE = "How well this row's question fits the answer of a token: their products added up, over √(numbers of a head)."
SHARE = "The softmax of this row's scores: how much of a token is taken; a later one's is 0 where attention is causal."
CONTEXT = "What all tokens have to give, each times its share."


def forward(of: Attention, columns: Columns, layer: int) -> Iterator[Definition]:
    """q, k, v = W·x + b, s = q·k/√F, α = softmax(s), c = Σ α·v, z = Wo·c + bo."""
    names = {kind: columns.names_in(layer, kind) for kind in ("query", "key", "value", "context")}
    inputs = inputs_of(columns, layer)[0]
    for part, kind in enumerate(IDEAS):
        yield from _sums(columns, layer, part, names[kind], inputs, IDEAS[kind])
    features = len(inputs) // of.heads
    for head in range(of.heads):
        own_features = slice(head * features, (head + 1) * features)
        query, key, value, context = (names[kind][own_features] for kind in names)
        tokens = slice(head * of.time, (head + 1) * of.time)
        scores, shares = columns.names_in(layer, "score")[tokens], columns.names_in(layer, "share")[tokens]
        yield from (_score(columns, name, token, query, key) for token, name in enumerate(scores))
        yield from (_share(of, columns, name, token, scores, shares) for token, name in enumerate(shares))
        yield from (_mixed(columns, name, shares, of_token) for name, of_token in zip(context, value, strict=True))
    outputs = _sums(
        columns, layer, 3, columns.neuron_names(layer), names["context"], "What was taken, through weights."
    )
    yield from with_activations(columns, layer, outputs)


def _sums(
    columns: Columns, layer: int, part: int, names: Sequence[str], inputs: Sequence[str], idea: str
) -> Iterator[Definition]:
    """The inputs times one of the layer's four matrices, plus its biases."""
    rows = slice(part * len(names), (part + 1) * len(names))
    weights, biases = columns.weight_names(layer)[rows], columns.bias_names(layer)[rows]
    for row, name in enumerate(names):
        products = [times(own(weight), own(value)) for weight, value in zip(weights[row], inputs, strict=True)]
        yield Definition(name, plus(*products, *([own(biases[row])] if biases else [])), idea)


def _score(columns: Columns, name: str, token: int, query: Sequence[str], key: Sequence[str]) -> Definition:
    """q·k/√F of the row's query and the key of a token."""

    def at(position: int) -> Tree:
        products = (times(own(q), Variable(k, token - position)) for q, k in zip(query, key, strict=True))
        return over(plus(*products), call("SQRT", Number(len(query))))

    return over_time(columns, name, at, SCORE)


def _share(
    of: Attention, columns: Columns, name: str, token: int, scores: Sequence[str], shares: Sequence[str]
) -> Definition:
    """e^s/Σ e^s over the tokens that the row's may ask, whose slopes are α·(1 − α), and −α·α by the other scores."""

    def at(position: int) -> Tree:
        asked = [own(score) for score in scores[: position + 1 if of.causal else None]]
        return ACTIVATIONS["softmax"].value(own(scores[token]), asked) if token < len(asked) else ZERO

    slopes = {
        score: times(own(name), less(ONE, own(name)) if share == name else negated(own(share)))
        for score, share in zip(scores, shares, strict=True)
    }
    trees = over_time(columns, name, at, SHARE)
    return Definition(name, trees.tree, SHARE, others=trees.others, slopes=slopes)


def _mixed(columns: Columns, name: str, shares: Sequence[str], value: str) -> Definition:
    """Σ α·v over the tokens."""

    def at(position: int) -> Tree:
        return plus(*(times(own(share), Variable(value, token - position)) for token, share in enumerate(shares)))

    return over_time(columns, name, at, CONTEXT)
