"""What a table means: which network, which learning rate, which cells hold what."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.labels import LabelledCell
from workbook.inspect.find.network import Network
from workbook.inspect.find.numbers import PlainNumbers, one_sample
from workbook.inspect.find.rates import Rate
from workbook.inspect.find.resolve import Resolver
from workbook.inspect.find.scene import Scene
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.book import Book


@dataclass(frozen=True)
class Understood:
    """A table with all that is needed to judge it.

    Attributes:
        labelled: targets and inputs that stand in labelled cells outside of the table.
        one_sample: whether all rows have the same targets and inputs.
        resolver: says what the user's formulas compute.
    """

    book: Book
    table: Table
    network: Network
    rate: Rate | None
    labelled: dict[str, LabelledCell]
    numbers: PlainNumbers
    one_sample: bool
    resolver: Resolver

    @cached_property
    def scene(self) -> Scene:
        """Random rows of a right table of this kind."""
        rate = self.rate
        return _scene(self.network, self.one_sample, rate.value if rate is not None and rate.is_typed else None)


@lru_cache(maxsize=16)
def _scene(network: Network, same_samples: bool, rate: float | None) -> Scene:  # noqa: FBT001 - a key of the cache
    """The scene of all tables of one kind, as of the runs of a sweep: its random numbers take a while."""
    return Scene(network, same_samples=same_samples, rate=rate)


def understand(
    book: Book,
    table: Table,
    sizes: tuple[int, ...],
    rate: Rate | None,
    labels: Sequence[LabelledCell],
    variant: str = "",
) -> Understood:
    """Take a table for one of a network of some sizes, see Network for the variants."""
    bare = Network(sizes, frozenset())
    labelled = {
        label.name: label
        for label in labels
        if label.name in bare.samples and label.name not in table.columns and label.value is not None
    }
    network = Network(sizes, frozenset(table.columns) | frozenset(labelled), variant)
    values = {name: label.value for name, label in labelled.items() if label.value is not None}
    numbers = PlainNumbers(table, network, rate, values)
    same_sample = one_sample(numbers.columns, network.samples)
    meant = [label for label in labels if kind_of(label.name) == "bias"] + list(labelled.values())
    cells = {label.address: label.name for label in meant}
    resolver = Resolver(book, table, rate, cells, one_sample=same_sample)
    return Understood(book, table, network, rate, labelled, numbers, same_sample, resolver)
