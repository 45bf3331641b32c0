"""The keys of an experiment file, but for those of each kind of layer: what reads each one's value, and its default."""

from typing import Any

from engine.experiment_words import vocabulary
from engine.layers import LAYERS
from engine.losses import LOSSES
from engine.network import REDUCTIONS, UPDATES
from engine.optimizers import OPTIMIZERS, SCHEDULES
from engine.reading import (
    REQUIRED,
    Key,
    Keys,
    above_0,
    boolean,
    from_0_up,
    list_of,
    nested_numbers,
    read_table,
    share,
    tables,
    text,
    whole_number,
    word,
)

# The constants of all optimizers and schedules, in torch's ranges; `betas` are Adam's beta1 and beta2.
CONSTANTS: Keys = {
    "momentum": Key(from_0_up),
    "dampening": Key(share),
    "momentum_decay": Key(from_0_up),
    "betas": Key(list_of(share, 2)),
    "alpha": Key(share),
    "rho": Key(share),
    "eps": Key(from_0_up),
    "weight_decay": Key(from_0_up),
    "l1_decay": Key(from_0_up),
    "step_size": Key(whole_number(1)),
    "gamma": Key(above_0),
    "T_max": Key(whole_number(1)),
    "eta_min": Key(from_0_up),
    "decay": Key(from_0_up),
    "warm_up": Key(whole_number(1)),
}
RUN: Keys = {
    "learning_rate": Key(from_0_up),
    "optimizer": Key(word(OPTIMIZERS)),
    "schedule": Key(word(SCHEDULES)),
    **CONSTANTS,
}
TRAINING: Keys = {
    "steps": Key(whole_number(1, 1_000_000), 80),
    "batch_size": Key(whole_number(1)),
    "reduction": Key(word(REDUCTIONS), "mean"),
    "update": Key(word(UPDATES), "simultaneous"),
    **RUN,
    "learning_rate": Key(from_0_up, REQUIRED),
    "optimizer": Key(word(OPTIMIZERS), "sgd"),
    "schedule": Key(word(SCHEDULES), "constant"),
    "learning_rates": Key(list_of(from_0_up)),
    "runs": Key(tables(RUN), ()),
}


def layer(where: str, value: Any) -> dict[str, Any]:
    """Read a [[network.layers]] table, by its kind's keys."""
    kind = value.get("kind", "dense") if isinstance(value, dict) else "dense"
    keys = LAYERS[word(LAYERS)(f"{where}.kind", kind)].keys
    return read_table(where, value, {"kind": Key(text, "dense"), "name": Key(text), **keys})


def shape(where: str, value: Any) -> tuple[int, ...]:
    """Read how many inputs there are, or the channels, rows and columns of a picture."""
    if isinstance(value, list):
        return tuple(list_of(whole_number(1, 1000), 3)(where, value))
    return (whole_number(1, 1000)(where, value),)


NETWORK: Keys = {
    "inputs": Key(shape, REQUIRED),
    "layers": Key(list_of(layer), REQUIRED),
    "loss": Key(word(LOSSES), "half-squared-error"),
    "vocabulary": Key(vocabulary, ()),
    "seed": Key(whole_number(0), 1),
    "deltas": Key(boolean, default=True),
}
SAMPLE: Keys = {"inputs": Key(list_of(nested_numbers), REQUIRED), "targets": Key(list_of(nested_numbers), REQUIRED)}
FILE: Keys = {
    "name": Key(text, ""),
    "look_for": Key(text, ""),
    "network": Key(lambda where, value: read_table(where, value, NETWORK), REQUIRED),
    "training": Key(lambda where, value: read_table(where, value, TRAINING), REQUIRED),
    "samples": Key(tables(SAMPLE)),
    "data": Key(text),
}
