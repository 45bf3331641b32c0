"""The page of a training as HTML, whole in itself."""

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from engine import Experiment
from engine.files import replacing
from workbook.page.render import environment, part, script_hash
from workbook.walk.model import Cut, cut, model

ROOM = "workbook.walk"


def write_walk(experiment: Experiment, path: Path) -> Cut:
    """Write the page of a training; what stands at `path` is replaced only when the new one is whole.

    Returns:
        How many of its steps the page has.

    Raises:
        InputError: `path` cannot be written.
    """
    shown = cut(experiment)
    with replacing(path) as being_written:
        being_written.write_text(render(experiment, shown), encoding="utf-8", newline="\n")
    return shown


def render(experiment: Experiment, shown: Cut) -> str:
    """The page: style, script and numbers are inside, and nothing else may be loaded."""
    script = part("walk.js", ROOM)
    return (
        environment(ROOM)
        .get_template("walk.html.j2")
        .render(
            experiment=experiment,
            shown=shown,
            colours=part("page.css"),
            style=part("walk.css", ROOM),
            script=script,
            script_hash=script_hash(script),
            model=_as_json(model(experiment, shown.steps)),
        )
    )


def _as_json(of: dict[str, Any]) -> Markup:
    """JSON that no text of an experiment can end the element of."""
    return Markup(json.dumps(of, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704
