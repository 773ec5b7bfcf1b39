"""What may stand nowhere in JSON: comments, invisible characters, and the end of the text inside a bracket."""

from graphnn.document.json_brackets import OpenBracket, never_closed
from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_tokens import COMMENT, COMMENT_STARTS, INVISIBLE, line_end, shown


def nowhere(text: str, at: int, opened: OpenBracket | None) -> JsonMistake | None:
    """Return the mistake of what may stand nowhere: the end inside a bracket, a comment, an invisible character."""
    if at >= len(text):
        return None if opened is None else never_closed(text, opened)
    comment = COMMENT.match(text, at)
    if comment is not None:
        last = line_end(text, at) == len(text) and not comment[0].endswith(("*/", "-->")) and opened is not None
        edits = [] if last else [Edit(at, comment.end(), "")]
        return JsonMistake(at, 'JSON has no comments; remove it, or write it as "description": "…"', *edits)
    if text.startswith(COMMENT_STARTS, at):
        return JsonMistake(at, "JSON has no comments, and this one is never closed; remove it")
    invisible = INVISIBLE.match(text, at)
    if invisible is not None:
        return unseen(text, at, invisible.end())
    return None


def unseen(text: str, at: int, end: int) -> JsonMistake:
    """Return the mistake of characters that look like a space, or like nothing."""
    count = f" ({end - at} of them)" if end - at > 1 else ""
    space = text[at].isspace()
    remedy = "write a plain space in its place" if space else "remove it"
    return JsonMistake(at, f"found {shown(text, at)}{count}; {remedy}", Edit(at, end, " " if space else ""))
