"""The workbook's sheets, in their order."""

from dataclasses import replace

from engine import Experiment, descend
from workbook.layout import Layout
from workbook.records import Sheet
from workbook.sheets.check import check_sheet
from workbook.sheets.derivation import derivation_sheet
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.learning_rates import learning_rates_sheet, rate_cell, rate_name
from workbook.sheets.training import main_sheet, rate_sheet
from workbook.stored import as_stored

# Longer runs are on the main sheet alone: the others repeat every number several times over.
STEPS_OF_THE_OTHER_SHEETS = 1_000


def plan(experiment: Experiment) -> list[Sheet]:
    """The sheets of the workbook of an experiment.

    Raises:
        InputError: the table does not fit on an Excel sheet, or its numbers overflow.
    """
    experiment = as_stored(experiment)
    layout = Layout(experiment.sizes, experiment.steps)
    short = Layout(experiment.sizes, min(experiment.steps, STEPS_OF_THE_OTHER_SHEETS))
    rate = experiment.learning_rate
    trace = descend(experiment, [rate])
    sweep = descend(replace(experiment, steps=short.steps))
    values = trace.numbers.values[:, :, 0]
    runs = {other: sweep.numbers.values[:, :, run] for run, other in enumerate(experiment.learning_rates)}
    return [
        main_sheet(layout, values, rate),
        learning_rates_sheet(short, sweep),
        explorer_sheet(layout, values, rate),
        derivation_sheet(layout, values, rate),
        check_sheet(short, experiment, {rate: values[: short.steps]} | runs),
        *(
            rate_sheet(rate_name(run), short, sweep.numbers.values[:, :, run], rate, rate_cell(run))
            for run, rate in enumerate(experiment.learning_rates)
        ),
    ]
