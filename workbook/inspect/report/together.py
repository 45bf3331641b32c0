"""Findings that have one cause, together."""

from collections.abc import Hashable, Iterable, Sequence

from workbook.inspect.findings import Finding

# Fewer are told one by one, each with what is expected.
FEWEST_TOGETHER = 3


def grouped(roots: Sequence[Finding]) -> list[list[Finding]]:
    """Faults of several columns that read alike together, the others alone."""
    together = _by((finding.cause, finding) for finding in roots)
    return [part for group in together for part in ([group] if len(group) >= FEWEST_TOGETHER else [[f] for f in group])]


def grouped_notes(notes: Sequence[Finding]) -> list[list[Finding]]:
    """Notes that say the same of several columns together."""
    return _by(((note.cause.removeprefix(note.column), note.at), note) for note in notes)


def _by(pairs: Iterable[tuple[Hashable, Finding]]) -> list[list[Finding]]:
    found: dict[Hashable, list[Finding]] = {}
    for key, finding in pairs:
        found.setdefault(key, []).append(finding)
    return list(found.values())
