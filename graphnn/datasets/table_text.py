"""Opens the file of a table as text: notices its encoding, and names what is no text by what it begins with."""

import codecs
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from graphnn.datasets.missing_path import near
from graphnn.errors import DataError
from graphnn.storage.continued_stream import continued
from graphnn.storage.regular_files import open_regular
from graphnn.text.suggestions import closest

BLOCK = 1 << 20
FIRST = 1 << 15  # bytes by which the encoding of a stream is known
TABLES = (".csv", ".tsv", ".tab", ".txt", ".data", ".dat")  # how tables are usually called
NO_TEXT = (
    (b"PK\x03\x04", "is a zip archive, as Excel workbooks are; save the sheet as CSV (UTF-8), or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook; save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "is compressed by gzip; unpack it, for example by gunzip"),
    (b"PAR1", "is a Parquet file; save the table as CSV, for example by pandas: read_parquet, then to_csv"),
    (b"\x93NUMPY", 'is a .npy array; the data set "npz" reads arrays'),
)
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
WINDOWS = "cp1252"


def open_text(path: Path) -> tuple[TextIO, str | None]:
    """Open a file as text, and return it with a sentence where its encoding had to be guessed.

    UTF-8, and UTF-16 with its mark, are read as such; other text as Windows-1252, of which Latin-1 is a part. Raises
    DataError where the file is empty or no text, OSError where it cannot be opened.
    """
    file = open_regular(path)
    try:
        encoding = encoding_of(file, path)
        file.seek(0)
        guessed = None
        if encoding == WINDOWS:
            guessed = (
                f"{path}: is not UTF-8, so it was read as Windows-1252 (Latin-1); look whether its letters are right"
            )
        return io.TextIOWrapper(file, encoding=encoding, errors=errors_of(encoding), newline=""), guessed
    except BaseException:
        file.close()
        raise


def text_of(stream: io.BufferedReader, path: Path) -> tuple[Iterator[str], str | None]:
    """Return the lines of a stream that is read once, and a sentence where their encoding had to be guessed.

    That is settled by the first bytes. Raises DataError where they are no text, and while later ones are not.
    """
    head = stream.read(FIRST)
    encoding = encoding_of(io.BytesIO(head[: head.rfind(b"\n") + 1] or head if len(head) == FIRST else head), path)
    guessed = f"{path}: is not UTF-8, so it was read as Windows-1252 (Latin-1); look whether its letters are right"
    text = io.TextIOWrapper(continued(head, stream), encoding=encoding, errors=errors_of(encoding), newline="")

    def lines() -> Iterator[str]:
        try:
            yield from text
        except UnicodeDecodeError as problem:
            raise DataError(f"{path}: begins as UTF-8, but is not: {problem.reason}") from problem

    return lines(), guessed if encoding == WINDOWS else None


def errors_of(encoding: str) -> str:
    """Return what is done about bytes that mean nothing; Windows-1252 has five such bytes."""
    return "replace" if encoding == WINDOWS else "strict"


def encoding_of(file: BinaryIO, path: Path) -> str:
    """Return the name of the encoding of a file, of which all is read. Raises DataError where it is no text."""
    head = file.read(BLOCK)
    if not head:
        raise DataError(f"{path}: is empty")
    for start, words in NO_TEXT:
        if head.startswith(start):
            raise DataError(f"{path}: {words}")
    if head.startswith(UTF_16):
        check_utf_16(file, head, path)
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf_8, offset = True, 0
    while head:
        if b"\0" in head:
            raise DataError(f"{path}: is no text: it has a null byte at offset {offset + head.index(0):,}")
        if utf_8:
            try:
                decoder.decode(head)
            except UnicodeDecodeError:
                utf_8 = False
        offset += len(head)
        head = file.read(BLOCK)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        utf_8 = False
    return "utf-8-sig" if utf_8 else WINDOWS


def check_utf_16(file: BinaryIO, head: bytes, path: Path) -> None:
    """Raise DataError where a file with the mark of UTF-16 is not UTF-16."""
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        while head:
            decoder.decode(head)
            head = file.read(BLOCK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as problem:
        raise DataError(f"{path}: begins like UTF-16, but is damaged: {problem.reason}") from problem


def near_table(path: Path) -> str:
    """Return the words that name the table that may be meant, or the folder that is missing; they end with ? or ;."""

    def meant(beside: Sequence[Path]) -> str | None:
        tables = [file.name for file in beside if file.suffix.lower() in TABLES]
        return closest(path.name, tables) or closest(f"{path.name}.csv", tables)

    return near(path, meant)
