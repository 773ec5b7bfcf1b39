"""A document written out: repetitions, blocks and defaults replaced by the plain layers they stand for."""

from dataclasses import replace
from typing import Any

from graphnn.document.document import Document, value_at
from graphnn.specification.names import SHORT_FORMS, layer_names
from graphnn.specification.plain_layers import plain_layers


def expanded_values(document: Document) -> dict[str, Any]:
    """Return the values of a checked document with plain layers only, which stand for the same network.

    A layer has its name written where it would get another one from its type and number.
    """
    plain = plain_layers(replace(document, origins={}))
    made = layer_names(plain.values)
    for path, name in plain.names.items():
        if made[path] != name:
            layer = value_at(plain.values, path[1:])
            named = {"type": layer.pop("type"), "name": name, **{key: layer[key] for key in layer if key != "name"}}
            layer.clear()
            layer.update(named)
    return {
        key: plain.values if key == "layers" else value
        for key, value in document.value.items()
        if key not in SHORT_FORMS
    }
