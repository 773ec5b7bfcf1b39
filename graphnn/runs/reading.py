"""Reading the document of a command, the notes about it, and the command lines that messages suggest."""

import os
import shutil
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Self

from graphnn.document.document import Document
from graphnn.document.document import read_document as read_text
from graphnn.errors import Problem
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.batch_sizes import batch_size_note
from graphnn.graph.graph import Graph
from graphnn.graph.notes import notes
from graphnn.specification.spec import Spec, make_spec, read_spec
from graphnn.text.terminal import complain, note

OPEN_FILES = (PurePosixPath("/dev"), PurePosixPath("/dev/fd"))  # /dev/stdin, /dev/fd/3; Linux has them in /proc, too


def command_line(command: str, running: str) -> str:
    """Return a command line that runs `command` as the present one was run. running: the name of the present command.

    It names the interpreter or program that was called, which need not be the first on the PATH.
    """
    from graphnn.text.shell import shell_joined  # for messages of a few commands only

    called = Path(sys.argv[0] if sys.argv else "")
    if called.name == f"{running}.py":
        return shell_joined([sys.orig_argv[0], str(called.with_name(f"{command}.py"))])
    if called.parts[-2:] == ("graphnn", "__main__.py"):
        return shell_joined([sys.orig_argv[0], "-m", "graphnn", command])
    if called.stem == "graphnn" and shutil.which("graphnn") != str(called):
        return shell_joined([str(called), command])
    return f"graphnn {command}"


def document_command(command: str, running: str, document: Path, output: Path | None = None) -> str:
    """Return the command line that runs `command` on a document, with an --output if there is one, to be added to.

    running: as for `command_line`.
    """
    from graphnn.text.shell import file_word

    named = "" if output is None else f" --output {file_word(output)}"
    return f"{command_line(command, running)} {file_word(document)}{named}"


def has_place(document: Path) -> bool:
    """Return whether files can lie beside a document, or none is there yet.

    They cannot where it is read from a pipe or a device, or by the name of an open file, as /dev/stdin.
    """
    try:
        mode = document.stat().st_mode
    except (OSError, ValueError):  # whoever reads it says so
        return True
    folder = PurePosixPath(os.path.realpath(document.parent))
    named_by_number = folder in OPEN_FILES or folder.parts[:2] == ("/", "proc")
    return not named_by_number and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@frozen_dataclass
class DocumentSource:
    """A document to read.

    overrides: changes to it, such as training.epochs=5. plugins: Python files that register further layer types.
    text: what was read from a pipe, which can be read only once; None: it is in `file`.
    """

    file: Path
    overrides: tuple[str, ...] = ()
    plugins: tuple[Path, ...] = ()
    text: Document | None = None

    @classmethod
    def of(cls, file: Path, overrides: Sequence[str], plugins: Sequence[Path]) -> Self:
        """Return the source of a document. Raises SpecError where it is read here, from a pipe, and is none."""
        return cls(file, tuple(overrides), tuple(plugins), None if has_place(file) else read_text(file))

    def changed(self, *overrides: str) -> Self:
        """Return the same document with more overrides, which are applied after the others."""
        return replace(self, overrides=(*self.overrides, *overrides))


def read_document(source: DocumentSource) -> Spec:
    """Run the plugins, then read and check the document. Raises SpecError with every problem.

    Notices, such as that the document's format is old, are printed on stderr.
    """
    spec = checked_document(source)
    for notice in spec.notices:
        complain(notice)
    return spec


def checked_document(source: DocumentSource) -> Spec:
    """Return what `read_document` does, and print nothing."""
    plugins = {}
    if source.plugins:
        from graphnn.layers.plugins import load_plugins  # rarely needed, and takes 5 ms to import

        plugins = load_plugins(source.plugins)
    if source.text is None:
        return read_spec(source.file, overrides=source.overrides, plugins=plugins)
    return make_spec(source.text, source.overrides, plugins)


def print_notes(spec: Spec, graph: Graph) -> None:
    """Print notes on stderr about settings of the document that are probably mistakes."""
    for problem in notes(spec, graph):
        note(problem)


def all_notes(spec: Spec, graph: Graph) -> list[Problem]:
    """Return the notes about a document, also of what training would refuse, and what its windows leave out.

    These are that no batch of its size can train a layer, and the rows or columns of images that no window looks at.
    """
    found = notes(spec, graph)
    if len(graph.input_shape) == 3:
        from graphnn.graph.edge_notes import edge_note  # only images have edges

        edge = edge_note(spec, graph)
        found += [] if edge is None else [edge]
    text = batch_size_note(graph, spec.training["batch_size"])
    return found if text is None else [*found, spec.problem(("training", "batch_size"), text).without_source()]
