"""Tables that do something otherwise all through, and are right: the audit names what, and still finds a slip."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workbook.handmade import HandMade, save
from workbook.inspect.audit import audit
from workbook.inspect.findings import TableReport

WEIGHTS = [f"w{number}" for number in range(1, 9)]
GRADIENTS = [f"∂E/∂{weight}" for weight in WEIGHTS]


def without_half() -> HandMade:
    made = HandMade(rows=5)
    for loss in ("E1", "E2"):
        made.edit(loss, lambda text, _: text.replace("0.5*", ""))
    for gradient in GRADIENTS:
        made.edit(gradient, lambda text, _: f"=2*({text.removeprefix('=')})")
    return made


def negative_rate() -> HandMade:
    made = HandMade(rows=5, rate=-0.5)
    for weight in WEIGHTS:
        made.edit(weight, lambda text, _: text.replace(" - ", " + "))
    return made


VARIANTS = {
    "a variant: the losses have no ½, and so the gradients are twice as large": without_half,
    "a variant: the learning rate is negative, and so the step is added": negative_rate,
}
each = pytest.mark.parametrize(("words", "make"), VARIANTS.items(), ids=["no half", "negative rate"])


def table(made: HandMade, path: Path) -> TableReport:
    (report,) = audit(save(path, made.cells)).tables
    return report


@each
def test_a_variant_is_named_and_no_fault(words: str, make: Callable[[], HandMade], tmp_path: Path) -> None:
    report = table(make(), tmp_path / "variant.xlsx")
    assert (report.verdict, report.roots) == ("right", [])
    assert words in [finding.cause for finding in report.findings]


@each
def test_a_slip_in_a_variant_is_found(words: str, make: Callable[[], HandMade], tmp_path: Path) -> None:
    report = table(make().plant("∂E/∂w3", "a_h2", "a_h1"), tmp_path / "slip.xlsx")
    assert [root.column for root in report.roots] == ["∂E/∂w3"]
    assert words in [finding.cause for finding in report.findings]


def test_a_loss_without_its_half_alone_is_a_fault(tmp_path: Path) -> None:
    made = HandMade(rows=5)
    for loss in ("E1", "E2"):
        made.edit(loss, lambda text, _: text.replace("0.5*", ""))
    assert {root.column for root in table(made, tmp_path / "half.xlsx").roots} == {"E1", "E2"}


def test_one_weight_that_adds_its_step_is_a_fault(tmp_path: Path) -> None:
    made = HandMade(rows=5).edit("w2", lambda text, _: text.replace(" - ", " + "))
    assert {root.column for root in table(made, tmp_path / "plus.xlsx").roots} == {"w2"}
