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
    "workbook.spreadsheet": ["engine"],
    "workbook.table": ["engine", "workbook.spreadsheet"],
    "workbook.records": [],
    "workbook.stored": ["engine"],
    "workbook.generated": ["engine"],
    "workbook.write": [
        *("engine", "workbook.generated", "workbook.records"),
        *("workbook.write_cells", "workbook.write_charts", "workbook.write_controls", "workbook.write_drawing"),
        *("workbook.write_pages", "workbook.write_rules", "workbook.write_styles"),
    ],
    "workbook.write_cells": ["workbook.records"],
    "workbook.write_charts": ["workbook.records"],
    "workbook.write_controls": ["workbook.records"],
    "workbook.write_drawing": ["workbook.records"],
    "workbook.write_pages": ["workbook.records"],
    "workbook.write_rules": ["workbook.records", "workbook.write_drawing"],
    "workbook.write_styles": ["workbook.records"],
    "workbook.sheets": ["engine", "workbook.records", "workbook.spreadsheet", "workbook.stored", "workbook.table"],
    "workbook.digit": ["engine", "workbook.records", "workbook.spreadsheet", "workbook.write"],
    "workbook.page": ["engine"],
    "workbook.playground": ["engine", "workbook.page", "workbook.plan", "workbook.write"],
    "workbook.walk": [
        *("engine", "workbook.page", "workbook.sheets.shown", "workbook.sheets.story_numbers"),
        *("workbook.sheets.neurons", "workbook.sheets.story_path", "workbook.spreadsheet", "workbook.table"),
    ],
    "workbook.inspect.findings": ["workbook.inspect.find.excerpt"],
    "workbook.inspect.find": ["engine", "workbook.spreadsheet", "workbook.table"],
    # find, judge, explain, report: each knows those before it, none those behind it.
    "workbook.inspect.judge": [
        *("engine", "workbook.inspect.find", "workbook.inspect.findings", "workbook.spreadsheet", "workbook.table"),
    ],
    "workbook.inspect.explain": [
        *("engine", "workbook.inspect.find", "workbook.inspect.findings", "workbook.inspect.judge"),
        *("workbook.spreadsheet", "workbook.table"),
    ],
    "workbook.inspect": ["engine", "workbook.page", "workbook.spreadsheet", "workbook.table"],
    "workbook.classroom": [
        *("engine", "workbook.inspect", "workbook.drawn", "workbook.generated", "workbook.page", "workbook.sheets"),
        *("workbook.spreadsheet", "workbook.table", "workbook.write"),
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


def test_an_audit_finds_then_judges_then_explains_then_reports() -> None:
    rooms = [f"workbook.inspect.{room}" for room in ("find", "judge", "explain", "report")]
    for at, room in enumerate(rooms):
        imported = {name for path in (ROOT / room.replace(".", "/")).glob("*.py") for name in _imported(path)}
        assert [name for name in imported for later in rooms[at + 1 :] if _is_in(name, later)] == []


@pytest.mark.parametrize("package", ["engine", "cnn", "workbook"])
def test_no_two_public_classes_of_a_package_share_a_name(package: str) -> None:
    modules: dict[str, list[str]] = {}
    # What is written into a script stands beside nothing of ours: there a layer's class has the layer's name.
    for path in set((ROOT / package).rglob("*.py")) - {ROOT / "engine/export/torch_parts.py"}:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in modules.items() if len(paths) > 1} == {}


def test_every_package_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES}
    assert set(listed) == folders
