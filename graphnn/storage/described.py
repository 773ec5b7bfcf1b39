"""Archives that describe themselves: arrays, and `__meta__`, JSON that ends with a digest of everything in the file.

The checksums of a zip archive notice a disk's random errors. The digest also notices what was changed on purpose or
by a program: an array exchanged, renamed or left out, or other words in the metadata.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import WeightsError
from graphnn.storage.archives import Archive, write_archive
from graphnn.storage.regular_files import NotRegularError
from graphnn.storage.replacing import replacing
from graphnn.types import Array, shape_text

META = "__meta__"
FORMAT_VERSION = 2  # 1 had no digest
VERSION, DIGEST = "format_version", "digest"
END = re.compile(rf', "{DIGEST}": "([0-9a-f]{{64}})"\}}')


def write_described(path: Path, arrays: Mapping[str, Array], meta: Mapping[str, Any], *, follow: bool = False) -> None:
    """Write arrays as they are, and metadata, to exactly `path`; on failure, the file there is left unchanged.

    meta: JSON values, to which the version of the format and the digest are added. follow: of a symbolic link, replace
    the file that it leads to, rather than the link itself. Equal arrays and metadata give equal bytes. Raises
    WeightsError where the file cannot be written, or a key is `__meta__` or cannot be a name in an .npz.
    """
    if META in arrays:
        raise WeightsError(f'{path}: a parameter cannot be called "{META}": that is where the file describes itself')
    own = {key: value for key, value in meta.items() if key not in (VERSION, DIGEST)}
    text = json.dumps({VERSION: FORMAT_VERSION, **own}, ensure_ascii=False, allow_nan=False)
    body = text.encode(errors="backslashreplace")  # half of a surrogate pair, which is escaped in JSON in the same way
    members = {key: np.asarray(array, order="C") for key, array in arrays.items()}
    signed = body[:-1] + f', "{DIGEST}": "{digest(members, body)}"}}'.encode()
    members[META] = np.frombuffer(signed, np.uint8)
    try:
        with replacing(path, follow=follow) as file:
            write_archive(file, members)
    except NotRegularError as problem:
        raise WeightsError(f"{path}: {problem.strerror}") from problem
    except ValueError as problem:
        raise WeightsError(f"{path}: {problem}") from problem
    except OSError as problem:
        raise WeightsError(f"{path}: cannot be written: {problem.strerror or problem}") from problem


def read_described(archive: Archive) -> tuple[dict[str, Array], dict[str, Any] | None]:
    """Return the arrays of an archive as they are, and its metadata; None where it does not describe itself.

    The metadata of a file of version 1 have no digest. Raises WeightsError where arrays or metadata are damaged, are
    not those that were written, or are of a newer format.
    """
    archive.check_memory()
    if META not in archive.names:
        return {key: archive.read(key) for key in archive.names}, None
    meta, body = read_meta(archive)
    arrays = {key: archive.read(key) for key in archive.names if key != META}
    known = meta.get(DIGEST)
    if known is not None and known != digest(arrays, body):
        raise WeightsError(
            f"{archive.path}: what it holds is not what was written: its digest is another; take the file from where "
            "it came from again, or train anew"
        )
    return arrays, meta


def read_meta(archive: Archive) -> tuple[dict[str, Any], bytes]:
    """Return the metadata of an archive, not yet compared with its digest, and the bytes that the digest covers.

    Raises WeightsError where they are damaged or of a newer format.
    """
    array = archive.read(META)
    try:
        if array.dtype != np.uint8 or array.ndim != 1:
            raise ValueError(f"{shape_text(array.shape) or 'one'} {array.dtype}, not a row of bytes")
        text = array.tobytes().decode()
        meta = json.loads(text, parse_constant=finite, parse_float=finite)
        if not isinstance(meta, dict):
            raise ValueError("not a JSON object")
    except (ValueError, RecursionError) as problem:
        raise WeightsError(f"{archive.path}: its {META} is damaged: {problem}") from problem
    version = meta.get(VERSION, 1)
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise WeightsError(
            f"{archive.path}: is of format version {version!r:.60}, but this program knows 1 to {FORMAT_VERSION} only; "
            "a newer graphnn reads it"
        )
    end = END.search(text, max(0, len(text) - len(f', "{DIGEST}": ""}}') - 64))
    if end is None or end.end() < len(text):
        if version > 1 or DIGEST in meta:
            raise WeightsError(f"{archive.path}: its {META} is damaged: it does not end with a digest")
        return meta, b""
    return meta, (text[: end.start()] + "}").encode()


def finite(text: str) -> float:
    """Return the number that JSON text stands for. Raises ValueError where it is not finite."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text:.20} is not a finite number")
    return value


def digest(arrays: Mapping[str, Array], body: bytes) -> str:
    """Return the SHA-256 of arrays, with their names, types and shapes in their order, and of the metadata `body`.

    20 MB take 11 ms with the instructions for it that most processors have; BLAKE2 took 21.
    """
    total = hashlib.sha256()
    for name, array in arrays.items():
        total.update(f"{json.dumps([name, array.dtype.str, array.shape])}\n".encode())
        total.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    total.update(body)
    return total.hexdigest()


def listed(names: Iterable[str], most: int = 3) -> str:
    """Return the first names in words: x_train, y_train, …"""
    shown = [f"{name:.40}" for name, _ in zip(names, range(most + 1), strict=False)]
    return ", ".join(shown[:most] + (["…"] if len(shown) > most else []))
