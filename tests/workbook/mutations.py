"""Good workbooks, broken at random: bytes of the file, and pieces of its XML."""

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable

XML_PIECES = [
    "", "<", ">", "&", "]]>", "<c>", "</row>", "<c r='ZZZZ1'><v>1</v></c>", "<c r='A0'><v>1</v></c>", "<v>abc</v>",
    "<v>1e999</v>", "<v>NaN</v>", "<v></v>", "<c r='A1' t='s'><v>99999</v></c>", "<c r='A1' t='s'><v>-1</v></c>",
    "<c r='B2' t='e'><v>#REF!</v></c>", "<f>", "<f>1/0</f>", "<f>A1:A1048576</f>", "<f t='shared' si='77'/>",
    "<f>((((</f>", "<f>E21+</f>", "<f>IF(A1,</f>", "<f>INDIRECT(A1)</f>", "<f>[1]Other!A1</f>", "<f>W21</f>",
    "<f>SUM(A:A)</f>", "<f>'text'</f>", "<f>E21#</f>", "\x00", "é", "∂", "<row r='9999999'/>",
    "<row r='-1'><c><v>1</v></c></row>", "<row r='x'/>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "999999999999",
]  # fmt: skip


ENCODINGS = ["klingon", "", "ascii", "utf-16", "utf-32", "utf-7", "punycode", "idna", "hex", "undefined", "shift_jis"]


def mutated(data: bytes, seed: int) -> bytes:
    """A file with one to four things broken in it, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - a seeded draw of test data
    for _ in range(dice.randint(1, 4)):
        data = dice.choice(CHANGES)(data, dice)
    return data


def _bytes(data: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.randint(1, 20)):
        if out:
            out[dice.randrange(len(out))] = dice.randrange(256)
    return bytes(out)


def _directory(data: bytes, dice: random.Random) -> bytes:
    """Change what the archive says of one part: its size, its packing, its flags, its name."""
    places = [match.start() for match in re.finditer(rb"PK\x01\x02", data)]
    if not places:
        return data
    at = dice.choice(places) + dice.randrange(4, 60)
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _xml(data: bytes, dice: random.Random) -> bytes:
    """Change one part's text and pack it again, so that the damage gets past the archive's checksums."""

    def change(text: str) -> str:
        for _ in range(dice.randint(1, 3)):
            if dice.random() < 0.5:
                places = [match.span() for match in re.finditer(r"<[^<>]+>|(?<=>)[^<>]+|\"[^\"<>]*\"", text)] or [
                    (0, 0)
                ]
                start, end = dice.choice(places)
            else:
                start = dice.randrange(len(text) + 1)
                end = min(len(text), start + dice.choice([0, 1, 5, 50, 500]))
            text = text[:start] + dice.choice(XML_PIECES) + text[end:]
        return text

    return _with_part(data, dice, change)


def _encoding(data: bytes, dice: random.Random) -> bytes:
    """Let one part name another encoding, or have it."""

    def change(text: str) -> str:
        declaration = f'<?xml version="1.0" encoding="{dice.choice(ENCODINGS)}"?>'
        return declaration + re.sub(r"^<\?xml[^>]*>", "", text)

    return _with_part(data, dice, change)


def _formula(data: bytes, dice: random.Random) -> bytes:
    """Change a sign of some formula."""

    def change(text: str) -> str:
        places = [match.span() for match in re.finditer(r"(?<=<f>)[^<]+", text)]
        for _ in range(min(len(places), 3)):
            start, end = dice.choice(places)
            at = dice.randrange(start, end)
            text = text[:at] + dice.choice("+-*/^()$,:%.!'E1 #{}[]@;A9") + text[at + 1 :]
        return text

    return _with_part(data, dice, change)


def _with_part(data: bytes, dice: random.Random, change: Callable[[str], str]) -> bytes:
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
            names = [name for name in source.namelist() if name.endswith((".xml", ".rels"))]
            sheets = [name for name in names if "worksheets/sheet" in name]
            chosen = dice.choice(sheets if sheets and dice.random() < 0.6 else names)
            for name in source.namelist():
                content = source.read(name)
                if name == chosen:
                    content = change(content.decode("utf-8", "replace")).encode("utf-8", "replace")
                if not (name == chosen and dice.random() < 0.02):
                    target.writestr(name, content)
    except (
        zipfile.BadZipFile,
        zlib.error,
        LookupError,
        EOFError,
        NotImplementedError,
        ValueError,
        OSError,
        RuntimeError,
    ):
        return data  # too damaged for more damage
    return out.getvalue()


CHANGES = [_bytes, _cut, _directory, _encoding, *[_xml] * 8, *[_formula] * 5]
