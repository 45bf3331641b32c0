"""OpenFormula, in which .ods files hold their formulas, as the formulas of Excel that everything else here reads.

The differences, after OpenDocument 1.3, part 4: a reference stands in brackets with a dot before the cell,
[$'my sheet'.A1:.B2]; arguments are parted by ;, the rows of an array by |; some functions have a prefix.
"""

import re

SHEET = r"\$?('(?:[^']|'')*'|[^\s.'\[\]:#$]*)\."
# Texts come first, so that nothing in them is taken for a reference.
TOKEN = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")|\[(?P<reference>(?:'(?:[^']|'')*'|[^\]'])*)\]|(?P<array>\{[^}]*\})|(?P<sign>[;~])"""
    r"|(?P<prefix>\b(?:COM\.MICROSOFT|ORG\.(?:LIBREOFFICE|OPENOFFICE))\.)"
)
REFERENCE = re.compile(rf"{SHEET}([^:]*)(?::(?:{SHEET})?([^:]*))?")


def excel_formula(formula: str) -> str:
    """What table:formula holds, as Excel spells it without its =: of:=SUM([.A1:.B2];1) is SUM(A1:B2,1)."""
    _, _, plain = formula.partition("=")
    return TOKEN.sub(_excel_token, plain)


def excel_reference(reference: str) -> str:
    """A cell or a range, such as $Sheet1.A1:.B2, as Excel spells it: 'Sheet1'!A1:B2; what is none stays as it is."""
    parts = REFERENCE.fullmatch(reference)
    if parts is None:
        return reference
    sheet, first, _, last = parts.groups()
    cells = f"{first}:{last}" if last else first
    if not sheet:
        return cells
    return f"{sheet}!{cells}" if sheet.startswith("'") else f"'{sheet}'!{cells}"


def _excel_token(token: re.Match[str]) -> str:
    if token["reference"] is not None:
        return excel_reference(token["reference"])
    if token["array"] is not None:
        return token["array"].replace(";", ",").replace("|", ";")
    return token["text"] or ("," if token["sign"] else "")
