"""How to train, as plain data: a recipe is a TOML file."""

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cnn.errors import InputError, nearest

PACKAGED = Path(__file__).parent / "recipes"
OPTIMIZERS = ("adam", "muon", "sgd")
SCHEDULES = ("decay", "one-cycle")
PRECISIONS = ("fp32", "bf16")

# The values that each number may take, ends included.
BOUNDS: dict[str, tuple[float, float]] = {
    "epochs": (1, 10_000),
    "batch_size": (1, 60_000),
    "learning_rate": (1e-9, 100.0),
    "momentum": (0.0, 0.9999),
    "weight_decay": (0.0, 1.0),
    "decay": (0.0, 10.0),
    "minimum_learning_rate": (0.0, 100.0),
    "warm_up": (0.001, 0.999),
    "dropout": (0.0, 0.99),
    "dropout_pooled": (0.0, 0.99),
    "rotation": (0.0, 180.0),
    "scale": (0.0, 0.9),
    "shear": (0.0, 2.0),
    "shift": (0.0, 14.0),
    "average": (0.0, 1.0),
    "width": (1, 8),
    "teachers": (1, 100),
    "teacher_moves": (1, 1000),
    "teacher_weight": (0.0, 1.0),
    "temperature": (0.1, 100.0),
}


@dataclass(frozen=True)
class Recipe:
    """Everything about a run but its seed and its data.

    Raises:
        InputError: a value is of the wrong kind or out of its bounds.
    """

    epochs: int
    batch_size: int
    optimizer: str  # 'adam', 'muon' or 'sgd', the latter two with Nesterov momentum
    learning_rate: float  # the first one ('decay') or the highest ('one-cycle')
    schedule: str
    momentum: float = 0.0  # of 'muon' and 'sgd'
    weight_decay: float = 0.0  # on the convolutions' weights; never on norms and biases
    decay: float = 0.0  # of 'decay': epoch e, from 0 on, divides the learning rate by 1 + decay·e
    minimum_learning_rate: float = 0.0  # of 'decay'
    warm_up: float = 0.2  # of 'one-cycle': the share of the steps in which the learning rate rises
    dropout: float = 0.0
    dropout_pooled: float = 0.0  # after a pooling
    rotation: float = 0.0  # degrees, either way; likewise the next three
    scale: float = 0.0  # share
    shear: float = 0.0  # share
    shift: float = 0.0  # pixels
    average: float = 0.0  # the last share of the steps so far over which the weights that are scored are averaged
    precision: str = "fp32"  # of the convolutions: 'bf16' is 16 bits, by torch.autocast
    width: int = 1  # how many times as many channels as the network of 19,298 parameters has
    teacher: str = ""  # the recipe of networks that are trained first and then asked about each image; '' is none
    teachers: int = 1  # how many of them, their seeds being 1, 2 and so on; their answers' mean counts
    teacher_moves: int = 8  # how many moves of each image they are asked about, which the epochs take in turn
    teacher_weight: float = 0.9  # the share of the loss that the teachers' answers have, the labels having the rest
    temperature: float = 2.0  # that the logits of both are divided by, where they are compared

    def __post_init__(self) -> None:
        _expect_one_of("optimizer", self.optimizer, OPTIMIZERS)
        _expect_one_of("schedule", self.schedule, SCHEDULES)
        if not isinstance(self.teacher, str):
            raise InputError(f"teacher is {self.teacher!r}, expected the name of a recipe or the path of a TOML file")
        _expect_one_of("precision", self.precision, PRECISIONS)
        for field in fields(self):
            if field.name in BOUNDS:
                _expect_number(field.name, getattr(self, field.name), whole=field.type is int)


def _expect_one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{name} is {value!r}, expected {' or '.join(map(repr, choices))}")


def _expect_number(name: str, value: Any, *, whole: bool) -> None:
    lowest, highest = BOUNDS[name]
    number = isinstance(value, int) or (isinstance(value, float) and not whole)
    if isinstance(value, bool) or not number or not lowest <= value <= highest:
        kind = "a whole number" if whole else "a number"
        raise InputError(f"{name} is {value!r}, expected {kind} from {lowest:,g} to {highest:,g}")


def load_recipe(recipe: str) -> Recipe:
    """The packaged recipe of that name, or the one in that TOML file.

    Raises:
        InputError: no such recipe or file, it is not TOML, or a key is unknown, missing or out of its bounds.
    """
    names = sorted(path.stem for path in PACKAGED.glob("*.toml"))
    path = PACKAGED / f"{recipe}.toml" if recipe in names else Path(recipe)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"recipe {recipe}: {error.strerror}; expected {' or '.join(names)}, or the path of a TOML file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not TOML: {error}") from None
    try:
        return _parse(table)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def parse_values(settings: list[str]) -> dict[str, Any]:
    """What `--set epochs=30` and the like say, by key; a word needs no quotes.

    Raises:
        InputError: one is no KEY=VALUE, or no recipe has the key. `Recipe` judges the value.
    """
    keys = [field.name for field in fields(Recipe)]
    given = {}
    for setting in settings:
        key, equals, value = (part.strip() for part in setting.partition("="))
        if not equals:
            raise InputError(f"--set {setting}: expected KEY=VALUE, such as epochs=30")
        if key not in keys:
            raise InputError(f"--set {setting}: unknown key {key!r}; {nearest(key, keys)}")
        try:
            given[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            given[key] = value
    return given


def _parse(table: dict[str, Any]) -> Recipe:
    keys = [field.name for field in fields(Recipe)]
    for key in table:
        if key not in keys:
            raise InputError(f"unknown key {key!r}; {nearest(key, keys)}")
    for key in ("epochs", "batch_size", "optimizer", "learning_rate", "schedule"):
        if key not in table:
            raise InputError(f"the key {key!r} is missing; add it")
    return Recipe(**table)


def to_toml(recipe: Recipe) -> str:
    """The recipe as TOML text, every key written out."""
    # repr of a str, an int and a finite float is TOML too
    return "".join(f"{key} = {value!r}\n" for key, value in asdict(recipe).items())


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a step, counted from 0 over all epochs.

    'decay': the first epoch has the recipe's; each epoch e, from 0 on, divides it by 1 + decay·e, down to the
    minimum. 'one-cycle': linear from 0 up to the recipe's over the first `warm_up` of all steps, then linear down to
    0 at the end, taken at the middle of each step.
    """
    if recipe.schedule == "decay":
        rate = recipe.learning_rate
        for epoch in range(step // steps_per_epoch + 1):
            rate /= 1 + recipe.decay * epoch
        return max(rate, recipe.minimum_learning_rate)
    done = (step + 0.5) / (recipe.epochs * steps_per_epoch)
    return recipe.learning_rate * min(done / recipe.warm_up, (1 - done) / (1 - recipe.warm_up))
