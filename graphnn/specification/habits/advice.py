"""Answers keys and types written by habit of another library with the line to write."""

import json
import re
from collections.abc import Mapping
from typing import Any

from graphnn.document.document import Path
from graphnn.specification.habits import arguments_of_fit, objects, sections
from graphnn.specification.habits.blanks import BLANKS
from graphnn.specification.habits.renamed import RENAMED, renamed
from graphnn.specification.habits.sentences import Found, filled
from graphnn.specification.habits.tables import KEYS_ANYWHERE, TABLES
from graphnn.specification.habits.translation import ACTIVATION, kinds_of, known_type
from graphnn.specification.habits.types import TYPES
from graphnn.specification.names import CONTAINERS
from graphnn.specification.schema import Schema
from graphnn.text.suggestions import OTHER_NAMES, folded

NETWORKS = ("config", "model", "network", "net", "architecture", "modelconfig", "compile", "compileconfig", "solver")
EPOCHS = re.compile(r'(.*)write ("epochs": [\d.]+) in training')
PLACE = re.compile(r"in (?:the )?(optimizer|training|data|loss)\b")
LONGEST_VALUE = 80  # characters in a line that is to be copied
INSIDES = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
IN_QUOTES = re.compile(r'"(\w+)":')


def kinds(path: Path, owner: Any, schema: Schema) -> list[str]:
    """Return the names under which tables have what is said of the object at a path, the nearest first."""
    if is_of_defaults(path):
        return kinds_of("layer", str(path[-1]))
    kind = kind_at(path)
    type_ = owner.get(schema.choosing_key(kind)) if kind in schema.switches and isinstance(owner, dict) else None
    names = kinds_of(kind, type_ if isinstance(type_, str) else None)
    known = kind == "layer" and isinstance(type_, str) and type_ in schema.types(kind) and type_ not in CONTAINERS
    if known and "trainable" not in schema.properties(kind, str(type_)):
        names.insert(-1, "without parameters")
    return names


def is_of_defaults(path: Path) -> bool:
    """Return whether the object at a path has the defaults of a type of layer."""
    return len(path) == 2 and path[0] == "defaults"


def kind_at(path: Path) -> str:
    """Return what the object at a path is: a layer, an augmentation, a section, or the document."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "document"
    if isinstance(path[-1], str):
        return "document" if path[-1] == "layers" else path[-1]
    return {"augment": "augmentation", "groups": "group"}.get(names[-1], "layer")


def about_key(key: str, owner: Mapping[str, Any], path: Path, root: Any, schema: Schema) -> str | None:
    """Return what to write instead of a key that is not known; None where no table has it."""
    names = kinds(path, owner, schema)
    type_ = {"type": path[-1]} if is_of_defaults(path) else {}
    found = Found(owner[key], {**type_, **owner}, path, root, key)
    if names == ["document"] and (whole := network(key, owner, schema)) is not None:
        return whole
    for name in (*names, "anywhere"):
        sentences = (KEYS_ANYWHERE if name == "anywhere" else TABLES.get(name, {})).get(folded(key))
        if sentences is not None and renamed(key, names[: names.index(name)] if name in names else names) is None:
            return as_read(filled(sentences, found, BLANKS), path, root) + borders_of_keras(key, owner, path)
        if folded(key) in RENAMED.get(name, {}):
            return None
    return None


def borders_of_keras(key: str, owner: Mapping[str, Any], path: Path) -> str:
    """Return what to add for a convolution with an activation in it, as in Keras, where it has no "padding"."""
    is_conv = owner.get("type") == "Conv2D" and "padding" not in owner and not is_of_defaults(path)
    if not is_conv or folded(key) not in ACTIVATION:
        return ""
    return '; and "padding": "valid" in this one, which Keras has where it is left out'


def as_read(text: str, path: Path, root: Any) -> str:
    """Return a line without the name of the section that the reader is in, and with that of one that is missing."""
    if is_of_defaults(path):
        return text.replace("after this layer", "after each such layer").replace("in the layer itself", "here")
    if path:
        return text.replace(" in the optimizer" if path == ("optimizer",) else f" in {path[-1]}", "", 1)
    if isinstance(root, dict) and "training" not in root and (match := EPOCHS.fullmatch(text)):
        return f'{match[1]}write "training": {{{match[2]}}}'
    return text


def network(key: str, owner: Mapping[str, Any], schema: Schema) -> str | None:
    """Return the sections to write instead of a whole network of another library, and None for other keys."""
    if folded(key) not in NETWORKS:
        return None
    dump = is_dump(owner)
    of_rules = folded(key) in ("net", "solver") and has_no_layers(owner[key])
    inner = {folded(key): owner[key]} if of_rules else owner[key]
    text = sections.text(sections.sections(owner if dump else inner, schema))
    where = "in place of it" if dump else "at the top of the document instead"
    return None if text is None else f"write {text} {where}"


def has_no_layers(value: Any) -> bool:
    """Return whether a value is an object without layers, as the [net] of Darknet."""
    return isinstance(value, dict) and not any(folded(key) in ("layers", "layer") for key in value)


def is_dump(owner: Mapping[str, Any]) -> bool:
    """Return whether a document is what Keras writes of a model, of which no key stays."""
    return isinstance(owner.get("class_name"), str) and isinstance(owner.get("config"), dict | list)


def new_name(key: str, owner: Any, path: Path, schema: Schema) -> str | None:
    """Return the name here of a key of another library; None where there is none."""
    return renamed(key, kinds(path, owner, schema))


def line(key: str, value: Any, schema: Schema | None = None) -> str:
    """Return the words that tell to write a key with a value, where it is short enough to be copied.

    schema: where the value may be written as in another library.
    """
    if schema is not None and key == "layers" and isinstance(value, list | dict):
        return f"write {sections.text(sections.sections({key: value}, schema))}"
    if schema is not None and key in schema.switches and (many := objects.objects(key, value, schema)):
        return f"write {json.dumps(key)}: {objects.text(many)}"
    if schema is not None and key == "training" and isinstance(value, dict):
        return f"write {arguments_of_fit.training_text(answers_in_training(value, schema), value)}"
    text = json.dumps(value, ensure_ascii=False)
    return f"write {json.dumps(key)}: {text}" if len(text) <= LONGEST_VALUE else f"write it as {json.dumps(key)}"


def answers_in_training(values: Mapping[str, Any], schema: Schema) -> dict[str, str | None]:
    """Return what is said of each key of another library's section of training; None for those that are right."""
    known = schema.written_properties("training")
    answers: dict[str, str | None] = {}
    for key in values:
        answers[key] = None if key in known else about_key(key, values, ("training",), None, schema)
        if key not in known and answers[key] is None and (name := renamed(key, ["training"])) in known:
            answers[key] = line(str(name), values[key])
        if key not in known and answers[key] is None and key in schema.root["properties"]:
            answers[key] = line(key, values[key])
    return answers


def told(text: str, path: Path) -> dict[Path, set[str]]:
    """Return the keys that a line tells to write, by the paths of the objects that they are for."""
    keys = set(IN_QUOTES.findall(without_insides(text)))
    place = PLACE.search(text)
    if " at the top" in text or " in place of" in text:
        return {(): keys}
    return {path if place is None else (place[1],): keys}


def without_insides(text: str) -> str:
    """Return a line without what is inside of objects and lists."""
    while (shorter := INSIDES.sub("", text)) != text:
        text = shorter
    return text


def about_type(kind: str, name: str, owner: Mapping[str, Any], path: Path, schema: Schema) -> str | None:
    """Return what to write instead of an unknown type; None where no table has it, or only its spelling is wrong."""
    types = schema.types(kind)
    if folded(name) in {folded(one) for one in types}:
        return rewritten(kind, owner, schema) if has_other_keys(kind, name, owner, schema) else None
    sentences = TYPES.get(kind, {}).get(folded(name))
    if sentences is not None:
        return filled(sentences, Found(name, owner, path), BLANKS)
    if kind == "layer" and folded(name) == "pooling":
        return rewritten(kind, owner, schema)
    if OTHER_NAMES.get(folded(name)) in types or known_type(kind, name, schema) is not None:
        return rewritten(kind, owner, schema)
    return None


def has_other_keys(kind: str, name: str, owner: Mapping[str, Any], schema: Schema) -> bool:
    """Return whether an object with a misspelt type has keys that are not known either."""
    type_ = known_type(kind, name, schema)
    return type_ is not None and any(key not in schema.written_properties(kind, type_) for key in owner)


def rewritten(kind: str, owner: Any, schema: Schema) -> str | None:
    """Return the whole object to write instead, where it is known and short."""
    text = objects.text(objects.objects(kind, owner, schema))
    return None if text is None else f"write {text}"


def about_missing_type(kind: str, owner: Mapping[str, Any], schema: Schema) -> str | None:
    """Return what to write instead of an object without a type, such as {"class_name": "Dense", "config": {…}}."""
    key = schema.choosing_key(kind) if kind in schema.switches else ""
    if any(folded(one) == key for one in owner):
        return None
    if kind == "optimizer" and {"momentum", "baselr"} & {folded(one) for one in owner}:
        owner = {"type": "SGD", **owner}  # as in Caffe, which leaves it out
    written = objects.apart(kind, owner, schema)
    sentences = None if written is None else TYPES.get(kind, {}).get(folded(written[0]))
    if written is not None and sentences is not None:
        return filled(sentences, Found(written[0], {"type": written[0], **written[1]}), BLANKS)
    return rewritten(kind, owner, schema)
