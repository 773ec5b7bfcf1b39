"""The errors of the schema check, as problems with positions and advice, in the document's order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from graphnn.document.document import Document, Path, where_text, written_name
from graphnn.document.values import NoJson, json_value
from graphnn.errors import Problem
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.schema import Schema
from graphnn.text.suggestions import quoted

if TYPE_CHECKING:
    from jsonschema import ValidationError

    from graphnn.specification.blocks import Blocks

NAMES_AND_NUMBERS = re.compile(r'"[^"]*"|[0-9]+')
MOST_PROBLEMS = 100  # nobody reads more; a file with thousands is not a network document


@frozen_dataclass
class Finding:
    """One fault, before it has a position. key: whether the key at `path` is wrong, rather than its value.

    where: the path named in the message; by default `path`, or for a key the path of its object.
    """

    path: Path
    message: str
    key: bool = False
    where: Path | None = None

    @property
    def named_path(self) -> Path:
        """The path named in the message."""
        if self.where is not None:
            return self.where
        return self.path[:-1] if self.key else self.path


def in_order(document: Document, findings: Iterable[Finding]) -> list[Problem]:
    """Return findings as problems, in the document's order, up to MOST_PROBLEMS."""
    ordered = sorted(
        once(document, findings), key=lambda finding: rank(document.value, document.written_path(finding.path))
    )
    shown = [document.problem(one.path, one.message, key=one.key, where=one.where) for one in ordered[:MOST_PROBLEMS]]
    if len(ordered) > MOST_PROBLEMS:
        shown.append(Problem(f"and {len(ordered) - MOST_PROBLEMS} more problems", file=document.file))
    return shown


def once(document: Document, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without those that say again, of the same place in the text, what one says of a repetition."""
    if not document.origins:
        return list(findings)
    first: dict[tuple[Path, str], Finding] = {}
    for one in findings:
        first.setdefault((document.written_path(one.path), NAMES_AND_NUMBERS.sub("", one.message)), one)
    return list(first.values())


def rank(value: Any, path: Path) -> tuple[int, ...]:
    """Return the key that sorts paths in the document's order, an object before its contents."""
    ranks = []
    for step in path:
        if isinstance(value, dict) and step in value:
            ranks.append(list(value).index(str(step)))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            ranks.append(step)
        else:
            break
        value = value[step]
    return tuple(ranks)


def section_problems(values: Mapping[str, Any], kind: str, schema: Schema, label: str) -> list[Problem]:
    """Return the schema's problems with one section that was made in Python, such as a layer.

    kind: as in Schema. label: what messages call the section.
    """
    name = written_name(values)
    start = label if name is None else f"{label} {quoted(name)}"
    try:
        value = json_value(values)
    except NoJson as unfit:
        return [Problem(str(unfit), where_text(values, unfit.path, start))]
    findings = sorted(find(value, schema, kind), key=lambda finding: rank({kind: value}, finding.path))
    return [Problem(one.message, where_text(value, one.named_path[1:], start)) for one in findings]


def path_of(error: ValidationError) -> Path:
    """Return the path of what jsonschema refuses: of a value, or of a key."""
    path = tuple(error.absolute_path)
    return (*path, str(error.instance)) if is_about_key(error) else path


def is_about_key(error: ValidationError) -> bool:
    """Whether jsonschema refuses a key, rather than a value."""
    return "propertyNames" in error.absolute_schema_path


def find(value: Any, schema: Schema, section: str | None = None, blocks: Blocks | None = None) -> Iterator[Finding]:
    """Yield a finding for each unknown key and each missing key, and at most one for each wrong value.

    section: the kind of one section of a document, whose path is then (section,); None for a whole document. blocks:
    those of the document, which allow values that the schema does not know.
    """
    validator = schema.validator
    if section is None:
        refused = validator.iter_errors(value)
        broken = [one for one in refused if blocks is None or not blocks.allows(path_of(one), one.instance)]
    else:
        broken = list(validator.descend(value, schema.definitions[section], path=section))
    if broken:
        from graphnn.specification.violations import explained  # for wrong documents only

        yield from explained(broken, value if section is None else {section: value}, section is None, schema, blocks)
