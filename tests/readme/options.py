"""The part of schemas/README.md that lists all that a document can say, made from the schema."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from graphnn.losses.base import LOSSES
from graphnn.metrics.base import METRICS
from graphnn.specification.setting_titles import number

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "network.schema.json"
NAMED = {"type", "dataset", "name", "description"}  # what the text, not the table, explains


def options() -> str:
    """Return the keys of a document, every layer, loss and so on with its settings, then the other sections."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    parts = [f"## {title}\n\n{intro}\n\n{table(kinds(schema, kind), titled)}" for title, kind, titled, intro in TYPED]
    parts.insert(1 + [title for title, *_ in TYPED].index("Losses"), f"## Metrics\n\n{metrics()}")
    definitions = schema["definitions"]
    sections = [
        ("`training`", "", resolved(schema, schema["properties"]["training"])),
        ("`evaluation`", "", resolved(schema, schema["properties"]["evaluation"])),
        ("`input`", "", schema["properties"]["input"]),
    ]
    groups = table([("a group", "", resolved(schema, definitions["group"]))], "group")
    blocks = table([("a block", "", resolved(schema, definitions["block"]))], "block")
    parts.append(f"## Shorter documents\n\n{SHORTER}\n\n{blocks}")
    parts.append(f"## Groups of parameters\n\n{GROUPS}\n\n{groups}")
    return "\n\n".join(
        [f"## The document\n\n{keys(schema)}", *parts, f"## The other sections\n\n{table(sections, 'section')}"]
    )


SAID = {
    "description": "text",
    "defaults": "settings by type of layer, see [shorter documents](#shorter-documents)",
    "blocks": "blocks by name, see there",
}


def keys(schema: Mapping[str, Any]) -> str:
    """Return the table of the keys that a document has."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, value in schema["properties"].items():
        definition = referred(schema, value)
        default = "required" if name in schema["required"] else default_text(definition)
        said = SAID.get(name) or values(definition)
        lines.append(row(f"`{name}`", said, default, definition["description"]))
    return "\n".join(lines)


INITIALIZERS = (
    "`initializer`, in layers with weights, is one of these; a name alone is enough where nothing else is set: "
    '`"initializer": "identity"`.'
)
TYPED = (
    ("Layers", "layer", "layer", "Every layer may also have a `name` and a `description`."),
    ("Initializers", "initializer", "initializer", INITIALIZERS),
    ("Losses", "loss", "loss", "`loss` is one of these:"),
    ("Optimizers", "optimizer", "optimizer", "`optimizer` is one of these:"),
    ("Schedules", "schedule", "schedule", "`schedule`, inside the optimizer, is one of these:"),
    ("Data sets", "data", "data set", "`data` is one of these:"),
    ("Augmentations", "augmentation", "augmentation", "`augment`, inside `data`, is a list of these:"),
    ("Averaging", "averaging", "averaging", "`averaging`, inside `training`, is one of these:"),
)

WHERE_METRICS_ARE = (
    "These figures are reported, by the kind of the loss: in `history.csv`, as the final figures of `train`, by "
    "`evaluate`, in the weights file, and by `Model`. With `validation_` before its name, each can be watched: see "
    "`monitor` and `keep_best`. Comparisons leave out {long}, and so do the lines of epochs, unless they are watched. "
    "{inference} are not measured during an epoch, on the training part, because they would slow down its steps."
)

GROUPS = (
    "`groups`, inside the optimizer, is a list of these. A parameter is called as in the weights file: "
    "`conv1/weights`. It belongs to the first group whose `match` fits it, and to none where none does. "
    "A group without an optimizer or a schedule of its own follows those of the network. "
    "A pattern that takes no parameter is an error."
)

SHORTER = """`defaults` are settings that the layers of a type have unless they write others. `Repeat` stands for its
layers, written several times. `blocks` are layers under names of your own, with parameters; a layer whose type is such
a name stands for them:

```json
{
  "defaults": {"Conv2D": {"use_bias": false}},
  "blocks": {
    "conv": {"parameters": ["filters"], "optional": {"strides": 1}, "layers": [
      {"type": "Conv2D", "filters": "$filters", "strides": "$strides"},
      {"type": "BatchNormalization"},
      {"type": "ReLU"}
    ]}
  },
  "layers": [
    {"type": "conv", "name": "stem", "filters": 16},
    {"type": "Repeat", "times": 3, "layers": [{"type": "conv", "filters": 32}]}
  ]
}
```

The layers are called `stem.conv2d_1`, …, then `conv_2.1.conv2d_1`, …, `conv_2.2.conv2d_1` and so on: a layer of a block
after the layer that uses it, a repeated one with the number of the repetition. So no name changes when `times` grows,
and trained weights still fit. Blocks may use blocks and stand in `Residual` and `Repeat`; there are no expressions.
`graphnn inspect SPEC --expand` prints the document with its layers written out."""

Kind = tuple[str, str, Mapping[str, Any]]


def kinds(schema: Mapping[str, Any], kind: str) -> list[Kind]:
    """Return title, description and definition of each type of a kind, and at the end what all of them share."""
    definitions = schema["definitions"]
    shared = definitions[kind]["properties"]
    found = []
    for branch in definitions[kind]["allOf"]:
        name, reference = next(iter(branch["if"]["properties"].values()))["const"], branch["then"]["$ref"]
        own = definitions[reference.removeprefix("#/definitions/")]
        properties = {key: value for key, value in own["properties"].items() if value is not True}
        found.append((f"**{name}**", own["description"], resolved(schema, {**own, "properties": properties})))
    return [
        *found,
        ("every data set" if kind == "data" else f"every {kind}", "", resolved(schema, {"properties": shared})),
    ]


def resolved(schema: Mapping[str, Any], definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a definition whose properties refer to nothing."""
    properties = {key: referred(schema, value) for key, value in definition["properties"].items()}
    return {**definition, "properties": properties}


def referred(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a "$ref" into the definitions stands for, with its name as `kind` where it has a table of its own."""
    reference = value.get("$ref")
    if reference is None:
        return value
    name = reference.rsplit("/", 1)[-1]
    definition = schema["definitions"][name]
    return {**definition, "kind": name} if "properties" in definition or "allOf" in definition else definition


def table(listed: list[Kind], titled: str) -> str:
    """Return the Markdown table of the kinds and their settings."""
    lines = [f"| {titled} | setting | value | default | meaning |", "|---|---|---|---|---|"]
    for title, description, definition in listed:
        if description:
            lines.append(row(title, "", "", "", description))
        for index, (name, setting) in enumerate(settings(definition)):
            required = name in definition.get("required", ())
            default = "required" if required else default_text(setting)
            first = title if not description and index == 0 else ""
            lines.append(row(first, f"`{name}`", values(setting), default, setting["description"]))
    return "\n".join(lines)


def default_text(setting: Mapping[str, Any]) -> str:
    """Return what a setting is where it is left out."""
    if "defaultFrom" in setting:
        return f"`{setting['defaultFrom']}`"
    return code(setting["default"]) if "default" in setting else ""


def settings(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the settings of a definition, those that must be written first; after an object, those explained inside."""
    own = [(name, value) for name, value in definition["properties"].items() if name not in NAMED]
    required = definition.get("required", ())
    for name, value in sorted(own, key=lambda pair: pair[0] not in required):
        yield name, value
        if "kind" not in value and any("description" in one for one in value.get("properties", {}).values()):
            yield from ((f"{name}.{inner}", one) for inner, one in settings(value))


def metrics() -> str:
    """Return where metrics are reported, and their table, with the first paragraph of what each class says."""
    long = " and ".join(metric.label for metric in METRICS.values() if not metric.brief)
    inference = " and ".join(each.label for each in METRICS.values() if not each.in_training)
    said = WHERE_METRICS_ARE.format(long=long, inference=inference)
    lines = [said, "", "| metric | of | better | meaning |", "|---|---|---|---|"]
    for name, metric in METRICS.items():
        losses = [loss for loss in LOSSES if name in LOSSES[loss]().metrics()]
        of = "every loss" if len(losses) == len(LOSSES) else ", ".join(losses)
        meaning = " ".join(str(metric.__doc__).partition("\n\n")[0].split())
        lines.append(row(f"**{name}**", of, "higher" if metric.higher_is_better else "lower", meaning))
    return "\n".join(lines)


def row(*cells: str) -> str:
    """Return one row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def code(value: Any) -> str:
    """Return a JSON value as code."""
    return f"`{json.dumps(value)}`"


def code_name(name: str) -> str:
    """Return a name as code."""
    return f"`{name}`"


CALLED = {"data": "data set", "group_optimizer": "optimizer"}  # kinds by other names than those of the schema


def values(setting: Mapping[str, Any]) -> str:
    """Return in few words which values a setting takes."""
    if "kind" in setting:
        kind = CALLED.get(setting["kind"], setting["kind"])
        return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}, see there"
    if "enum" in setting:
        return ", ".join(code(value) for value in setting["enum"])
    types = setting["type"] if isinstance(setting["type"], list) else [setting["type"]]
    return ", ".join(phrase for name in types for phrase in WORDS[name](setting))


def strings(setting: Mapping[str, Any]) -> list[str]:
    """Return the strings that a setting takes beside other types, or that it takes any."""
    return [code(value) for value in setting["then"]["enum"]] if "then" in setting else ["text"]


def numbers(noun: str) -> Callable[[Mapping[str, Any]], list[str]]:
    """Return what says the bounds of a number."""
    return lambda setting: [number(noun)(setting)]


def arrays(setting: Mapping[str, Any]) -> list[str]:
    """Return a pair, a list of objects, a list of pairs, or a list of integers."""
    inner = setting["items"]
    if inner.get("type") == "number":
        return ["list of numbers"]
    kind = inner.get("$ref", "").rsplit("/", 1)[-1]
    if kind == "parameter_name":
        return ["list of names"]
    if kind in ("layer", "layer_in_block"):
        return ["list of layers"] if "minItems" not in setting else ["list of 1 or more layers"]
    if kind:
        return [f"list of {kind}s, see there"]
    if inner.get("type") == ["string", "integer"]:
        return ["list of such" if "string" in setting["type"] else "list of texts and integers"]
    if inner.get("maxItems") == 2:
        return [f"{setting['minItems']} or more pairs of numbers"]
    return ["pair of such"] if setting.get("maxItems") == 2 else ["1 or 3 integers ≥ 1"]


def objects(setting: Mapping[str, Any]) -> list[str]:
    """Return the keys of an object, or that they are names."""
    if "properties" not in setting:
        return ["object of numbers by name" if setting.get("additionalProperties") is not True else "object"]
    return [f"object with {', '.join(code_name(name) for name in setting['properties'] if name not in NAMED)}"]


WORDS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "string": strings,
    "integer": lambda setting: [code(setting["const"])] if "const" in setting else numbers("integer")(setting),
    "number": numbers("number"),
    "boolean": lambda setting: ["`true`, `false`"],
    "array": arrays,
    "object": objects,
}
BLOCKS: dict[str, Callable[[], str]] = {"options": options}
FILES = {"options": "schemas/README.md"}
