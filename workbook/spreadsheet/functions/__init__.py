"""The functions of a spreadsheet, each with its value, its adjoint and its derivative as a formula in one record."""

from workbook.spreadsheet.functions import arithmetic, logic, matrices, statistics
from workbook.spreadsheet.functions.record import Function

FUNCTIONS: dict[str, Function] = {
    **arithmetic.FUNCTIONS,
    **logic.FUNCTIONS,
    **statistics.FUNCTIONS,
    **matrices.FUNCTIONS,
}
