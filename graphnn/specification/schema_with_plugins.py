"""The text of the schema with the layers of plugins, for editors; what is added is written as the rest is by hand."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.document.document import parse_document
from graphnn.errors import SpecError
from graphnn.specification.schema import WORDS, Definition, branch_of, layer_definition, schema_text
from graphnn.specification.schema_layout import START, one_line, with_short_forms
from graphnn.specification.setting_titles import title_of

WIDTH = 120  # columns of the schema's text, but for sentences
LAYER = ("definitions", "layer")
Step = str | int


def text_with_plugins(fragments: Mapping[str, Definition]) -> str:
    """Return the schema's text with the fragments of plugins, by layer type. Raises SpecError for what is not JSON."""
    text = schema_text()
    for type_, fragment in fragments.items():
        try:
            json.dumps(fragment, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise SpecError(f"{type_}: `schema` cannot be written as JSON: {error}") from error
        text = with_type(text, type_, titled(layer_definition(type_, fragment)))
    return text


def with_type(text: str, type_: str, definition: Definition) -> str:
    """Return the schema's text with one more type of layer."""
    meaning = str(definition.get("description", type_)).partition(". ")[0].rstrip(".")
    snippet = {"label": type_, "description": meaning, "bodyText": body(type_, definition)}
    choices = choices_in(json.loads(text))
    text = allowing(definition["properties"], text)
    text = appended(text, (*choices, "enum"), one_line(type_))
    text = appended(text, (*choices, "enumDescriptions"), one_line(meaning))
    text = appended(text, (*LAYER, "allOf"), one_line(branch_of(type_, type_)))
    text = appended(text, (*LAYER, "defaultSnippets"), one_line(snippet))
    _, end = span(text, ("definitions", "block_name", "not", "enum"))
    text = f"{text[: end - 1]}, {one_line(type_.lower())}{text[end - 1 :]}"
    by_hand, start, rest = text.partition(START)
    return with_short_forms(f"{by_hand}    {one_line(type_)}: {written(definition, '    ')},\n{start}{rest}")


def choices_in(root: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the path of the definition that lists the types of layers; other forms of a type may stand beside it."""
    type_ = root["definitions"]["layer"]["properties"]["type"]
    if "enum" in type_:
        return (*LAYER, "properties", "type")
    number = next(index for index, one in enumerate(type_["anyOf"]) if "enum" in one)
    return (*LAYER, "properties", "type", "anyOf", number)


def titled(definition: Definition) -> dict[str, Any]:
    """Return the definition of a layer in the usual order, with a title for each setting that has none."""
    properties = {}
    for name, one in definition["properties"].items():
        title = title_of(one) if isinstance(one, Mapping) and "title" not in one else None
        properties[name] = one if title is None else {"title": title, **one}
    first = {key: definition[key] for key in ("title", "description") if key in definition}
    return {**first, **{key: one for key, one in definition.items() if key != "properties"}, "properties": properties}


def body(type_: str, definition: Definition) -> str:
    """Return the snippet of a layer: its type, and values to change for the settings that it needs."""
    settings = [f'"type": {one_line(type_)}']
    for name in definition.get("required", ()):
        example = example_of(definition["properties"][name])
        if example is not None:
            value = (
                json.dumps(example, ensure_ascii=False).replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
            )
            settings.append(f"{one_line(name)}: ${{{len(settings)}:{value}}}")
    return f"{{{', '.join(settings)}}}"


def example_of(setting: Any) -> Any:
    """Return a value that a setting may have; None where it cannot be known."""
    if not isinstance(setting, Mapping):
        return None
    for key in ("examples", "enum"):
        if setting.get(key):
            return setting[key][0]
    for key in ("default", "const", "minimum"):
        if key in setting:
            return setting[key]
    if "exclusiveMinimum" in setting:
        above = setting["exclusiveMinimum"] + 1
        return above if above < setting.get("exclusiveMaximum", above + 1) else None
    types = setting.get("type", ())
    return next((value for name, value in (("integer", 1), ("number", 1), ("boolean", True)) if name in types), None)


def allowing(properties: Mapping[str, Any], text: str) -> str:
    """Return the schema's text without the words for keys that are wrong elsewhere and settings of a plugin's layer."""
    names = json.loads(text)["definitions"][WORDS]["propertyNames"]["allOf"]
    for number, one in reversed(list(enumerate(names))):
        if one["not"]["const"] in properties:
            start, end = span(text, ("definitions", WORDS, "propertyNames", "allOf", number))
            following = text[end] == ","
            start = start if following else text.rindex(",", 0, start)
            text = text[:start] + (text[end + 1 :].lstrip() if following else text[end:])
    return text


def appended(text: str, path: Sequence[Step], item: str) -> str:
    """Return the text with one more item at the end of a list, or of an object, that has some, each on a line."""
    start, end = span(text, path)
    content = text[: end - 1].rstrip()
    closing = text[text.rindex("\n", start, end) + 1 : end - 1]
    return f"{content},\n{closing}  {item}{text[len(content) :]}"


def span(text: str, path: Sequence[Step]) -> tuple[int, int]:
    """Return where a value of a JSON text begins and ends."""
    mark: Any = parse_document(text, "the schema").marks
    for step in path:
        mark = mark.values[step]
    start = mark if isinstance(mark, int) else mark.start
    return start, json.JSONDecoder().raw_decode(text, start)[1]


def written(value: Any, indent: str) -> str:
    """Return JSON over several lines, but for objects and lists that fit on one."""
    if not isinstance(value, Mapping) or not value:
        return one_line(value)
    lines = []
    for key, one in value.items():
        name = f"{indent}  {one_line(key)}: "
        short = name + one_line(one)
        fits = len(short) < WIDTH and key != "properties"
        lines.append(short if fits else name + written(one, f"{indent}  "))
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
