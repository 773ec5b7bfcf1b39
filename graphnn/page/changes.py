"""What differs between the documents of runs, and the text of a document with its words coloured."""

import re
from collections.abc import Iterator, Sequence

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.settings import added_fragments
from graphnn.page.subject import ReadRun, Subject
from graphnn.specification.differences import ABSENT, Difference, differences, value_text, with_defaults

TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)'
    r"|(?P<word>\b(?:true|false|null)\b)"
)
LONGEST = 120  # characters of a value in a table
SHOWN = 60  # differences


@frozen_dataclass
class Change:
    """A setting with two values, in words; the reason says why they differ, where that cannot be seen."""

    setting: str
    before: str
    after: str
    reason: str


@frozen_dataclass
class Changes:
    """The settings in which two documents differ. titles: of their values. more: how many are not shown."""

    titles: tuple[str, str]
    shown: tuple[Change, ...]
    more: int


@frozen_dataclass
class Token:
    """A part of a document's text. kind: "key", "string", "number", "word", or "" for what is between."""

    kind: str
    text: str


def since_the_run_before(subject: Subject) -> Changes | None:
    """Return what differs from the run before; None where there is none."""
    before, run = subject.before, subject.run
    if before is None or run is None:
        return None
    return between(before, run)


def to_the_document_of_now(subject: Subject) -> Changes | None:
    """Return what differs in the document as it is now, with --set of the command; None where nothing does."""
    if subject.run is None or not subject.edited:
        return None
    now = "in the document now" + (", with --set" if subject.overrides else "")
    return changes((f"in run {subject.run.number}", now), subject.edited)


def between(before: ReadRun, run: ReadRun) -> Changes | None:
    """Return what differs between two runs, with the options besides their documents; None where one has none."""
    if before.document is None or run.document is None:
        return None
    found = differences(before.document, with_defaults(run.document, added_fragments()), plugins=added_fragments())
    options = [
        Difference(name, ABSENT if old is None else old, ABSENT if new is None else new)
        for name, old, new in (
            ("--limit", before.facts.limit, run.facts.limit),
            ("--init-from", before.facts.init_from, run.facts.init_from),
            ("--kernels", before.facts.kernels or None, run.facts.kernels or None),
        )
        if old != new
    ]
    return changes((f"run {before.number}", f"run {run.number}"), [*options, *found])


def changes(titles: tuple[str, str], found: Sequence[Difference]) -> Changes:
    """Return differences in words."""
    shown = tuple(
        Change(one.path, shortened(value_text(one.before)), shortened(value_text(one.after)), one.reason)
        for one in found[:SHOWN]
    )
    return Changes(titles, shown, max(0, len(found) - SHOWN))


def shortened(text: str) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def tokens(text: str) -> Iterator[Token]:
    """Yield the parts of the text of a document, which together are the text."""
    at = 0
    for match in TOKEN.finditer(text):
        if match.start() > at:
            yield Token("", text[at : match.start()])
        yield Token(str(match.lastgroup), match[0])
        at = match.end()
    if at < len(text):
        yield Token("", text[at:])
