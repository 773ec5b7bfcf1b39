"""Text that is not meant to be JSON: unresolved merges, web pages, programs, and networks in the formats of others."""

import re
from collections.abc import Sequence

from graphnn.document.json_reader import JsonMistake, LineIndex
from graphnn.text.suggestions import quoted

LAYER = '{"type": "Dense", "units": 10}'
MERGE = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?:[ \t]([^\r\n]*))?(?=[\r\n]|\Z)", re.MULTILINE)
BLANKS = re.compile(r"(?:\s|\ufeff|//[^\n]*|#[^\n]*|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
HTML = re.compile(r"<(?:!doctype html|html|head|body|\?xml|!--.*?-->\s*<!doctype)", re.IGNORECASE | re.DOTALL)
TITLE = re.compile(r"<title[^>]*>\s*([^<]*?)\s*</title>", re.IGNORECASE)
PYTHON = re.compile(
    r"(?:import\s+\w|from\s+[\w.]+\s+import\s|def\s+\w+\(|class\s+\w+[(:]|@\w|#!.*python|if\s+__name__|print\s*\("
    r"|[A-Za-z_][\w.]*\s*=\s*(?:\w+\.)*[A-Za-z_]\w*\(|[A-Za-z_][\w.]*\.\w+\(|\"\"\"|''')"
)
SCRIPT = re.compile(r"#![ \t]*(?:\S*/)?(\w+)(?:[ \t]+(\w+))?")
DARKNET = re.compile(r"\[(?:net|network|convolutional|connected|maxpool|avgpool|softmax|route|shortcut|yolo|dropout)\]")
SECTION = re.compile(r"\[\[?[A-Za-z_][\w.\-\" ]*\]\]?[ \t]*(?:[#;][^\n]*)?(?:\r?\n|\Z)")
ASSIGNMENT = re.compile(r"[A-Za-z_][\w.\-]*[ \t]*=[ \t]*\S")
PROTOTXT = re.compile(
    r"(?:[a-z_]+\s*:\s*[^\s{][^\n]*\n\s*|#[^\n]*\n\s*)*(?:layers?|input_param|net_param|[a-z]+_param)\s*\{"
)
YAML_LINE = re.compile(r"^[ \t]*(?:-[ \t]+|[\w.\-$]+:(?=[ \t\r\n]|\Z)|---[ \t]*$)", re.MULTILINE)
FIRST_KEY = re.compile(r'"[^"\n]*"[ \t]*:')


def other_format(text: str) -> Sequence[JsonMistake]:
    """Return what tells that a text, which is not JSON, is of another format altogether; nothing where it is not."""
    merges = unresolved_merges(text)
    if merges:
        return merges
    script = SCRIPT.match(text)
    if script is not None:
        program = script[2] if script[1] == "env" and script[2] else script[1]
        return (JsonMistake(0, f"this is a program ({program}), not a document"),)
    match = BLANKS.match(text)
    at = 0 if match is None else match.end()
    first = text[at : at + 1]
    if first in ("", "{") or (first == "[" and not SECTION.match(text, at)):
        return ()
    found = kind_of(text, at)
    return () if found is None else (JsonMistake(at, found),)


def kind_of(text: str, at: int) -> str | None:
    """Return the message about the format of a text whose content begins at an offset."""
    if HTML.match(text, at):
        title = TITLE.search(text)
        named = f", {quoted(title[1])}" if title is not None and title[1] else ""
        return f"this is a web page (HTML or XML){named}, not a document; download the file itself"
    if DARKNET.match(text, at):
        return f"this is a network of Darknet (.cfg); here [connected] with output=10 is the layer {LAYER}"
    if PROTOTXT.match(text, at):
        return f"this is a network of Caffe (prototxt); here an InnerProduct layer with num_output: 10 is {LAYER}"
    if SECTION.match(text, at):
        return 'this is TOML or an INI file; in JSON a section [training] with epochs = 5 is "training": {"epochs": 5}'
    if PYTHON.match(text, at) and not re.compile(r"\w+\s*=\s*\{").match(text, at):
        return 'this is a Python program, not a document; model.to_document("net.json") writes one of a graphnn Model'
    if ASSIGNMENT.match(text, at) and not re.compile(r"[\w.]+\s*=\s*\{").match(text, at):
        return 'this is TOML or an INI file; in JSON a line epochs = 5 is "epochs": 5, all of them between { and }'
    if FIRST_KEY.match(text, at):
        closed = text.rstrip().endswith("}") and text.count("}") > text.count("{")
        return f"""a document is an object; write "{{" before the first key{"" if closed else ', and "}" at the end'}"""
    if YAML_LINE.match(text, at) and len(YAML_LINE.findall(text)) > 1:
        return 'this is YAML; in JSON a line epochs: 5 is "epochs": 5, with commas between, and all between { and }'
    return None


def unresolved_merges(text: str) -> list[JsonMistake]:
    """Return a mistake for each unresolved merge of git, at its first line."""
    lines = LineIndex(text)
    mistakes: list[JsonMistake] = []
    begin: re.Match[str] | None = None
    for match in MERGE.finditer(text):
        if match[1].startswith("<"):
            begin = match
        elif match[1].startswith(">") and begin is not None:
            first, last = (lines.position(each.start())[0] for each in (begin, match))
            versions = " and ".join(quoted(each[2]) for each in (begin, match) if each[2])
            named = f", {versions}," if versions else ""
            mistakes.append(
                JsonMistake(
                    begin.start(),
                    f"an unresolved merge: lines {first} to {last} hold two versions{named} of which one must go, "
                    "with the lines of <<<<<<<, ======= and >>>>>>>",
                )
            )
            begin = None
    if begin is not None:
        mistakes.append(JsonMistake(begin.start(), "an unresolved merge begins here; choose one of its versions"))
    return mistakes
