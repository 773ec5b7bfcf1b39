"""Messages about files that cannot be read as documents: missing ones, folders, and files of other contents."""

import codecs
from pathlib import Path

from graphnn.document.document import listed
from graphnn.document.json_reader import LineIndex
from graphnn.errors import Problem
from graphnn.text.shell import file_word
from graphnn.text.suggestions import closest

SIGNATURES = (  # the first bytes of files that are often given by mistake
    (b"PK\x03\x04", "this is a weights file (.npz)"),
    (b"PK\x05\x06", "this is a weights file (.npz)"),
    (b"\x93NUMPY", "this is an array file (.npy)"),
    (b"\x1f\x8b", "this is a compressed file (gzip)"),
    (b"\x89PNG", "this is an image (PNG)"),
    (b"\xff\xd8\xff", "this is an image (JPEG)"),
)


OF_LIBRARIES = (  # how their files end, and what to write instead of such a file
    ((".onnx",), "this is a network in ONNX", "graphnn import {} makes one of it"),
    ((".keras",), "this is a model of Keras", "graphnn import {} says how one is made of it"),
    ((".pt", ".pth", ".ckpt"), "this is a file of PyTorch", "graphnn import {} says how one is made of it"),
    ((".safetensors", ".h5"), "these are weights", "graphnn import {} --into NAME.json makes them those of a document"),
)


def why_unread(path: Path, error: OSError | ValueError) -> str:
    """Return the message about a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return missing_file(path)
    if isinstance(error, IsADirectoryError) or path.is_dir():  # where opening a folder is a PermissionError
        return folder_instead(path)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot be read: {reason[:1].lower()}{reason[1:]}"


def other_content(data: bytes, path: Path, kind: str) -> str | None:
    """Return the message about a file that is plainly something else than a document of a kind; None where it is not.

    kind: its name in messages.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "this text is in UTF-16; save it as UTF-8"
    for suffixes, found, advice in OF_LIBRARIES:
        if path.name.lower().endswith(suffixes) and not data.lstrip().startswith(b"{"):
            return f"{found}, not {kind}; {advice.format(file_word(path))}"
    for signature, found in SIGNATURES:
        if data.startswith(signature):
            document = path.with_suffix(".json")
            meant = f"; did you mean {document}?" if path.suffix == ".npz" and document.exists() else ""
            return f"{found}, not {kind}{meant}"
    return None


def missing_file(path: Path) -> str:
    """Return the message about a file that does not exist."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    named = path.with_name(f"{path.name}.json")
    if named.is_file():
        return f"there is no such file; did you mean {named}?"
    documents = sorted(entry.name for entry in folder.glob("*.json"))
    close = closest(path.name, documents) or closest(f"{path.stem}.json", documents)
    if close is not None:
        return f"there is no such file; did you mean {folder / close}?"
    return "there is no such file" + (f"; {folder} holds {listed(documents)}" if documents else "")


def folder_instead(path: Path) -> str:
    """Return the message about a folder given where a document is expected."""
    documents = sorted(str(path / entry.name) for entry in path.glob("*.json"))
    return "this is a folder; give a document" + (f": {listed(documents)}" if documents else "")


def not_utf8(file: str, data: bytes, start: int) -> Problem:
    """Return the problem with the byte at `start`, which is not valid UTF-8."""
    lines = LineIndex(data.decode("utf-8", errors="replace"))
    line, column = lines.position(len(data[:start].decode("utf-8")))
    message = f"not UTF-8: byte 0x{data[start]:02X} at offset {start}; save the file as UTF-8"
    return Problem(message, "", file, line, column, lines.source(line))
