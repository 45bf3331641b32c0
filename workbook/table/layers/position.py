"""Positions: numbers for a token's position in its sequence are added to the token's own."""

from collections.abc import Iterator
from functools import partial

from engine import Columns
from engine.layers import Position
from engine.layers.position import LONGEST
from workbook.spreadsheet.algebra import call, over, own, plus, power
from workbook.spreadsheet.trees import Number, Tree
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, over_time, with_activations


def forward(of: Position, columns: Columns, layer: int) -> Iterator[Definition]:
    """z = x + p, with p the weights of the row's position, or sin and cos of it."""
    if not of.learned:
        waves = columns.names_in(layer, "wave")
        idea = "A wave at this position of the sequence, counted from 0: sin and cos in turn, each pair slower."
        for feature, name in enumerate(waves):
            yield over_time(columns, name, partial(_wave, feature, len(waves)), idea)
    yield from with_activations(columns, layer, _moved(of, columns, layer))


def _wave(feature: int, features: int, position: int) -> Tree:
    slower = power(Number(LONGEST), over(Number(feature - feature % 2), Number(features)))
    return call("COS" if feature % 2 else "SIN", over(Number(position), slower))


def _moved(of: Position, columns: Columns, layer: int) -> Iterator[Definition]:
    idea = "What goes in, plus the number of this position of the sequence."
    encodings = columns.weight_names(layer) if of.learned else [columns.names_in(layer, "wave")] * of.time
    for feature, (name, value) in enumerate(
        zip(columns.neuron_names(layer), inputs_of(columns, layer)[0], strict=True)
    ):

        def at(position: int, feature: int = feature, value: str = value) -> Tree:
            return plus(own(value), own(encodings[position][feature]))

        yield over_time(columns, name, at, idea)
