"""Tables with this project's own headers: their names tell each step's loss, its parameters and their gradients."""

from collections.abc import Iterator

from engine import InputError
from engine.columns import gradient_name
from workbook.inspect.find.headed import Headed, is_plain
from workbook.inspect.find.inferred import headed
from workbook.inspect.find.named_cells import areas
from workbook.inspect.find.tables import find_tables
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.letters import letters_of

TRUNCATED = (
    "with bptt the gradients of the layers up to it are no derivatives of the loss: errors stop on their way back"
)
OUTPUT_FIRST = "the gradients of the layers before the last come from new weights: they are no derivatives of the loss"


def our_tables(cells: Cells) -> Iterator[Headed]:
    """The book's tables with our headers, but for those of the plain network, which are found like anybody's."""
    for sheet in cells.book.sheets:
        for table in find_tables(sheet):
            own = headed(cells.book, table)
            if own is not None and not is_plain(own.columns):
                yield own


def our_steps(cells: Cells, own: Headed) -> Iterator[tuple[Area, list[tuple[Area, Area]]]]:
    """Each step's loss, over its batch, and its parameters with their gradients, reduced over the batch."""
    columns, size = own.columns, own.columns.method.batch_size
    first = columns.depth - 1 if columns.method.update == "output-first" else columns.network.truncated
    layers = range(first, columns.depth)
    trained = [name for layer in layers for name in columns.trained_names(layer)]

    def over_batch(name: str, row: int) -> Area:
        letter = letters_of(own.sheet_columns[name])
        text = f"{letter}{row}" if size == 1 else f"=SUM({letter}{row}:{letter}{row + size - 1})/{columns.divisor}"
        return areas(cells, name, text, own.sheet.name)[0]

    for row in range(own.rows[0], own.rows[-1] + 2 - size, size):
        try:
            pairs = [
                (areas(cells, name, own.cell(name, row), own.sheet.name)[0], over_batch(gradient_name(name), row))
                for name in trained
            ]
            yield over_batch("E_tot", row), pairs
        except InputError:
            return  # no numbers from here on
