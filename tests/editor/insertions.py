"""What becomes of a document when an offer is taken: whether it is valid, and written as those of models/ are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from graphnn.document.document import parse_document
from graphnn.errors import GraphError
from graphnn.specification.blocks import Blocks
from graphnn.specification.schema import Schema, load_schema
from graphnn.specification.schema_problems import find

ROOT = Path(__file__).resolve().parents[2]
RAW = Draft7Validator(json.loads((ROOT / "schemas" / "network.schema.json").read_text(encoding="utf-8")))
CURSOR = "‸"
SPREAD = re.compile(r"\{[^{}\[\]]*\n[^{}\[\]]*\}|\[[^{}\[\]]*\n[^{}\[\]]*\]")  # an object or list of values alone


def faults(editor: Any, offer: Any, file: Path, depth: int = 0) -> Iterator[str]:
    """Yield what is wrong with the document that an offer makes; an empty value is filled with each offer for it."""
    if SPREAD.search(offer.inserted):
        yield f"{offer.label} is spread over lines: {offer.inserted}"
    if offer.again and offer.cursor is not None and depth < 2:
        marked = offer.text[: offer.cursor] + CURSOR + offer.text[offer.cursor :]
        inner = editor.complete(marked, file)
        if not inner:
            yield f"{offer.label} has nothing to choose from"
        for one in inner:
            yield from (f"{offer.label}, {fault}" for fault in faults(editor, one, file, depth + 1))
        return
    if offer.text not in editor.said:
        editor.said[offer.text] = verdicts(editor, offer.text, file)
    for who, messages in editor.said[offer.text].items():
        if messages:
            yield f"{offer.label} inserts {offer.inserted!r}, of which {who} says {messages}"


def verdicts(editor: Any, text: str, file: Path) -> dict[str, list[str]]:
    """Return what all say of a document, once what is required and missing is there."""
    try:
        value = json.loads(text)
    except ValueError as error:
        return {"Python": [f"{error} in {text}"]}
    value.setdefault("$schema", "../schemas/network.schema.json")
    without, messages = completed(value, load_schema())
    text = text if value == json.loads(text) else json.dumps(value)
    return {
        "nobody": [f"what to write for {key}" for key in without],
        "the schema": messages,
        "the editor": [one["message"] for one in editor.problems(text, file)],
        "the interpreter": interpreted(text),
    }


def interpreted(text: str, *, parameters: bool = False) -> list[str]:
    """Return what the interpreter says of a document before it asks for its meaning.

    parameters: also of those of blocks.
    """
    try:
        value, schema = parse_document(text, "net").value, load_schema()
        blocks = Blocks(value, schema)
        more = blocks.findings() if parameters and isinstance(value, dict) else ()
        findings = [*find(value, schema, blocks=blocks), *more]
        return [one.message for one in findings]
    except GraphError as error:
        return [str(problem) for problem in error.problems]


def completed(value: Any, schema: Schema) -> tuple[list[str], list[str]]:
    """Write an example of each key that is required and missing; return those that have none, and all other errors."""
    without: list[str] = []
    while True:
        errors = list(RAW.iter_errors(value))
        absent = [error for error in errors if error.validator == "required"]
        if not absent or without:
            return without, [error.message for error in errors]
        for error in absent:
            at: Any = value
            for step in error.absolute_path:
                at = at[step]
            for key in set(error.validator_value) - set(at):
                at[key] = example_of(definition_of(error.schema, key, schema))
                without += [key] if at[key] is None else []


def definition_of(around: Any, key: str, schema: Schema) -> Any:
    """Return the definition of a key in the definition of an object."""
    return schema.follow(around["properties"][key])


def example_of(definition: Any) -> Any:
    """Return the first value that an editor would offer; None where there is none."""
    for values in (definition.get("examples"), definition.get("enum")):
        if values:
            return values[0]
    for snippet in definition.get("defaultSnippets", ()):
        if "bodyText" in snippet:
            text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", snippet["bodyText"])
            return json.loads(text.replace("\\$", "$"))
    return definition.get("default")
