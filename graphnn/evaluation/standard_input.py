"""What standard input holds, which is told by its first bytes, because it has no suffix."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.continued_stream import continued

STANDARD_INPUT = Path("-")
ARRAY, PICTURE, JSON, ROWS, TEXT = "array", "picture", "JSON", "rows", "text"
NPY = b"\x93NUMPY"
PICTURE_STARTS = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF|II\*\0|MM\0\*|BM.{4}\0{4}|P[2356]\s+[#\d]", re.DOTALL
)  # PNG, JPEG, GIF, WebP, TIFF, BMP, and PGM or PPM; a table may begin with the name BMI, or P2
HEAD = 12  # bytes that tell a picture from text
BLANK = b" \t\r\n"


@frozen_dataclass
class InputStream:
    """What a stream holds. kind: ARRAY, PICTURE, JSON, or ROWS of it, which are objects, or TEXT. stream: all of it."""

    kind: str
    stream: io.BufferedReader


def recognised(stream: io.BufferedReader, path: Path = STANDARD_INPUT) -> InputStream:
    """Return what a stream holds, of which no more is read than tells that. Raises DataError where it is empty."""
    head = b""
    while head.strip(BLANK) in (b"", b"["):
        more = stream.read1(1)
        if not more:
            break
        head += more
    start = head.strip(BLANK)
    if not start:
        raise DataError(f"{path}: is empty" if path != STANDARD_INPUT else "standard input is empty")
    if start[:1] in b"[{":
        kind = ROWS if b"{" in start else JSON
    else:
        head += stream.read(HEAD - len(head)) if len(head) < HEAD else b""
        kind = ARRAY if head.startswith(NPY) else PICTURE if PICTURE_STARTS.match(head) else TEXT
    return InputStream(kind, continued(head, stream))


def lines_there_are(stream: io.BufferedIOBase, size: int = 1 << 16) -> Iterator[list[bytes]]:
    """Yield the lines that have come, as soon as there is one, all that have come at a time."""
    rest: list[bytes] = []
    while content := stream.read1(size):
        *lines, last = content.split(b"\n")
        if lines:
            yield [b"".join([*rest, lines[0]]), *lines[1:]]
            rest = [last]
        else:
            rest.append(last)
    if last := b"".join(rest):
        yield [last]
