"""Samples from what a request gives: pictures and arrays in files, arrays and rows of a table in JSON."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.table import DataTable
from graphnn.errors import DataError
from graphnn.evaluation.inputs import FromFile, Reader, as_float32
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.page.images import image_picture, is_image, limits_of
from graphnn.pictures.opening import TooManyPixelsError
from graphnn.runs.trained import Trained
from graphnn.serving.given import QueryOptions, RequestInputs
from graphnn.serving.limits import Limits
from graphnn.serving.problems import too_large, unsuitable
from graphnn.serving.rows import are_rows, features_of, table_of
from graphnn.storage.npy_arrays import Header
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import NUMERIC, Array

NPY = b"\x93NUMPY"
INPUTS = "inputs"
OPTIONS = (("--as-is", "?as_is=1"), ("--invert", "?invert=1"))  # of `predict`, and what they are called here


@frozen_dataclass
class RequestSamples:
    """The samples of a request.

    parts: in the values of the data set, each n×(shape there), in order; their types may differ. labels, notes: for
    each sample. seen: the address of each picture as the network sees it; none where they were not asked for. table,
    rows: of the rows of a table.
    """

    parts: Sequence[Array]
    labels: Sequence[str]
    notes: Sequence[Sequence[str]]
    wanted: QueryOptions
    seen: Sequence[str] = ()
    table: DataTable | None = None
    rows: Sequence[Any] = ()

    def __len__(self) -> int:
        return len(self.labels)


def samples_of(given: RequestInputs, trained: Trained, limits: Limits) -> RequestSamples:
    """Return the samples of a request. Raises RequestProblem where there are none, or they do not fit the network."""
    try:
        if given.files:
            return of_files(given, trained, limits)
        return of_values(given, trained)
    except TooManyPixelsError as problem:
        raise too_large(str(problem)) from problem
    except DataError as problem:
        raise unsuitable(in_words_of_addresses(str(problem))) from problem


def of_files(given: RequestInputs, trained: Trained, limits: Limits) -> RequestSamples:
    """Return the samples of files: pictures, and .npy arrays, by what they hold."""
    wanted = given.wanted
    check_flags(wanted, trained)
    reader = trained.reader(invert=wanted.invert, as_is=wanted.as_is, most_pixels=limits.pixels)
    found = [(name, from_file(reader, name, content)) for name, content in given.files]
    return joined(found, trained, wanted)


def from_file(reader: Reader, name: str, content: bytes) -> FromFile:
    """Return the samples of one file."""
    path = Path(name)
    if content.startswith(NPY):
        return reader.array(path, io.BytesIO(content), len(content))
    if reader.provenance is not None and reader.provenance.table is not None:
        raise unsuitable(
            f'{name}: the network takes rows of a table; send JSON: {{"{INPUTS}": {{"column": value, …}}}}'
        )
    return reader.picture(path, content)


def of_values(given: RequestInputs, trained: Trained) -> RequestSamples:
    """Return the samples of values from JSON: an array of one sample or of a batch, or rows of a table."""
    values, wanted = inputs_in(given.values), given.wanted
    if wanted.invert or wanted.as_is or wanted.seen:
        name = "invert" if wanted.invert else "as_is" if wanted.as_is else "seen"
        if name != "seen" or are_rows(values):
            raise unsuitable(f"{name} is for pictures; leave it out")
    if are_rows(values):
        encoding = trained.table
        if encoding is None:
            raise unsuitable(no_table(values))
        if wanted.top is not None:
            raise unsuitable("top is for pictures and arrays; a row of a table gets the probability of each class")
        rows = [values] if isinstance(values, dict) else values
        table = table_of(rows, encoding)
        labels = [f"{table.path}:{line}" for line in table.lines.tolist()]
        parts = [features_of(table, encoding, trained)]
        return RequestSamples(parts, labels, [()] * len(rows), wanted, table=table, rows=rows)
    x = array_of(values, trained)
    reader, path = trained.reader(), Path(INPUTS)
    single = reader.check_header(path, Header(x.shape, x.dtype, False))
    if not np.isfinite(as_float32(x)).all():
        raise unsuitable(f"{INPUTS} holds numbers that are not finite")
    found = FromFile(x.reshape(-1, *reader.data_shape), single, reader.scale_notes(x))
    return joined([(INPUTS, found)], trained, wanted)


def inputs_in(values: Any) -> Any:
    """Return what stands under "inputs", or the values themselves where they are an array or a row."""
    if not isinstance(values, dict) or INPUTS not in values:
        if isinstance(values, list | dict) and values:
            return values
        raise unsuitable(f'the body holds no samples; send {{"{INPUTS}": [...]}} with one sample or a batch')
    others = [key for key in values if key != INPUTS]
    if others:
        raise unsuitable(f'unknown key {quoted(others[0])} beside "{INPUTS}"{did_you_mean(others[0], (INPUTS,))}')
    return values[INPUTS]


def no_table(values: Any) -> str:
    """Return the message about objects, where the network takes none."""
    key = next(iter(values if isinstance(values, dict) else values[0]), "")
    return f'found the key {quoted(key)}, but the network was not trained on a table; send {{"{INPUTS}": [...]}}'


def array_of(values: Any, trained: Trained) -> Array:
    """Return nested lists of numbers as an array, of the type of the training inputs where that holds all of them."""
    if not isinstance(values, list):
        table = " or rows as objects" if trained.table is not None else ""
        raise unsuitable(f"{INPUTS} has to be an array of numbers{table}, not {kind_of(values)}")
    try:
        x = np.asarray(values)
    except ValueError as problem:
        raise unsuitable(f"{INPUTS} is no array: its lists have different lengths") from problem
    if x.dtype.kind == "b":
        x = x.astype(np.uint8)
    if x.dtype.kind not in NUMERIC or not x.size:
        wrong = "something that is not a number, or one of too many digits" if x.size else "no numbers"
        raise unsuitable(f"{INPUTS} holds {wrong}")
    known = None if trained.provenance is None else trained.provenance.dtype
    if known is None:
        return x
    with np.errstate(all="ignore"):
        stored = x.astype(known)
    return stored if (stored == x).all() else x


def kind_of(value: Any) -> str:
    """Return what a value of JSON is, in words."""
    kinds = {str: "a string", bool: "true or false", int: "a number", float: "a number", dict: "an object"}
    return kinds.get(type(value), "null")


def joined(found: Sequence[tuple[str, FromFile]], trained: Trained, wanted: QueryOptions) -> RequestSamples:
    """Return the samples of several files as those of one request."""
    labels: list[str] = []
    notes: list[Sequence[str]] = []
    seen: list[str] = []
    parts: list[Array] = []
    for name, one in found:
        if not len(one.x):
            raise unsuitable(f"{name}: holds no samples")
        labels += [name] if one.single else [f"{name}[{index}]" for index in range(len(one.x))]
        words = tuple(in_words_of_addresses(f"{kind} ({details})" if details else kind) for kind, details in one.notes)
        notes += [words] * len(one.x)
        if wanted.seen:
            seen += pictures(one.x, trained)
        parts.append(one.x)
    return RequestSamples(parts, labels, notes, wanted, seen)


def pictures(x: Array, trained: Trained) -> list[str]:
    """Return the addresses of images N×C×H×W as the network sees them."""
    if not is_image(x.shape[1:]):
        raise unsuitable("seen is for pictures; leave it out")
    known = (0.0, 255.0) if trained.in_bytes else None if trained.provenance is None else trained.provenance.range
    return [image_picture(image, limits_of(image, known), "").address for image in x]


def check_flags(wanted: QueryOptions, trained: Trained) -> None:
    """Raise RequestProblem for a flag that would do nothing."""
    if wanted.as_is and trained.ink is None:
        raise unsuitable("as_is: pictures are only resized for this network; it is for those of digits and mnist")


def in_words_of_addresses(text: str) -> str:
    """Return a message with the options of the command `predict` as what they are in an address."""
    for option, parameter in OPTIONS:
        text = text.replace(option, parameter)
    return text
