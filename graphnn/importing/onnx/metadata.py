"""What a file that graphnn exported says of itself: its document, its classes, its figures.

The layers and the weights come from the graph. Of the document's layers only what does not show in inference is taken:
their names, what is trained, initial values, momenta, rates of Dropout.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphnn.datasets.preparation import Normalisation
from graphnn.document.values import section_values
from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import layer_from
from graphnn.importing.onnx.graph import ReadGraph
from graphnn.kernels.im2col import determine_padding, pair
from graphnn.specification.names import layer_names
from graphnn.specification.spec import PATHS, Spec, spec_from_values
from graphnn.types import Array

PREFIX = "graphnn."
BELIEFS = "beliefs/"  # begins the names of nodes that undo what label smoothing has taught
ONLY_IN_TRAINING = {"name", "description", "trainable", "initializer", "momentum", "initial_slope"}
ALONE = ("loss", "optimizer", "data", "training", "evaluation")
CLOSE = 1e-6  # relative difference of settings, which are float32 in files

Values = dict[str, Any]


@frozen_dataclass
class Known:
    """What the metadata of a file say.

    spec: its document. paths: those in its section of data, as they are written. normalisation: its constants in
    float64. classes, figures: of the training.
    """

    spec: Spec
    paths: Mapping[str, str]
    normalisation: Normalisation | None
    classes: tuple[str, ...] | None
    figures: Mapping[str, Any]

    @property
    def mode(self) -> str:
        """How the document normalises samples."""
        return str(self.spec.data["normalize"])

    def joined(
        self, found: Spec, arrays: Mapping[str, Array], normalisation: Normalisation, data: Mapping[str, Any] | None
    ) -> tuple[Values, dict[str, Array], Normalisation] | None:
        """Return the document's values, with arrays by the names in it and its normalisation; None if it is of another.

        found: the document of the layers in the graph. data: what the user says instead of its section.
        """
        shape = self.spec.input_shape
        theirs = self.spec.resolved()
        ours = found.resolved()["layers"]
        if shape != found.input_shape:
            if len(shape) != 1 or not ours or ours[0]["type"] != "Flatten" or found.input_shape[0] < 1:
                return None
            ours = ours[1:]
        pairs = aligned(ours, theirs["layers"], arrays)
        if pairs is None:
            return None
        renamed = {}
        for our, their in pairs:
            for key in [key for key in arrays if key.rsplit("/", 1)[0] == our["name"]]:
                parameter = key.rsplit("/", 1)[1]
                if not omitted(our, their, parameter, arrays):
                    renamed[f"{their['name']}/{parameter}"] = arrays[key]
        values = {**theirs, "layers": written_layers(self.spec)}
        if data is not None:
            values["data"] = {**data, "normalize": normalisation.mode}
        exact = self.normalisation
        if exact is not None and same_constants(exact, normalisation):
            normalisation = exact
        shorter = without_defaults(values)
        if data is None:
            shorter["data"] |= self.paths
        return shorter, renamed, normalisation


def known_network(graph: ReadGraph) -> tuple[Known | None, ReadGraph]:
    """Return what a file says of itself, None where it says nothing; and its graph up to the network's output."""
    text = graph.metadata.get(f"{PREFIX}document")
    if text is None:
        return None, graph
    try:
        document = json.loads(text)
        spec = spec_from_values(document, "the metadata")
        classes = from_json(graph.metadata, "classes")
        figures = from_json(graph.metadata, "figures")
        constants = from_json(graph.metadata, "normalisation")
        normalisation = None if constants is None else Normalisation.from_json(constants)
    except (ValueError, TypeError, AttributeError, RecursionError, GraphError):
        return None, graph  # what others have written under these keys; layers and weights are in the graph
    names = tuple(map(str, classes)) if isinstance(classes, list) else None
    paths = {key: document["data"][key] for key in PATHS if key in document["data"]}
    known = Known(
        spec, paths, normalisation, names, figures if isinstance(figures, dict) and "epochs" in figures else {}
    )
    return known, before_beliefs(graph) if smoothing(spec) else graph


def from_json(metadata: Mapping[str, str], key: str) -> Any:
    """Return a value of the metadata, None where it is not there."""
    text = metadata.get(f"{PREFIX}{key}", metadata.get(key))
    return None if text is None else json.loads(text)


def smoothing(spec: Spec) -> bool:
    """Whether the loss of a document smooths labels."""
    return bool(spec.loss.options.get("label_smoothing"))


def before_beliefs(graph: ReadGraph) -> ReadGraph:
    """Return a graph without the nodes at its end that undo label smoothing: the document's loss has it."""
    kept = graph.operations
    while kept and kept[-1].name.startswith(BELIEFS):  # further up, they are of a layer of that name
        kept = kept[:-1]
    undone = graph.operations[len(kept) :]
    made = {name for each in kept for name in each.outputs}
    ends = [name for each in undone for name in each.inputs if name in made]
    if not ends:
        return graph
    return replace(graph, operations=kept, output=replace(graph.output, name=ends[0]))


def same_constants(a: Normalisation, b: Normalisation) -> bool:
    """Whether two normalisations are the same up to the rounding of float32."""
    rows = ((a.offset, b.offset), (a.divisor, b.divisor))
    same = (a.mode, a.shape) == (b.mode, b.shape)
    return same and all(len(x) == len(y) and np.allclose(x, y, rtol=CLOSE, atol=0) for x, y in rows)


def aligned(
    ours: Sequence[Values], theirs: Sequence[Values], arrays: Mapping[str, Array]
) -> list[tuple[Values, Values]] | None:
    """Return the layers of two rows in pairs that compute the same in inference; None where they do not."""
    pairs: list[tuple[Values, Values]] = []
    rest = list(ours)
    for their in theirs:
        found = same_layer(rest[0], their, arrays) if rest else None
        if found is not None:
            pairs += found
            rest.pop(0)
        elif not may_be_left_out(their):
            return None
    return None if rest else pairs


def may_be_left_out(layer: Values) -> bool:
    """Whether a layer may do nothing in inference, as the Flatten of a vector, so that a graph need not have it."""
    if layer["type"] == "Flatten":
        return True
    idle = {"Scale": ("factor", 1), "Dropout": ("rate", 0)}.get(layer["type"])
    return idle is not None and bool(layer[idle[0]] == idle[1])


def same_layer(our: Values, their: Values, arrays: Mapping[str, Array]) -> list[tuple[Values, Values]] | None:
    """Return the pairs of layers in two layers that compute the same in inference; None where they do not."""
    if our["type"] == "Residual" == their["type"]:
        body, shortcut = our["layers"], our.get("shortcut", [])
        for first, second in ((body, shortcut), (shortcut, body)):
            one = aligned(first, their["layers"], arrays)
            other = aligned(second, their.get("shortcut", []), arrays)
            if one is not None and other is not None:
                return one + other
        return None
    if our["type"] == "Scale" and their["type"] == "Dropout":
        return [(our, their)] if close(our["factor"], 1 - their["rate"]) else None
    if our["type"] != their["type"]:
        return None
    for key in (our.keys() | their.keys()) - ONLY_IN_TRAINING - {"type"}:
        parameter = {"scale": "gamma", "center": "beta"}.get(key)
        if parameter is not None and our.get(key) and not their.get(key):
            if not omitted(our, their, parameter, arrays):
                return None
        elif key == "padding":
            if padding(our) != padding(their):
                return None
        elif not close(our.get(key), their.get(key)):
            return None
    return [(our, their)]


def padding(layer: Values) -> Any:
    """Return the zeros around the images of a Conv2D in numbers, which may be written in several ways."""
    kernel, written = layer["kernel_size"], layer["padding"]
    return determine_padding(pair(in_form(kernel)), in_form(written))


def in_form(value: Any) -> Any:
    """Return a setting with a list as the tuple that layers take."""
    return tuple(value) if isinstance(value, list) else value


def omitted(our: Values, their: Values, parameter: str, arrays: Mapping[str, Array]) -> bool:
    """Whether a parameter is one that the document's layer has not, and that changes nothing: a γ of 1, a β of 0."""
    key = {"gamma": "scale", "beta": "center"}.get(parameter)
    array = arrays.get(f"{our['name']}/{parameter}")
    return (
        key is not None and not their.get(key, True) and array is not None and bool((array == (key == "scale")).all())
    )


def close(a: Any, b: Any) -> bool:
    """Whether two settings are the same, numbers up to float32's rounding."""
    if isinstance(a, float | int) and isinstance(b, float | int) and not isinstance(a, bool):
        return bool(np.isclose(a, b, rtol=CLOSE, atol=0))
    return bool(single(a) == single(b))


def single(value: Any) -> Any:
    """Return a setting with lists of two equal numbers as one number."""
    return value[0] if isinstance(value, list) and len(value) == 2 and value[0] == value[1] else value


def written_layers(spec: Spec) -> list[Values]:
    """Return a document's layers without defaults, and without names that they would get anyway."""
    full = [section_values(layer_from(section)) for section in spec.layers]
    bare: list[Values] = json.loads(json.dumps(full))
    drop_names(bare)
    made = layer_names(bare)
    keep_names(bare, full, {path: name for path, name in made.items() if name is not None}, ("layers",))
    return bare


def drop_names(layers: list[Values]) -> None:
    """Remove the names of layers, at any depth."""
    for layer in layers:
        layer.pop("name", None)
        for key in ("layers", "shortcut"):
            drop_names(layer.get(key, []))


def keep_names(bare: list[Values], full: list[Values], made: Mapping[Any, str], path: tuple[Any, ...]) -> None:
    """Write the names of layers that differ from those made from their types."""
    for index, (layer, named) in enumerate(zip(bare, full, strict=True)):
        here = (*path, index)
        if named.get("name") is not None and made.get(here) != named["name"]:
            rest = {key: value for key, value in layer.items() if key != "type"}
            layer.clear()
            layer.update({"type": named["type"], "name": named["name"], **rest})
        for key in ("layers", "shortcut"):
            keep_names(layer.get(key, []), named.get(key, []), made, (*here, key))


def without_defaults(values: Values) -> Values:
    """Return a document's values without settings that are the defaults."""
    wanted = spec_from_values(values).resolved()
    kept = dict(values)
    for section in ALONE:
        for key in list(kept.get(section, {})):
            fewer = {name: value for name, value in kept[section].items() if name != key}
            tried = {name: value for name, value in {**kept, section: fewer}.items() if value or name in ("layers",)}
            try:
                same = spec_from_values(tried).resolved() == wanted
            except GraphError:
                continue
            if same:
                kept = tried
            if section not in kept:
                break
    return kept
