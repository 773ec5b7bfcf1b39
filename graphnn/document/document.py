"""Reading a document: its values, and the line and column of each for messages."""

from __future__ import annotations

import codecs
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from graphnn.document.json_reader import JsonMistake, LineIndex, Mark, Marks, read_json
from graphnn.document.json_reader import Path as Path
from graphnn.document.values import NoJson, json_value
from graphnn.errors import Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.suggestions import quoted

if TYPE_CHECKING:
    from graphnn.document.origins import Origins

LISTS_OF_LAYERS = ("layers", "shortcut")  # the keys of such lists, in a document and in a block
MAX_BYTES = 5_000_000  # documents are a few kilobytes; a larger file is something else
TYPE_NAMES = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a truth value",
    type(None): "null",
}


@frozen_dataclass
class DocumentKind:
    """A kind of document: its name in messages, the content of its object, and the key of its main list."""

    name: str
    content: str
    list_key: str
    use: str = ""  # which tool takes it and how, unless every tool does


NETWORK = DocumentKind("a network document", '"input": …, "layers": …, …', "layers")
VARIANTS = DocumentKind(
    "a file of variants", '"variants": […]', "variants", "; tools/compare.py takes it, after --variants"
)


@frozen_dataclass
class Document:
    """The values of a document, and the position of each in its text.

    file: its name in messages. folder: the folder to which paths in the document are relative. marks, lines: None for
    a document made in Python; its problems are reported without a line. changed: values that were set from elsewhere,
    such as the command line, as (path, source as named in messages). origins: of the plain layers that the layers stand
    for, where these are not all written out; then all methods take the paths of plain layers.
    """

    file: str
    value: dict[str, Any]
    folder: FilePath = field(default_factory=FilePath.cwd)
    marks: Mark | None = None
    lines: LineIndex | None = None
    changed: tuple[tuple[Path, str], ...] = ()
    origins: Origins = field(default_factory=dict)

    def written_path(self, path: Path) -> Path:
        """Return where the value at a path of the plain layers is written."""
        if not self.origins:
            return path
        from graphnn.document.origins import written_path  # here and below: few documents have them

        return written_path(self.origins, path)

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int] | None:
        """Return (line, column) of a value or its key; of the nearest enclosing value where it is not in the text."""
        return self._locate(self.written_path(tuple(path)), key=key)

    def _locate(self, path: Path, *, key: bool = False) -> tuple[int, int] | None:
        """Return what `locate` does for a path in the text."""
        if self.marks is None or self.lines is None:
            return None
        mark, offset = self.marks, None
        for index, step in enumerate(path):
            if not isinstance(mark, Marks):
                break
            if key and index == len(path) - 1 and step in mark.keys:
                offset = mark.keys[str(step)]
                break
            try:
                mark = mark.values[step]
            except (KeyError, IndexError, TypeError):  # TypeError: an index into an object, or a key into a list
                break
        if offset is None:
            offset = mark.start if isinstance(mark, Marks) else mark
        return self.lines.position(offset)

    def problem(self, path: Path, message: str, *, key: bool = False, where: Path | None = None) -> Problem:
        """Return a problem with the value at `path`, or with its key, that shows its line and a caret.

        where: the path named in the message; by default `path`, or for a key the path of its object.
        """
        if where is None:
            where = path[:-1] if key else path
        if self.origins:
            message += self._way(path, message)
            path, where = self.written_path(path), self.written_path(where)
        named = where_text(self.value, where)
        for changed, source in reversed(self.changed):
            if path[: len(changed)] == changed or (changed[: len(path)] == path and not self._written(path)):
                return Problem(message, named, source)
        position = self._locate(path, key=key)
        if position is None or self.lines is None:
            return Problem(message, named, self.file)
        return Problem(message, named, self.file, *position, self.lines.source(position[0]))

    def _way(self, path: Path, message: str) -> str:
        """Return in words what leads to the layer of a path, for the end of a message.

        That is, the defaults that it has of settings named in the message, and the layers that stand for it.
        """
        from graphnn.document.origins import origin_of

        origin, rest = origin_of(self.origins, path)
        if origin is None:
            return ""
        if rest and str(rest[0]) in origin.elsewhere:
            return f" (in {self._place((*origin.written, *rest[:1]))})"
        named = [at for key, at in origin.elsewhere.items() if at[0] == "defaults" and not rest and key in message]
        words = [f"from {' and '.join(map(self._place, named))}"] if named else []
        for step in reversed(origin.steps):
            place = self._place(step.path)
            words.append(f"used by {place}" if step.repetition is None else f"repetition {step.repetition} of {place}")
        return f" ({', '.join(words)})" if words else ""

    def _place(self, path: Path) -> str:
        """Return a path in the text with its line, for the middle of a message."""
        position = self._locate(path)
        return where_text(self.value, path) + ("" if position is None else f" at line {position[0]}")

    def written(self, path: Path) -> bool:
        """Whether the text contains a value at `path`."""
        return self._written(self.written_path(path))

    def _written(self, path: Path) -> bool:
        mark = self.marks
        for step in path:
            if not isinstance(mark, Marks):
                return False
            try:
                mark = mark.values[step]
            except (KeyError, IndexError, TypeError):  # as in locate
                return False
        return True

    def where(self, path: Path) -> str:
        """Return a path for messages, such as optimizer.schedule or layers[2] "conv2".filters."""
        return where_text(self.value, self.written_path(path))

    def written_name(self, path: Path) -> str | None:
        """Return the name that the document gives to the layer at `path`, or None."""
        return written_name(self.value_at(path))

    def value_at(self, path: Path) -> Any:
        """Return the value that is written for `path`; None where there is none."""
        return value_at(self.value, self.written_path(path))


class DocumentSyntaxError(SpecError):
    """The text of a document is not JSON. repaired: the document after the remedies; None where one is in doubt."""

    def __init__(self, *problems: Problem | str, repaired: Document | None = None) -> None:
        super().__init__(*problems)
        self.repaired = repaired

    def with_further(self, check: Callable[[Document], object]) -> SpecError:
        """Return an error with what a check finds in the repaired document, too, in the order of the text."""
        if self.repaired is None:
            return self
        try:
            check(self.repaired)
        except SpecError as further:
            return SpecError(*in_order_of_text([*self.problems, *further.problems], self.repaired.file))
        return self


def in_order_of_text(problems: Sequence[Problem | str], file: str) -> list[Problem | str]:
    """Return problems by their places in a file, and after them those that have none."""

    def place(problem: Problem | str) -> tuple[float, int]:
        if isinstance(problem, str) or problem.line is None or problem.file != file:
            return math.inf, 0
        return problem.line, problem.column or 0

    return sorted(problems, key=place)


def value_at(value: Any, path: Path) -> Any:
    """Return what lies at `path` in a value; None where there is nothing."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):  # TypeError: an index into an object, or a key into a list
            return None
    return value


def written_name(layer: Any) -> str | None:
    """Return the name that the values of a layer give it."""
    name = layer.get("name") if isinstance(layer, dict) else None
    return name if isinstance(name, str) and name else None


def where_text(value: Any, path: Path, start: str = "") -> str:
    """Return a path into `value` as people read it, after `start`: layers[2] "conv2".filters."""
    text = start
    for index, step in enumerate(path):
        if isinstance(step, str):
            text += f".{step}" if text else step
            continue
        text += f"[{step}]"
        if index and path[index - 1] in LISTS_OF_LAYERS:
            name = written_name(value_at(value, path[: index + 1]))
            text += f" {quoted(name)}" if name is not None else ""
    return text


def path_text(path: Path) -> str:
    """Return a path in the form that the command line takes: layers[2].filters."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def read_document(file: str | os.PathLike[str], kind: DocumentKind = NETWORK) -> Document:
    """Read a document from a file. Raises SpecError where the file cannot be read or is not a document."""
    path = FilePath(file)
    data = read_bytes(path, kind)
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        from graphnn.document.unreadable import not_utf8  # for wrong files only

        raise SpecError(not_utf8(str(file), data, error.start)) from None
    return parse_document(text, str(file), path.absolute().parent, kind)


def parse_document(
    text: str, file: str = "<document>", folder: FilePath | None = None, kind: DocumentKind = NETWORK
) -> Document:
    """Read a document from its text; `file` is its name in messages. Raises SpecError where it is not a document."""
    text = text.removeprefix("\ufeff")
    if not text.strip(" \t\r\n"):
        raise SpecError(Problem(f"the document is empty; {kind.name} is an object: {{{kind.content}}}", file=file))
    lines = LineIndex(text)
    try:
        value, marks = read_json(text)
    except JsonMistake as mistake:
        from graphnn.document.syntax_error import syntax_error  # for wrong documents only

        refused = syntax_error(mistake, file, folder or FilePath.cwd(), lines)
        raise refused.with_further(lambda repaired: check_kind(repaired, kind)) from None
    document = Document(file, value, folder or FilePath.cwd(), marks, lines)
    check_kind(document, kind)
    return document


def check_kind(document: Document, kind: DocumentKind) -> None:
    """Raise SpecError where a document is not of a kind."""
    value: Any = document.value
    if not isinstance(value, dict):
        message = f"{kind.name} is an object {{{kind.content}}}, found {TYPE_NAMES[type(value)]}"
        if isinstance(value, list):
            message += f'; if these are the {kind.list_key}, write {{"{kind.list_key}": […], …}}'
        raise SpecError(document.problem((), message))
    for other in (NETWORK, VARIANTS):
        if other.list_key in value and kind.list_key not in value:
            message = f"this is {other.name}, not {kind.name}{other.use}"
            raise SpecError(document.problem((other.list_key,), message, key=True))


def document_of_values(values: Mapping[str, Any], file: str, folder: FilePath | None = None) -> Document:
    """Return a document made of Python values. Raises SpecError for a value that JSON cannot express."""
    document = Document(file, {}, folder or FilePath.cwd())
    try:
        return replace(document, value=json_value(values))
    except NoJson as unfit:
        raise SpecError(document.problem(unfit.path, str(unfit))) from None


def read_bytes(path: FilePath, kind: DocumentKind) -> bytes:
    """Return the bytes of a file. Raises SpecError where it cannot be read, or is plainly not a document."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        from graphnn.document.unreadable import why_unread  # here and below: for files that are no documents only

        raise SpecError(Problem(why_unread(path, error), file=str(path))) from None
    if not data.startswith(b"{"):
        from graphnn.document.unreadable import other_content

        found = other_content(data, path, kind.name)
        if found is not None:
            raise SpecError(Problem(found, file=str(path)))
    if len(data) > MAX_BYTES:
        raise SpecError(Problem(f"larger than {MAX_BYTES // 10**6} MB; is this {kind.name}?", file=str(path)))
    return data


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return names separated by commas, at most the first `most` of them."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
