"""Which judge a table comes before: what it is taken for, and who knows the causes of its slips."""

from collections.abc import Sequence

from engine import Columns
from workbook.inspect.explain.causes import SearchedCauses
from workbook.inspect.explain.definitions import DefinedCauses
from workbook.inspect.find.headed import Headed, is_plain
from workbook.inspect.find.headed_case import HeadedCase
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.inferred import headed
from workbook.inspect.find.labels import LabelledCell
from workbook.inspect.find.network import NEGATIVE_RATE, NO_HALF, possible_sizes
from workbook.inspect.find.rates import Rate, find_rates
from workbook.inspect.find.tables import Table
from workbook.inspect.find.understand import understand
from workbook.inspect.find.understood_case import UnderstoodCase
from workbook.inspect.judge.judge import Judge
from workbook.spreadsheet.book import Book


def judge_of(book: Book, table: Table, labels: Sequence[LabelledCell], learning_rate: float | None) -> Judge | None:
    """The judge of what fits a table best: its own headers, or else a plain network; None where nothing fits."""
    if (own := _ours(book, table)) is not None:
        ours = HeadedCase(own)
        return Judge(ours, DefinedCauses(ours.comparison))
    if any(kind_of(name) == "bias" for name in table.columns):
        return None
    found = []
    for sizes in possible_sizes(table.columns):
        known = Columns.plain(sizes).of("weight")
        weights = [name for name in table.columns if name in known]
        rates: list[Rate | None] = [*find_rates(book, table, labels, weights)] or [None]
        if learning_rate is not None:
            rates = [_overridden(rates[0], learning_rate)]
        found += [UnderstoodCase(understand(book, table, sizes, rate, labels)) for rate in rates]
    if not found:
        return None
    judges = [_judge(case) for case in found]
    best = judges[0] if len(judges) == 1 else min(judges, key=lambda judge: judge.judgement.faults)
    case = found[judges.index(best)]
    sizes, rate = case.network.sizes, case.understood.rate
    variants = [NO_HALF] if case.is_doubled() else []
    variants += [NEGATIVE_RATE] if rate is not None and rate.value is not None and rate.value < 0 else []
    varied = [_judge(UnderstoodCase(understand(book, table, sizes, rate, labels, variant))) for variant in variants]
    return min([best, *varied], key=lambda judge: judge.judgement.faults) if varied else best


def _judge(case: UnderstoodCase) -> Judge:
    return Judge(case, SearchedCauses(case.understood))


def _ours(book: Book, table: Table) -> Headed | None:
    """The table with its own headers; None for any other, and for one of a plain network beside other columns."""
    own = headed(book, table)
    if own is None:
        return None
    apart = not set(table.columns.values()) <= set(own.sheet_columns.values())
    return None if is_plain(own.columns) and (apart or possible_sizes(table.columns)) else own


def _overridden(rate: Rate | None, value: float) -> Rate:
    if rate is not None and rate.value == value:
        return rate
    told = "" if rate is None or rate.value is None else f"; the sheet has {rate.value:g}"
    return Rate(f"{value:.15g}", value, note=f"the learning rate {value:g} was given{told}")
