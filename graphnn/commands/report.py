"""report: writes one HTML page about a training: its figures, curves, mistakes, network and data."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_document_arguments,
    add_kernels_argument,
    add_threads_argument,
    add_weights_argument,
    document_source,
    run_number,
)
from graphnn.commands.guarding import guarded
from graphnn.commands.output_place import output_place
from graphnn.page.saving import check_libraries, check_page, save_page
from graphnn.runs.trained import PARTS
from graphnn.text.numbers import bytes_text
from graphnn.text.terminal import heard_by, note, show
from graphnn.text.working import working

EXAMPLES = (
    "models/digits.json",
    "models/digits.json 3",
    "models/digits.json 3 1 2 --output three.html",
)
NOTE = "note: "


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "report",
        "Write one HTML page about a training, to read, print or hand in: figures, curves, confusion matrix, the "
        "mistakes it was surest of, the network with the time of each layer, filters, samples, and the document. The "
        "page needs no other file and no network.",
        EXAMPLES,
    )
    add_document_arguments(result)
    result.add_argument(
        "runs",
        nargs="*",
        type=run_number,
        metavar="RUN",
        help="the run that the page is about, and further ones to compare it with; by default the run whose weights "
        "stand beside the document, or else the newest finished one",
    )
    result.add_argument(
        "--output",
        type=Path,
        metavar="FILE.html",
        help="where to write the page; by default NAME.html beside the document. Nothing but such a page is replaced",
    )
    add_weights_argument(result)
    result.add_argument(
        "--split",
        choices=PARTS,
        help="the part of the data to measure; by default test where the training has measured it, else validation",
    )
    add_data_argument(result)
    add_threads_argument(result)
    add_kernels_argument(result)
    return result


def run(argv: Sequence[str]) -> int:
    """Make the page, write it, and say where it is."""
    own = parser()
    arguments = own.parse(argv)
    output = output_place(own, arguments, "a page", ".html")
    check_libraries()
    check_page(output)
    notes: list[str] = []
    with heard_by(lambda text: notes.append(text.removeprefix(NOTE)) if text.startswith(NOTE) else None):
        text, about = page(arguments, notes)
    save_page(text, output)
    show(f"{output} written, {bytes_text(len(text.encode()))}: {about}.\n")
    return 0


def page(arguments: Namespace, notes: list[str]) -> tuple[str, str]:
    """Return the page, and in words what it is about. notes: those of the command, added to while it runs."""
    from graphnn.page.content import Wishes, make_content  # these take long to import, and a bad file needs none
    from graphnn.page.rendering import render_page
    from graphnn.page.subject import find_subject

    subject = find_subject(document_source(arguments), arguments.runs, arguments.weights, note)
    wishes = Wishes(
        part=arguments.split,
        data_dir=arguments.data_dir,
        plugins=tuple(arguments.plugins),
        threads=arguments.threads,
        kernels=arguments.kernels,
    )
    content = make_content(subject, wishes, datetime.now(), note, notes)
    with working("writing the page"):
        text = render_page(content)
    if subject.run is not None:
        what = f"run {subject.run.number}"
    else:
        what = f"the weights {arguments.weights or 'beside the document'}, of no run that is known here"
    measured = content.measured
    part = "" if measured is None else f", measured on the {measured.part_name} part"
    return text, f"{what}{part}"
