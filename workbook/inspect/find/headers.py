"""What people's column headers and labels mean, by rule: `dE_t/dW1` is our ∂E/∂w1, `out_h1` is our a_h1."""

import math
import re
import unicodedata
from functools import lru_cache

# Separators and brackets carry no meaning: w_1, w[1], σ(h1).
NOISE = re.compile(r"[\s_.\-()\[\]{}$\\^'’·*]+")
DECIMAL = re.compile(r"[^=:(]*\d[.,]\d")  # before any explanation
DETAILS = re.compile(r"[=:(\[,;→←]")

D = "(?:d|∂|δ|𝜕|partial)"
LOSS = "(?:e|l|j|c|loss|error|err|cost)"
TOTAL = "(?:t|tot|total|ges|sum|gesamt)"
ACTIVATION = "(?:a|act|activation|activated|out|output|sig|sigm|sigmoid|sigma|σ|s)"
NET = "(?:net|netin|input|in|z|sum|pre)"

RULES: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), ours, kind)
    for pattern, ours, kind in (
        (rf"(?:{D}?{LOSS}{TOTAL}?/?{D}|{D}{LOSS}{TOTAL}?/?|e|{D}|grad|gradient|∇|g)w(\d+)", "∂E/∂w{}", "gradient"),
        (rf"(?:{LOSS}{TOTAL}|{TOTAL}{LOSS}|{LOSS}|etotal|mse|σe)", "E_tot", "total"),
        (rf"{LOSS}o?(\d+)", "E{}", "loss"),
        (rf"{ACTIVATION}([ho])(\d+)", "a_{}{}", "activation"),
        (rf"([ho])(\d+){ACTIVATION}", "a_{}{}", "activation"),
        (rf"{NET}?([ho])(\d+){NET}?", "{}{}", "pre-activation"),
        (r"(?:t|target|tgt|goal)o?(\d+)", "t{}", "target"),
        (r"(?:i|in|input|inp|x)(\d+)", "i{}", "input"),
        (r"(?:w|weight|wt)(\d+)", "w{}", "weight"),
        (r"(?:η|eta|ƞ|lr|learnrate|learningrate|rate|alpha|α|ɑ)", "eta", "learning rate"),
        (r"(?:b|bias)[ho]?(\d*)", "bias{}", "bias"),
    )
)
COMPUTED = {"pre-activation", "activation", "loss", "total", "gradient"}
# What nobody computes.
GIVEN = {"target", "input", "step", "sample"}
LONGEST_NUMBER = 40
NUMBER = re.compile(r"[-+]?[\d.,]*\d[.,]?(?:e[-+]?\d+)?")
SPACES = str.maketrans("−", "-", " '’")
TARGET_OF_LABEL = re.compile(r"\s*([^=:]+?)\s*[=:]\s*([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*")


def meaning(text: str) -> str | None:
    """Our name for a header or a label: a column of the table, `eta`, or `bias...`; None for anything else."""
    rule = _rule(text)
    return None if rule is None else rule[0]


def kind_of(name: str) -> str | None:
    """What the column or label of one of our names holds: a kind of the engine's, `learning rate` or `bias`."""
    rule = _rule(name)
    return None if rule is None else rule[1]


@lru_cache(maxsize=10_000)
def _rule(text: str) -> tuple[str, str] | None:
    plain = unicodedata.normalize("NFKC", text).strip().replace("∆", "Δ")
    if plain.startswith("Δ") and "/" not in plain:
        return None  # Δw is a step, of either sign and with η in it or not: no gradient
    plain = plain.casefold()
    if DECIMAL.match(plain):
        return None  # E_0.5 is a loss at another learning rate, no loss number 5
    # The whole first, for σ(h1); then without what explains it: `h1 = w1*i1 + w2*i2`, `w1 (old)`.
    for candidate in (plain, DETAILS.split(plain, maxsplit=1)[0]):
        compact = NOISE.sub("", candidate)
        for pattern, ours, kind in RULES:
            if (match := pattern.fullmatch(compact)) is not None:
                groups = [str(int(group)) if group.isdecimal() else group for group in match.groups()]
                return ours.format(*groups), kind
    return None


def labelled_number(text: str) -> tuple[str, float] | None:
    """The meaning and the number of a text such as `LR = 0.5`."""
    match = TARGET_OF_LABEL.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None or (name := meaning(match[1])) is None:
        return None
    return name, float(match[2].replace(",", "."))


def typed_number(value: object) -> float | None:
    """A cell's number, also one that is stored as a text: `0,5`, `1.234,5` or `1,234.5`; None if it is none."""
    if isinstance(value, float) or not isinstance(value, str) or len(value) > LONGEST_NUMBER:
        return value if isinstance(value, float) else None
    text = unicodedata.normalize("NFKC", value).casefold().translate(SPACES)
    if NUMBER.fullmatch(text) is None:
        return None
    # The last separator is the decimal one, unless it comes more than once.
    decimal = max(".,", key=text.rfind)
    thousands = ",".replace(decimal, ".")
    if text.count(decimal) > 1:
        decimal, thousands = thousands, decimal
    try:
        number = float(text.replace(thousands, "").replace(decimal, "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
