"""Quick fixes: what a message says to write, written."""

import json
import re

from lsprotocol.types import CodeAction, CodeActionKind, Range, TextEdit, WorkspaceEdit

from graphnn.language_server.analysis import Analysis, Diagnosis
from graphnn.language_server.answers import diagnostic
from graphnn.language_server.text import Text

MEANT = re.compile(r'did you mean ("(?:[^"\\]|\\.)*")\?')
WRITE = re.compile(r"; write (\S.*)$")
COLON = re.compile(r"\s*:")


def fixes(analysis: Analysis, uri: str, chosen: Range) -> list[CodeAction]:
    """Return an action for each finding in a range that says in full what is right there.

    uri: of the document.
    """
    text, result = analysis.text, []
    for one in analysis.findings:
        where = text.range(one.start, one.end)
        new = replacement(text, one)
        if new is None or where.end < chosen.start or chosen.end < where.start:
            continue
        edit = WorkspaceEdit(changes={uri: [TextEdit(where, new)]})
        about = [diagnostic(text, one)]
        kind = CodeActionKind.QuickFix
        result.append(CodeAction(f"Write {new}", kind=kind, diagnostics=about, edit=edit, is_preferred=True))
    return result


def replacement(text: Text, one: Diagnosis) -> str | None:
    """Return what belongs in the place that a finding is about; None where its message does not say it."""
    found = text.content[one.start : one.end]
    meant = MEANT.search(one.message)
    if meant is not None:
        return meant[1] if found.startswith('"') else None
    write = WRITE.search(one.message)
    if write is None or COLON.match(text.content, one.end) is not None:  # it is about a key
        return None
    return write[1] if is_value(write[1]) and is_value(found) else None


def is_value(text: str) -> bool:
    """Whether a text is one JSON value."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
