"""Reads whole networks of other libraries, such as Keras' to_json, as sections of a document."""

import json
from collections.abc import Iterator
from typing import Any

from graphnn.specification.habits import objects, reading, translation, values_of_sections
from graphnn.specification.schema import Schema
from graphnn.text.suggestions import folded

MOST_SHOWN = 6_000  # characters of a network in a message, to be copied
RULE = {  # of Darknet and Caffe
    **{key: key for key in ("learning_rate", "momentum", "weight_decay")},
    "base_lr": "learning_rate",
    "decay": "weight_decay",
}
ORDER = ("name", "description", "input", "layers", "loss", "optimizer", "data", "training", "evaluation")
IMAGES, VECTORS = ("Conv2D", "MaxPooling2D", "AveragePooling2D"), ("Dense", "Flatten", "GlobalAveragePooling")
NO_LAYERS = ("inputlayer", "input", "data", "imagedata", "hdf5data", "accuracy", "silence", "identity", "noop", "cost")
LOSSES = {  # of Caffe, which are layers there: the layer here, and the loss
    "softmaxwithloss": ("Softmax", "CrossEntropy"),
    "sigmoidcrossentropyloss": ("Sigmoid", "BinaryCrossEntropy"),
    "euclideanloss": (None, "MeanSquaredError"),
}


def sections(value: Any, schema: Schema) -> dict[str, Any] | None:
    """Return the sections of a document in an object such as {"class_name": "Sequential", "config": {"layers": […]}}.

    None where there is none. Layers that are not known are left as they are, to be answered when they are read again.
    """
    found: dict[str, Any] = {}
    if isinstance(value, list):
        return layers_of(value, schema)
    if not isinstance(value, dict):
        return None
    for key, one in value.items():
        name = folded(key)
        if name in ("layers", "layer") and isinstance(one, list | dict):
            found.update(layers_of(list(one.values()) if isinstance(one, dict) else one, schema))
        elif name in ("config", "model", "network", "modelconfig", "compileconfig", "compile") and isinstance(
            one, dict | list
        ):
            found.update(sections(one, schema) or {})
        elif name == "net" and isinstance(one, dict) and "layers" not in one:
            found.update(net_of(one, schema))
        elif name == "solver" and isinstance(one, dict):
            found.update(solver_of(one, schema))
        elif name in ("loss", "optimizer") and (many := objects.objects(name, one, schema)):
            found[name] = many[0]
        elif name in schema.root["properties"] and isinstance(one, dict):
            found[key] = one
    if not found and value and all(objects.objects("layer", one, schema) is not None for one in value.values()):
        return layers_of(list(value.values()), schema)
    return found or None


def net_of(values: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the sections in the [net] of Darknet: the input, the optimizer, and the size of batches."""
    found: dict[str, Any] = {}
    sizes = [values.get(key, default) for key, default in (("channels", 1), ("height", None), ("width", None))]
    if all(reading.is_count(size) for size in sizes):
        found["input"] = {"shape": sizes}
    rule = rule_of(values, schema)
    if rule:
        found["optimizer"] = rule
    if reading.is_count(values.get("batch")):
        found["training"] = {"epochs": 10, "batch_size": values["batch"]}
    return found


def solver_of(values: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the sections in a solver of Caffe: the optimizer, and an example of the epochs for its iterations."""
    rule = rule_of(values, schema)
    return {**({"optimizer": rule} if rule else {}), **({"training": {"epochs": 10}} if "max_iter" in values else {})}


def rule_of(values: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the optimizer, with its schedule, that the settings of Caffe or Darknet mean; {} where there is none."""
    given = {RULE[key]: value for key, value in values.items() if key in RULE and reading.is_number(value)}
    name = next((values[key] for key in ("type", "solver_type") if isinstance(values.get(key), str)), "SGD")
    many = objects.objects("optimizer", {"type": name, **given}, schema) if given else None
    if not many:
        return {}
    schedule = values_of_sections.of_policy(values)
    return {**many[0], **({} if schedule is None else {"schedule": schedule})}


def layers_of(items: list[Any], schema: Schema) -> dict[str, Any]:
    """Return the section "layers" of a list of layers, and the section "input" where one of them says it."""
    result: dict[str, Any] = {}
    layers: list[Any] = []
    for position, item in enumerate(items):
        shape = shape_in(item) if position == 0 else None
        if shape is not None:
            result["input"] = {"shape": shape}
        new = list(one_layer(item, schema))
        if makes_vectors(item, schema) and gives_images(layers):
            new.insert(0, {"type": "Flatten"})
        layers += new
    result["layers"] = layers
    last = objects.apart("layer", items[-1], schema) if items else None
    if last is not None and folded(last[0]) in LOSSES:
        result["loss"] = {"type": LOSSES[folded(last[0])][1]}
    return result


def makes_vectors(item: Any, schema: Schema) -> bool:
    """Return whether a layer takes an image as a vector by itself, as those of Caffe and Darknet do."""
    written = objects.apart("layer", item, schema)
    return written is not None and folded(written[0]) in ("innerproduct", "connected")


def gives_images(layers: list[Any]) -> bool:
    """Return whether the last of these layers that changes the form of samples gives images."""
    types = [layer.get("type") for layer in layers if isinstance(layer, dict)]
    return next((type_ in IMAGES for type_ in reversed(types) if type_ in IMAGES or type_ in VECTORS), False)


def one_layer(item: Any, schema: Schema) -> Iterator[Any]:
    """Yield the layers here that a layer of another library is."""
    many = objects.objects("layer", item, schema)
    if many is not None:
        yield from many
        return
    written = objects.apart("layer", item, schema)
    if written is None:
        yield item
    elif (loss := LOSSES.get(folded(written[0]))) is not None:
        yield from [] if loss[0] is None else [{"type": loss[0]}]
    elif folded(written[0]) not in NO_LAYERS:
        name, inner = written
        layer = next((reading.activation(inner[key]) for key in inner if folded(key) in translation.ACTIVATION), None)
        if folded(name) != "activation" or layer is None:
            yield {"type": name, **{key: one for key, one in inner.items() if key in ("name", "padding")}}
        elif layer[0] is not None:
            yield layer[0]


def shape_in(item: Any) -> list[int] | None:
    """Return the shape of the input that a first layer of Keras says."""
    for key, value in objects.inside(item, ()).items() if isinstance(item, dict) else ():
        if folded(key) in ("batchinputshape", "batchshape", "inputshape") and (axes := reading.shape(value)):
            return axes
    return None


def text(found: dict[str, Any] | None) -> str | None:
    """Return sections as they stand in a document; None for more than people copy."""
    if not found:
        return None
    ordered = {key: found[key] for key in sorted(found, key=lambda key: ORDER.index(key) if key in ORDER else -1)}
    shown = json.dumps(ordered, ensure_ascii=False)[1:-1]
    return shown if len(shown) <= MOST_SHOWN else None
