"""What imports what: the rooms of the house, and the doors between them."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# A room and what of ours it may import besides itself; the longest name that fits a module is its room.
DOORS = {
    "engine": [],
    "cnn": [],
    "workbook.trees": ["engine"],
    "workbook.spreadsheet": ["engine", "workbook.trees"],
    "workbook.table": ["engine", "workbook.spreadsheet", "workbook.trees"],
    "workbook.records": [],
    "workbook.stored": ["engine"],
    "workbook.generated": ["engine"],
    "workbook.write": [
        *("engine", "workbook.generated", "workbook.records"),
        *("workbook.write_charts", "workbook.write_drawing", "workbook.write_rules"),
    ],
    "workbook.write_charts": ["workbook.records"],
    "workbook.write_drawing": ["workbook.records"],
    "workbook.write_rules": ["workbook.records", "workbook.write_drawing"],
    "workbook.sheets": [
        *("engine", "workbook.records", "workbook.spreadsheet", "workbook.stored", "workbook.table", "workbook.trees"),
    ],
    "workbook.page": ["engine"],
    "workbook.audit": [
        *("engine", "workbook.gradcheck", "workbook.page", "workbook.spreadsheet", "workbook.table", "workbook.trees"),
    ],
    "workbook.classroom": [
        *("engine", "workbook.audit", "workbook.drawn", "workbook.generated", "workbook.page", "workbook.sheets"),
        *("workbook.table", "workbook.trees", "workbook.write"),
    ],
    # Of the audit it takes the bounded reader and what belongs to it, and which tables are ours.
    "workbook.gradcheck": [
        *("engine", "workbook.page", "workbook.trees", "workbook.audit.read", "workbook.audit.recalculate"),
        *("workbook.audit.shapes", "workbook.audit.tables", "workbook.audit.headed"),
    ],
    "workbook": ["engine"],
}
MODULES = sorted(path for room in ("engine", "cnn", "workbook") for path in (ROOT / room).rglob("*.py"))


def _imported(path: Path) -> set[str]:
    """The modules of ours that a module imports, inside of functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] in ("engine", "cnn", "workbook")}


def _has_kernels(name: str) -> bool:
    """Whether it is a function of the engine's mathematics; the tables of what there is, in capitals, are words."""
    module, _, word = name.rpartition(".")
    return module in ("engine.activations", "engine.losses", "engine.optimizers") and word[:1].islower()


def _is_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    room = max((room for room in DOORS if _is_in(module, room)), key=len)
    for name in _imported(path):
        assert any(_is_in(name, door) for door in (room, *DOORS[room])), f"{module} imports {name}"
        # The two sides of the proof must not share the mathematics.
        assert room == "engine" or not _has_kernels(name), f"{module} imports {name}"


def test_every_package_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES}
    assert set(listed) == folders
