"""Schema, editor and interpreter accept and refuse the same documents, but for a few, each with its reason."""

import json
import re
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
INSERTIONS = runpy.run_path(str(FOLDER / "insertions.py"))
MUTATIONS = runpy.run_path(str(ROOT / "tests" / "mutated_documents" / "mutations.py"))
FILE = ROOT / "associated" / "new.json"  # which is never written


@dataclass(frozen=True)
class Difference:
    """What one of the three judges otherwise. verdict: whether schema, editor and interpreter refuse; None for either.

    said: what the interpreter says. reason: why it cannot be judged alike.
    """

    verdict: tuple[bool | None, bool | None, bool | None]
    said: str
    reason: str
    example: str


DIFFERENCES = (
    Difference(
        (False, None, True),
        r"expected .*an integer.*, found [-+.\de]+; write \d+",
        "the schema compares the value of a number, the editor looks for a point; who writes 32.0 or 1e1 may mean a "
        "fraction, and weights are bound to the text",
        '"training": {"epochs": 1, "batch_size": 1e1}',
    ),
    Difference(
        (None, None, True),
        r"the number is out of range",
        "the schema and the editor read 1e999 as infinite, which is a number to them",
        '"training": {"epochs": 1e999}',
    ),
    Difference(
        (False, False, True),
        r"is half of a surrogate pair",
        "the schema and the editor look at the text's form alone",
        '"training": {"epochs": 1, "description": "\\ud83d"}',
    ),
    Difference(
        (False, False, True),
        r" in float32, in which networks are computed",
        "32 bits hold no such number; JSON Schema has no word for what is lost",
        '"training": {"epochs": 1e300}',
    ),
    Difference(
        (False, False, True),
        r'unknown layer type "[a-z][a-z0-9_]*…?"',
        "JSON Schema cannot compare the type of a layer with the names of the blocks that the document has",
        '"blocks": {"pair": {"layers": [{"type": "ReLU"}]}}, "layers": [{"type": "step"}]',
    ),
    Difference(
        (False, False, True),
        r'the block "|a block cannot use itself|among the optional ones|of the block has "|which only blocks have',
        "JSON Schema cannot compare the settings of a layer, or what stands for them, with the parameters of a block",
        '"blocks": {"pair": {"layers": [{"type": "Dense", "units": "$units"}]}}, "layers": [{"type": "pair", "a": 1}]',
    ),
    Difference((True, False, True), r"the document is empty", "an editor leaves an empty file in peace", ""),
)


def documents() -> Iterator[tuple[str, str]]:
    """Yield name and text of each document of the tests."""
    for folder in ("models", "tests/specification/invalid", "tests/readme"):
        for file in sorted((ROOT / folder).glob("*.json")):
            yield file.name, file.read_bytes().decode("utf-8", "surrogatepass")
    for number, value in enumerate(MUTATIONS["small_documents"]()):
        yield f"small document {number}", json.dumps(value)
    base = json.loads((ROOT / "models" / "digits.json").read_text(encoding="utf-8"))
    for difference in DIFFERENCES:
        rest = {key: one for key, one in base.items() if f'"{key}": ' not in difference.example}
        yield difference.reason, f"{json.dumps(rest)[:-1]}, {difference.example}}}" if difference.example else ""


def refused(text: str, editor: Any) -> tuple[tuple[bool, bool, bool], str]:
    """Return whether the schema, the editor and the interpreter refuse a text, and what the interpreter says."""
    text = text.removeprefix("\ufeff")  # as all three do when they read a file
    said = " ".join(INSERTIONS["interpreted"](text, parameters=True))
    return (refused_by_schema(text), bool(editor.problems(text, FILE)), bool(said)), said


def refused_by_schema(text: str) -> bool:
    """Return whether a text is not strict JSON, or not valid by the raw schema."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key is there twice")
        return dict(pairs)

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
        return not INSERTIONS["RAW"].is_valid(value)
    except (ValueError, RecursionError):
        return True


def explained(verdict: tuple[bool, bool, bool], said: str) -> Difference | None:
    """Return the difference that a verdict is an example of; None where it is none."""
    for one in DIFFERENCES:
        fits = all(demanded in (None, found) for demanded, found in zip(one.verdict, verdict, strict=True))
        if fits and re.search(one.said, said):
            return one
    return None


def unexplained(named: Iterator[tuple[str, str]], editor: Any) -> tuple[list[str], set[str], int]:
    """Return the documents on which verdicts differ without a reason, the reasons of the others, and the number."""
    wrong, reasons, number = [], set(), 0
    for name, text in named:
        number += 1
        verdict, said = refused(text, editor)
        if len(set(verdict)) > 1:
            difference = explained(verdict, said)
            if difference is None:
                wrong.append(f"{name}: refused by schema, editor, interpreter: {verdict}; {said[:300]}")
            else:
                reasons.add(difference.reason)
    return wrong, reasons, number


def test_the_documents_of_the_tests_are_judged_alike(editor: Any) -> None:
    wrong, reasons, number = unexplained(documents(), editor)
    assert not wrong, "\n".join(wrong)
    assert reasons == {one.reason for one in DIFFERENCES}
    assert number > 320


def mutants(seeds: range) -> Iterator[tuple[str, str]]:
    """Yield documents with random faults, but for those that name another schema, which an editor would look for."""
    for seed in seeds:
        text = MUTATIONS["mutant"](seed)
        if '"$schema"' not in text or '"../schemas/network.schema.json"' in text:
            yield f"mutant({seed})", text


def test_documents_with_random_faults_are_judged_alike(editor: Any) -> None:
    wrong, _, _ = unexplained(mutants(range(60)), editor)
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_many_documents_with_random_faults_are_judged_alike(part: int, editor: Any) -> None:
    wrong, _, _ = unexplained(mutants(range(500 * part, 500 * part + 500)), editor)
    assert not wrong, "\n".join(wrong)


def test_a_difference_without_a_reason_is_seen(editor: Any) -> None:
    text = dict(documents())["digits.json"].replace('"digits"', '"digits", "size": 3')
    verdict, said = refused(text, editor)
    assert verdict == (True, True, True)
    assert explained((False, False, True), said) is None
    assert explained((False, True, True), "expected an integer, found 32.0; write 32") is DIFFERENCES[0]
