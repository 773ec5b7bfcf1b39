"""Small documents on generated data, one at least with an object of each kind and type that the schema knows.

Test modules read this file with runpy, because they cannot import each other.
"""

import copy
import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.base import Dataset, facts_of
from graphnn.datasets.loading import load
from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.specification.schema import Definition, Schema
from graphnn.specification.spec import spec_from_values

Document = dict[str, Any]
CLASSES, TARGETS, ANSWERS = 7, 2, 3  # the outputs of the three documents below
PLACEHOLDER = re.compile(r"\$\{\d+:([^}]*)\}")  # in what editors insert
TRAINED, MEASURED = 42, 14  # samples
DATA = {"dataset": "npz", "validation_split": 0.25}
TRAINING = {"epochs": 4, "batch_size": 16}


def network(*layers: Mapping[str, Any], shape: list[int], file: str, **sections: Any) -> Document:
    """Return a document with these layers, of which sections may replace others."""
    return {
        "input": {"shape": shape},
        "layers": list(layers),
        "optimizer": {"type": "SGDMomentum", "learning_rate": 0.05},
        "data": {**DATA, "path": file},
        "training": dict(TRAINING),
        **sections,
    }


def pictures(*layers: Mapping[str, Any], **sections: Any) -> Document:
    """Return a network of classes of pictures, with these layers first."""
    end = ({"type": "Flatten"}, {"type": "Dense", "units": CLASSES}, {"type": "Softmax"})
    settings = {"loss": {"type": "CrossEntropy"}, **sections}
    return network(*layers, *end, shape=[2, 6, 6], file="pictures.npz", **settings)


def vectors(*layers: Mapping[str, Any], **sections: Any) -> Document:
    """Return a network of several numbers, with these layers first."""
    settings = {"loss": {"type": "MeanSquaredError"}, **sections}
    return network(*layers, {"type": "Dense", "units": TARGETS}, shape=[5], file="targets.npz", **settings)


def two_classes(*layers: Mapping[str, Any], **sections: Any) -> Document:
    """Return a network of two classes, with these layers first."""
    end = ({"type": "Dense", "units": 2}, {"type": "Softmax"})
    return network(*layers, *end, shape=[5], file="two.npz", **{"loss": {"type": "CrossEntropy"}, **sections})


def answers(*layers: Mapping[str, Any], **sections: Any) -> Document:
    """Return a network of several answers of yes or no, with these layers first."""
    end = ({"type": "Dense", "units": ANSWERS}, {"type": "Sigmoid"})
    settings = {"loss": {"type": "BinaryCrossEntropy"}, **sections}
    return network(*layers, *end, shape=[5], file="answers.npz", **settings)


CONVOLUTION = {"type": "Conv2D", "filters": 3}
WHITENED = {"type": "Conv2D", "filters": 36}  # as many filters as its patches have directions, twice
DENSE = {"type": "Dense", "units": 4}
PLAIN = (
    pictures(CONVOLUTION, {"type": "ReLU"}),
    vectors(DENSE, {"type": "Tanh"}),
    answers(DENSE, {"type": "Tanh"}),
)
GROUPED = vectors(DENSE, optimizer={"type": "SGD", "groups": [{"match": "*/weights", "optimizer": {}}]})
UNSTEADY = pictures(  # whose validation loss rises now and then
    CONVOLUTION, optimizer={"type": "SGD", "learning_rate": 0.9}, training={"epochs": 8, "batch_size": 16}
)


def data_of(dataset: str, more: Mapping[str, Any]) -> Iterator[Document]:
    """Yield a document on a data set."""
    facts = facts_of(dataset)
    section = {"dataset": dataset, **more}
    if facts is not None:
        end = ({"type": "Flatten"}, {"type": "Dense", "units": len(facts.classes)}, {"type": "Softmax"})
        loss = {"type": "CrossEntropy"}
        yield network(*end, shape=list(facts.shape), file="", loss=loss, data=section)
    for shape, outputs in (([5], 3), ([8], 3), ([2, 6, 6], CLASSES), ([3, 8, 8], 3)):
        flatten = ({"type": "Flatten"},) if len(shape) == 3 else ()
        end = (*flatten, {"type": "Dense", "units": outputs}, {"type": "Softmax"})
        yield network(*end, shape=shape, file="", loss={"type": "CrossEntropy"}, data=section)


# For each kind of object: documents, and where in them one of its types is put.
HOSTS: dict[str, list[tuple[Document, tuple[Any, ...]]]] = {
    "layer": [
        (pictures(CONVOLUTION, {}), ("layers", 1)),
        (vectors(DENSE, {}), ("layers", 1)),
    ],
    "initializer": [
        (pictures(WHITENED), ("layers", 0, "initializer")),
        (vectors(DENSE), ("layers", 0, "initializer")),
    ],
    "loss": [(one, ("loss",)) for one in PLAIN],
    "optimizer": [(one, ("optimizer",)) for one in PLAIN],
    "group_optimizer": [(GROUPED, ("optimizer", "groups", 0, "optimizer"))],
    "schedule": [(UNSTEADY, ("optimizer", "schedule"))],
    "averaging": [(one, ("training", "averaging")) for one in PLAIN],
    "augmentation": [(pictures(data={**DATA, "path": "pictures.npz", "augment": [{}]}), ("data", "augment", 0))],
}


def put(document: Mapping[str, Any], path: tuple[Any, ...], value: Any) -> Document:
    """Return a copy of a document with a value at a path; None: without it."""
    result: Document = copy.deepcopy(dict(document))
    here: Any = result
    for key in path[:-1]:
        here = here[key]
    if value is None:
        here.pop(path[-1], None)
    else:
        here[path[-1]] = copy.deepcopy(value)
    return result


def at(document: Mapping[str, Any], path: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    for key in path:
        document = document[key]
    return document


def with_type(schema: Schema, kind: str, type_: str, required: Mapping[str, Any]) -> list[Document]:
    """Return documents with an object of this type, for each host that takes it. required: its settings."""
    section = {schema.choosing_key(kind): type_, **required}
    if kind == "data":
        candidates = list(data_of(type_, required))
    else:
        candidates = [put(document, path, section) for document, path in HOSTS.get(kind, [])]
        if kind == "layer":  # one that is the end of a network, such as Softmax, needs no place before it
            ends = (one for one in PLAIN if any(layer["type"] == type_ for layer in one["layers"]))
            candidates = [*ends, *candidates]
    return [document for document in candidates if is_accepted(document)]


def is_accepted(document: Document) -> bool:
    """Whether a document fits the schema and its graph can be built."""
    try:
        build_graph(spec_from_values(document, "net"))
    except SpecError:
        return False
    return True


def write_data(folder: Path) -> None:
    """Write the files that the documents are trained on into a folder."""
    rng = np.random.default_rng(5)

    def arrays(file: str, x: Any, y: Any, **more: Any) -> None:
        parts = {"x_train": x[:TRAINED], "y_train": y[:TRAINED], "x_test": x[TRAINED:], "y_test": y[TRAINED:]}
        np.savez(folder / file, **{**parts, **more})

    count = TRAINED + MEASURED
    x = rng.normal(1, 2, (count, 2, 6, 6)).astype(np.float32)
    labels = np.arange(count) % CLASSES
    arrays("pictures.npz", x, labels)
    vectors = rng.normal(1, 2, (count, 5)).astype(np.float32)
    arrays("targets.npz", vectors, (vectors[:, :TARGETS] + rng.normal(0, 1, (count, TARGETS))).astype(np.float32))
    uneven = rng.standard_t(2, (count, TARGETS)) * [1, 5] + vectors[:, :TARGETS]
    arrays("uneven.npz", vectors, uneven.astype(np.float32))
    arrays("mirrored.npz", vectors, vectors[:, ::-1])
    arrays("answers.npz", vectors, (rng.random((count, ANSWERS)) < 0.4).astype(np.float32))
    arrays("two.npz", vectors, np.arange(count) % 3 // 2)
    np.savez(folder / "undivided.npz", x=vectors, y=np.arange(count) % 3)
    np.savez(folder / "others.npz", x=vectors[::-1], y=np.arange(count) % 3)
    write_tables(folder, rng)
    write_pictures(folder, rng)


def write_tables(folder: Path, rng: np.random.Generator) -> None:
    """Write tables of comma-separated cells."""
    lines = ["a,b,c,d,e,kind"]
    lines += [
        ",".join([*(f"{value:.3f}" for value in rng.normal(0, 1, 4)), str(rng.integers(3)), "xyz"[row % 3]])
        for row in range(40)
    ]
    table = "\n".join(lines) + "\n"
    files = {"table": table, "numbers": table.partition("\n")[2], "other": "\n".join([lines[0], *lines[:20:-1]])}
    files["gaps"] = "\n".join([*lines[:5], f"NA,{lines[5].partition(',')[2]}", *lines[6:]])
    for name, delimiter in {"semicolons": ";", "tabs": "\t", "bars": "|", "blanks": " "}.items():
        files[name] = table.replace(",", delimiter)
    files["tabs"] = files["tabs"].replace("x", "x x")
    files["commas"] = table.replace(",", ";").replace(".", ",")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)


def write_pictures(folder: Path, rng: np.random.Generator) -> None:
    """Write a folder of pictures that are wider than high, and one of others."""
    from PIL import Image

    for name in ("photos", "more", "damaged"):
        for kind in "abc":
            (folder / name / kind).mkdir(parents=True)
            for number in range(8):
                pixels = rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / name / kind / f"{number}.png")
    (folder / "damaged" / "a" / "8.png").write_bytes(b"\x89PNG")


KNOWN: dict[str, Dataset] = {}  # what was loaded, by all that says how


def few_samples(name: str, **more: Any) -> Dataset:
    """Return a data set as `load` does, but read once, and with random images in place of published ones."""
    facts = facts_of(name)
    if facts is None:
        key = f"{name} {more}"
        KNOWN[key] = KNOWN.get(key) or load(name, **more)
        return KNOWN[key]
    rng = np.random.default_rng(math.prod(facts.shape))
    x = rng.integers(0, 256, (60, *facts.shape), dtype=np.uint8)
    y = np.arange(60) % len(facts.classes)
    return Dataset(name, x[:45], y[:45], x[45:], y[45:], facts.classes)


def required_settings(schema: Schema, kind: str, type_: str, by_hand: Mapping[str, Mapping[str, Any]]) -> Document:
    """Return a value for each setting that a type must have, and what else its documents need."""
    definition = schema.definition(kind, type_)
    properties = schema.properties(kind, type_)
    given = dict(by_hand.get(f"{kind}.{type_}", {}))
    for key in definition.get("required", ()):
        if key != schema.choosing_key(kind) and key not in given:
            given[key] = values_of(properties[key])[0]
    return given


def values_of(definition: Definition) -> list[Any]:
    """Return values of a setting, far apart: those of its enum, or some of each type that it may have.

    None, for a setting that is absent, where there is only one.
    """
    types = definition.get("type", ())
    types = [types] if isinstance(types, str) else list(types)
    found: list[Any] = []
    if "enum" in definition:
        found += definition["enum"]
    elif "const" in definition:
        return [definition["const"]]
    else:
        found += definition.get("then", {}).get("enum", []) if "string" in types else []
        for type_ in types:
            found += of_type(type_, definition)
    for branch in [*definition.get("anyOf", ()), *definition.get("oneOf", ())]:
        found += values_of(branch)
    if not found:
        found += definition.get("examples", [])
    distinct = {json.dumps(value, sort_keys=True): value for value in found}
    return [*distinct.values(), *([None] if len(distinct) == 1 else [])]


def of_type(type_: str, definition: Definition) -> list[Any]:
    """Return values of one type."""
    if type_ == "boolean":
        return [False, True]
    if type_ == "integer":
        least = definition.get("minimum", 0)
        return [least, least + 1]
    if type_ == "number":
        return numbers(definition)
    if type_ == "array" and definition.get("items", {}).get("type") == "integer":
        return [[definition["items"].get("minimum", 0) + 1, definition["items"].get("minimum", 0)]]
    return [inserted(definition)] if type_ in ("array", "object") and "defaultSnippets" in definition else []


def inserted(definition: Definition) -> Any:
    """Return the first value that editors insert."""
    return json.loads(PLACEHOLDER.sub(r"\1", definition["defaultSnippets"][0]["bodyText"]))


def numbers(definition: Definition) -> list[float]:
    """Return two numbers far apart that a setting may have, the first of them its default."""
    default = definition.get("default", 0.25)
    least = definition.get("minimum", definition.get("exclusiveMinimum", -math.inf))
    most = definition.get("maximum", definition.get("exclusiveMaximum", math.inf))
    candidates = [default * 100, default / 4, (most - 0.1) / 2, 0.5]
    other = next(each for each in candidates if least < each < most and each != default)
    return [default, other]
