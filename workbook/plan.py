"""The workbook's sheets, in their order."""

from engine import Experiment, descend
from workbook.records import SheetPlan
from workbook.sheets.attention import attention_sheets
from workbook.sheets.check import check_sheet
from workbook.sheets.derivation import derivation_sheet
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.introduction import TITLE
from workbook.sheets.landscape import landscape_sheet
from workbook.sheets.learning_rates import learning_rates_sheet, rate_cell, run_name
from workbook.sheets.maps import has_maps, maps_sheet
from workbook.sheets.predictions import has_predictions, predictions_sheet
from workbook.sheets.story import story_sheet
from workbook.sheets.training import main_sheet, run_sheet
from workbook.sheets.unrolled import has_unrolled, unrolled_sheet
from workbook.stored import as_stored
from workbook.table.layout import Layout
from workbook.table.runs import sweep

# Longer runs are on the main sheet alone, and large networks with fewer steps elsewhere: the other sheets repeat every
# number several times over. 600 rows of the default network have so many cells.
CELLS_OF_THE_OTHER_SHEETS = 18_600
# But so many at least: of fewer there is no curve to see, and no verdict.
FEWEST_STEPS = 5


def plan(experiment: Experiment) -> list[SheetPlan]:
    """The sheets of the workbook of an experiment.

    Raises:
        InputError: the table does not fit on an Excel sheet, or its numbers overflow.
    """
    experiment = as_stored(experiment)
    layout = Layout(experiment.columns, experiment.steps)
    short = Layout(layout.columns, steps_elsewhere(layout))
    rate = experiment.learning_rate
    values = descend(experiment, [rate]).numbers.values[:, :, 0]
    tables = sweep(experiment, short.steps)
    runs = {table.run.learning_rate: table.values for table in tables if table.run.method == experiment.method}
    story = story_sheet(layout, values, rate)
    explorer = explorer_sheet(layout, values, rate)
    return [
        main_sheet(layout, values, rate, experiment.name or TITLE, experiment.look_for),
        learning_rates_sheet(tables),
        *([story] if story else []),
        explorer,
        derivation_sheet(layout, values, rate, explorer.drawings),
        check_sheet(short, experiment, {rate: values[: short.rows]} | runs),
        landscape_sheet(layout, values, tables),
        *([predictions_sheet(layout, values)] if has_predictions(layout.columns) else []),
        *attention_sheets(layout, values, experiment.vocabulary),
        *([unrolled_sheet(layout, values)] if has_unrolled(layout.columns) else []),
        *([maps_sheet(layout, values, rate)] if has_maps(layout.columns) else []),
        *(
            run_sheet(
                run_name(tables, run), table.layout, table.values, table.run.learning_rate, rate_cell(tables, run),
                layout,
            )
            for run, table in enumerate(tables)
        ),
    ]  # fmt: skip


def steps_elsewhere(layout: Layout) -> int:
    """The steps of the sheets that repeat the table: all, or as many as a large network leaves room for."""
    rows = CELLS_OF_THE_OTHER_SHEETS // len(layout.columns.names)
    return min(layout.steps, max(FEWEST_STEPS, rows // layout.columns.method.batch_size))
