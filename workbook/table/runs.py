"""The runs of a sweep, each with its layout and its numbers."""

from dataclasses import dataclass, replace

from engine import Experiment, FloatArray, Run, descend
from workbook.table.layout import Layout


@dataclass(frozen=True)
class RunTable:
    """One run; `values` are its numbers, (T, C), with inf and nan where it overflows.

    Of a long run these are the first steps; `all_steps` says how many the whole has.
    """

    run: Run
    layout: Layout
    values: FloatArray
    all_steps: int

    @property
    def is_cut(self) -> bool:
        """Whether steps are left out."""
        return self.layout.steps < self.all_steps

    @property
    def losses(self) -> FloatArray:
        """The loss of each step, (steps,)."""
        columns = self.layout.columns
        losses: FloatArray = self.values[:: columns.method.batch_size, columns.index[columns.loss]]
        return losses


def sweep(experiment: Experiment, steps: int) -> list[RunTable]:
    """All runs of an experiment's sweep; those of one method are computed together."""
    runs, tables = experiment.sweep, {}
    for method in {run.method: None for run in runs}:
        own = replace(experiment, method=method, steps=steps, runs=())
        of_method = [number for number, run in enumerate(runs) if run.method == method]
        trace = descend(own, [runs[number].learning_rate for number in of_method], keep_overflow=True)
        layout = Layout(own.columns, steps)
        for index, number in enumerate(of_method):
            tables[number] = RunTable(runs[number], layout, trace.numbers.values[:, :, index], experiment.steps)
    return [tables[number] for number in range(len(runs))]
