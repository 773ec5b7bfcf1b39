"""The command that goes on with a run, after its document was edited, too."""

from collections.abc import Sequence

from graphnn.runs.facts import RunFacts, own_command
from graphnn.runs.folder import RunFolder
from graphnn.specification.differences import Difference, value_text
from graphnn.text.shell import shell_joined

UNDO = "  (the document was changed since: undo that first)"
MOST = 3  # edits that options set back


def resume_command(run: RunFolder, facts: RunFacts, edited: Sequence[Difference], resume: str) -> str:
    """Return the command that goes on with a run, whose folder may have been copied or renamed since it was trained.

    Where the document has been edited since in a few values, the command sets them as they were. resume: the command
    for runs that know none: one that ends with --resume, before the number, or one that finds what to go on with.
    """
    known, limit = facts.resume, facts.limit
    options = [] if known is not None or limit is None else ["--limit", str(limit)]
    if can_be_set(edited):
        options += [word for one in edited for word in ("--set", f"{one.path}={value_text(one.before)}")]
    more = f" {shell_joined(options)}" if options else ""
    if known is None and not resume.endswith("--resume"):
        return resume
    return own_command(f"{resume} 0" if known is None else known, run.number, more)


def can_be_set(edited: Sequence[Difference]) -> bool:
    """Whether a few --set undo the edits of a document."""
    plain = all(isinstance(value, (str, int, float)) for one in edited for value in (one.before, one.after))
    return plain and len(edited) <= MOST


def edits(facts: RunFacts, changed: Sequence[Difference]) -> list[Difference]:
    """Return what differs between a run and the document as it is now, and is not by the options of the run."""
    options = [change.removeprefix("--set ").partition("=")[0].strip() for change in facts.changes]
    return [one for one in changed if not any(one.path == path or one.path.startswith(f"{path}.") for path in options)]
