"""The cells of a column by what their formulas compute: rows that are filled alike are judged together."""

from collections.abc import Iterator

from workbook.inspect.find.case import Group
from workbook.inspect.find.resolve import Signature
from workbook.inspect.find.understand import Understood
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Tree, UnsupportedError

# More different formulas than this in one column are judged by their numbers alone: naming a cause takes a while.
MOST_FORMULAS = 50

OTHERS_EVERYWHERE = "it reads other typed numbers in every row"
TOO_MANY = f"the column has more than {MOST_FORMULAS} different formulas"


def groups(understood: Understood, name: str) -> Iterator[Group]:
    """The groups of a column, without its first cell where that is given."""
    table, given = understood.table, name in understood.network.given
    shapes = table.sheet.shapes.get(table.columns[name], {})
    by_key: dict[str | None, tuple[Shape | None, list[int]]] = {}
    there = table.at[:-1] if table.ends_early(name) else table.at
    for row, at in enumerate(there[given:], start=given):
        shape = shapes.get(at)
        by_key.setdefault(None if shape is None else shape.key, (shape, []))[1].append(row)
    formulas = [(shape, rows) for shape, rows in by_key.values() if shape is not None]
    for shape, rows in formulas[:MOST_FORMULAS]:
        yield from _of_shape(understood, shape, rows)
    if rest := formulas[MOST_FORMULAS:]:
        yield Group(rest[0][0], tuple(sorted(row for _, rows in rest for row in rows)), reason=TOO_MANY)
    if None in by_key:
        yield Group(None, tuple(by_key[None][1]))


def _of_shape(understood: Understood, shape: Shape, rows: list[int]) -> Iterator[Group]:
    table, resolver = understood.table, understood.resolver
    # Where a formula leads alike from all rows, only those may differ above which there is a spacer, or nothing.
    following = [row for row in rows if row not in table.starts] if resolver.uniform(shape) else []
    alike: dict[Signature, list[int]] = {}
    for row in sorted(set(rows) - set(following)):
        alike.setdefault(resolver.signature(shape, table.at[row]), []).append(row)
    if not following and len(alike) > max(2, min(len(rows) / 2, MOST_FORMULAS)):
        yield Group(shape, tuple(rows), reason=OTHERS_EVERYWHERE)
        return
    if following:
        alike["follows",] = following
    same: dict[Tree | str, list[int]] = {}
    for members in alike.values():
        group = _group(understood, shape, members)
        same.setdefault(group.tree or group.reason, []).extend(members)
    for key, found in same.items():
        members = sorted(found)
        tree, reason = (None, key) if isinstance(key, str) else (key, "")
        yield Group(shape, tuple(members), tree, reason)


def _group(understood: Understood, shape: Shape, rows: list[int]) -> Group:
    try:
        tree = understood.resolver.tree(shape, understood.table.at[rows[0]])
        understood.scene.evaluated(tree)  # a function that is not supported shows here
        return Group(shape, tuple(rows), tree)
    except UnsupportedError as error:
        return Group(shape, tuple(rows), reason=str(error))
