"""Each student's own numbers: the class's experiment, with numbers drawn from the class's seed and the student's id."""

import hashlib

from engine import Experiment
from workbook.drawn import drawn_experiment


def own_experiment(experiment: Experiment, seed: int, student_id: str) -> Experiment:
    """The experiment with a student's own numbers: the same seed and id, the same numbers."""
    digest = hashlib.sha256(f"{seed}:{student_id}".encode()).digest()
    return drawn_experiment(experiment, int.from_bytes(digest[:6]))
