"""Pickles of arrays as different versions of Python write them, and the CIFAR files of the Python version."""

import pickle
import struct
from typing import Any

import numpy as np

from graphnn.types import Array


def as_python_2_wrote(array: Array, label: str, labels: list[int]) -> bytes:
    """Return the file of CIFAR's Python version for these images N×3072: protocol 2, texts as bytes."""

    def text(value: str | bytes) -> bytes:
        content = value.encode("latin1") if isinstance(value, str) else value
        if len(content) < 256:
            return b"U" + bytes([len(content)]) + content
        return b"T" + struct.pack("<i", len(content)) + content

    def number(value: int) -> bytes:
        return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)

    return b"".join(
        [
            *(b"\x80\x02}q\x01(", text("batch_label"), b"q\x02", text("training batch 1 of 5"), b"q\x03"),
            *(text(label), b"q\x04]q\x05(", *map(number, labels), b"e", text("data"), b"q\x06"),
            *(b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85", text("b"), b"\x87Rq\x09"),
            *(b"(K\x01", number(array.shape[0]), number(array.shape[1]), b"\x86cnumpy\ndtype\nq\x0a", text("u1")),
            *(b"K\x00K\x01\x87Rq\x0b(K\x03", text("|"), b"NNN", b"J\xff\xff\xff\xff" * 2, b"K\x00tb\x89"),
            *(text(array.tobytes()), b"tb", text("filenames"), b"]q\x0c(", text("cat.png"), b"eu."),
        ]
    )


def python_version(records: Array, label_bytes: int, label: str, protocol: int | None = None) -> bytes:
    """Return the file for records of the binary version; None: as Python 2 wrote it."""
    labels, data = [int(each) for each in records[:, label_bytes - 1]], records[:, label_bytes:]
    if protocol is None:
        return as_python_2_wrote(data, label, labels)
    values: dict[Any, Any] = {b"data": np.ascontiguousarray(data), label.encode(): labels, b"batch_label": b"one"}
    return pickle.dumps(values, protocol)
