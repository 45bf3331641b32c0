"""Updates found by their form: a cell P′ that is P less something, where that something depends on P."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from workbook.inspect.find.words_beside import label, letter_of
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.blocks import blocks
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.readers import Readers
from workbook.spreadsheet.trees import Name, Operation, Range, Reference, Tree, UnsupportedError


@dataclass(frozen=True)
class Link:
    """A parameter's cells and those that hold it after an update."""

    parameter: Area
    update: Area


@dataclass(frozen=True)
class StepUpdates:
    """The updates of one step of one network.

    Attributes:
        barrier: the formulas, by number, with which another step begins.
    """

    links: tuple[Link, ...]
    readers: Readers = field(repr=False)
    barrier: frozenset[int] = field(repr=False)

    def dependents(self) -> set[int]:
        """The formulas, by number, that depend on all of its parameters and on none of its updates."""
        shared = self.readers.shared([link.parameter for link in self.links], barrier=self.barrier)
        return shared - self.barrier

    @property
    def cell_pairs(self) -> list[tuple[Area, Area]]:
        """Each parameter's cells with those after the update."""
        return [(link.parameter, link.update) for link in self.links]


def steps(readers: Readers) -> list[StepUpdates]:
    """Every step of every network in a book, in the order of the formulas."""
    links = _one_each(_of_parameters(readers, list(_links(readers))))
    held = {address for link in links for area in (link.parameter, link.update) for address in area.addresses()}
    barrier = frozenset(readers.position[address] for address in held if address in readers.position)
    levels = _levels(links)
    leading = readers.ancestors(link.update for link in links)
    shifts = {_shift(link) for link in links}
    copies = [link for link in _copies(readers, shifts) if not {link.parameter.first, link.update.first} & held]
    found = []
    for _, level in groupby(sorted(links, key=lambda link: levels[link]), key=lambda link: levels[link]):
        some = list(level)
        found += [_step(readers, group, copies, barrier) for group in _connected(readers, some, barrier, leading)]
    return found


def _shift(link: Link) -> tuple[bool, int, int]:
    """Where an update lies from its parameter: whether on the same sheet, and how many rows and columns further."""
    one, other = link.parameter, link.update
    return one.sheet == other.sheet, other.top - one.top, other.left - one.left


def _one_each(links: list[Link]) -> list[Link]:
    """One update of each parameter: of several the one that lies from it as most updates do; others may be nudged
    copies.
    """
    counts: Counter[tuple[bool, int, int]] = Counter()
    for link in links:
        counts[_shift(link)] += link.update.size
    taken: set[Address] = set()
    kept: set[Link] = set()
    for link in sorted(links, key=lambda link: -counts[_shift(link)]):
        addresses = set(link.parameter.addresses())
        if not addresses & taken:
            taken |= addresses
            kept.add(link)
    return [link for link in links if link in kept]


def _of_parameters(readers: Readers, links: list[Link]) -> list[Link]:
    """The links whose parameter is given or updated: in z less the largest z, as in a softmax, z is computed."""
    updated = {address for link in links for address in link.update.addresses()}
    first = {link: readers.cells.formula(link.parameter.first) for link in links}
    computed = readers.dependents(link.parameter for link in links if first[link] is None)

    def starts(link: Link) -> bool:
        formula = first[link]
        if formula is None or formula.home in updated or _copied(readers.cells, formula) is not None:
            return True
        return readers.position.get(formula.home) not in computed

    return [link for link in links if starts(link)]


def _links(readers: Readers) -> Iterator[Link]:
    """The updates by their form, block by block."""
    cells = readers.cells
    for block in blocks(formula for formula in readers.formulas if any(_origins(cells, formula))):
        first = cells.formula(block.first)
        for origin in _origins(cells, first) if first is not None else ():
            parameter = origin if first is not None and first.array else _stretched(origin, block)
            if parameter.shape == block.shape and _depends(readers, parameter, block):
                for link in _strips(Link(parameter, block)):
                    yield from _carried_strips(cells, link)
                break


def _carried_strips(cells: Cells, link: Link) -> Iterator[Link]:
    """A link cut where the parameters are carried over from its own updates: new parameters beside the old ones, each
    row of which begins with what the row above ended with.
    """
    rows, columns = link.parameter.shape
    for down in range(1, rows):
        formula = cells.formula(link.parameter.cell(down, 0).first)
        origin = None if formula is None else _copied(cells, formula)
        if origin is not None and link.update.holds(origin.first):
            for top in range(0, rows, down):
                shape = min(down, rows - top), columns
                yield Link(link.parameter.part(top, 0, shape), link.update.part(top, 0, shape))
            return
    yield link


def _strips(link: Link) -> Iterator[Link]:
    """A link cut where updates are filled over their own parameters, step after step: into those of one step each."""
    parameter, update = link.parameter, link.update
    down, across = update.top - parameter.top, update.left - parameter.left
    rows, columns = update.shape
    if parameter.sheet != update.sheet or abs(down) >= rows or abs(across) >= columns:
        yield link
        return
    tall, wide = (rows, abs(across)) if across else (abs(down), columns)
    for top in range(0, rows, tall):
        for left in range(0, columns, wide):
            shape = min(tall, rows - top), min(wide, columns - left)
            yield Link(parameter.part(top, left, shape), update.part(top, left, shape))


def _stretched(origin: Area, block: Area) -> Area:
    rows, columns = block.shape
    return Area(origin.sheet, origin.top, origin.left, origin.top + rows - 1, origin.left + columns - 1)


def _origins(cells: Cells, formula: Formula) -> Iterator[Area]:
    """The references that are terms of a formula that is a sum or a difference, as large as its own cells."""
    if formula.kind not in ("+", "-"):
        return
    for term in _terms(formula.tree):
        try:
            leaf = cells.meaning(term, formula.home) if isinstance(term, Name) else term
            if isinstance(leaf, Reference | Range):
                area = cells.area_of(leaf, formula.home)
                if area.shape == formula.area.shape and area != formula.area:
                    yield area
        except UnsupportedError:
            continue


def _terms(tree: Tree) -> Iterator[Tree]:
    """The terms of a sum that are added; one that is subtracted is no old value of a parameter."""
    if isinstance(tree, Operation) and tree.kind in ("+", "-"):
        yield from _terms(tree.operands[0])
        if tree.kind == "+":
            yield from _terms(tree.operands[1])
    else:
        yield tree


def _depends(readers: Readers, parameter: Area, block: Area) -> bool:
    """Whether an update reads something else that depends on the parameter."""
    first = readers.cells.formula(block.first)
    if first is None:
        return False
    read = (
        address
        for area in readers.cells.readable(first)
        if area != parameter and not (area.size == 1 and parameter.holds(area.first))
        for address in readers.cells.formulas_in(area)
    )
    return readers.depends(read, readers.direct(parameter))


def _levels(links: Sequence[Link]) -> dict[Link, int]:
    """How many updates came before each link's parameter."""
    by_update = {address: link for link in links for address in link.update.addresses()}
    levels: dict[Link, int] = {}
    for link in links:
        path = []
        current: Link | None = link
        while current is not None and current not in levels and current not in path:
            path.append(current)
            current = by_update.get(current.parameter.first)
        base = levels.get(current, -1) if current is not None else -1
        for back, inner in enumerate(reversed(path), start=1):
            levels[inner] = base + back
    return levels


def _connected(readers: Readers, links: Sequence[Link], barrier: frozenset[int], leading: set[int]) -> list[list[Link]]:
    """Links of one network: the update of one depends on the parameter of another.

    Args:
        leading: the formulas that lead to an update.
    """
    group = list(range(len(links)))

    def root(at: int) -> int:
        while group[at] != at:
            group[at] = at = group[group[at]]
        return at

    # Each formula is counted to one of the links that it depends on; links that lead to one formula are of one network.
    numbers = {link.update.first: number for number, link in enumerate(links)}
    reached = readers.dependents([link.parameter for link in links], within=leading, barrier=barrier)
    of = {at: numbers[home] for at in reached if (home := readers.formulas[at].home) in numbers}
    for number, link in enumerate(links):
        for at in readers.direct(link.parameter) & reached:
            group[root(of.setdefault(at, number))] = root(number)
    for at in sorted(reached):
        for after in readers.next(at) & reached if at not in barrier else ():
            group[root(of.setdefault(after, of[at]))] = root(of[at])
    found: dict[int, list[Link]] = {}
    for number, link in enumerate(links):
        found.setdefault(root(number), []).append(link)
    return list(found.values())


def _step(readers: Readers, links: Sequence[Link], copies: Sequence[Link], barrier: frozenset[int]) -> StepUpdates:
    """A step with its frozen parameters: those copied unchanged where other weights or biases are updated."""
    step = StepUpdates(tuple(links), readers, barrier)
    shifts = {_shift(link) for link in links}
    copies = [copy for copy in copies if _shift(copy) in shifts]
    if not copies:
        return step
    any_ = readers.dependents((link.parameter for link in links), barrier=barrier)
    near = [
        copy
        for copy in copies
        if any_ & readers.direct(copy.parameter)
        and step.dependents() & readers.dependents([copy.parameter], barrier=barrier)
    ]
    letters = {_letter(readers.cells, link) for link in links} if near else set()
    return replace(step, links=(*links, *(copy for copy in near if _letter(readers.cells, copy) in letters)))


def _copies(readers: Readers, shifts: Container[tuple[bool, int, int]]) -> Iterator[Link]:
    """Parameters, by their labels, that are copied unchanged to where an update would stand."""
    for formula in readers.formulas:
        origin = _copied(readers.cells, formula)
        if origin is not None:
            link = Link(origin, formula.area)
            if _shift(link) in shifts and _letter(readers.cells, link):
                yield link


def _letter(cells: Cells, link: Link) -> str:
    """Whether a link's labels tell of a weight, "w", or a bias, "b"."""
    return letter_of(label(cells, link.parameter)) or letter_of(label(cells, link.update))


def _copied(cells: Cells, formula: Formula) -> Area | None:
    if formula.kind:
        return None
    try:
        tree = formula.tree
        if isinstance(tree, Reference | Range):
            area = cells.area_of(tree, formula.home)
            return area if area.shape == formula.area.shape else None
    except UnsupportedError:
        pass
    return None
