"""Random experiments for the tests, drawn by hypothesis."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from engine import Experiment, Network

numbers = st.floats(-3, 3, allow_subnormal=False)


@st.composite
def experiments(draw: st.DrawFn, largest: int = 4, deepest: int = 4) -> Experiment:
    """A network of 1 to `deepest` layers of 1 to `largest` neurons, with two learning rates."""
    sizes = draw(st.lists(st.integers(1, largest), min_size=2, max_size=deepest + 1))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = (draw(st.floats(0, 5)), draw(st.floats(0, 5)))
    return Experiment(
        network=Network.plain(tuple(sizes)),
        weights=tuple(generator.uniform(-2, 2, (after, before)) for before, after in pairwise(sizes)),
        inputs=generator.uniform(-2, 2, (1, sizes[0])),
        targets=generator.uniform(0, 1, (1, sizes[-1])),
        learning_rate=rates[0],
        learning_rates=rates,
        steps=draw(st.integers(1, 5)),
    )
