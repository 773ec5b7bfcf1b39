"""The names of layers: those in the document, and those made for layers without one."""

from collections import Counter
from typing import Any


def layer_names(layers: Any) -> list[str | None]:
    """Return each layer's name: as written, or made of its type and its ordinal among that type (conv2d_1, conv2d_2).

    None where a layer is too wrong to have one; `layers` comes from a document that may not have been checked.
    """
    counts: Counter[str] = Counter()
    names: list[str | None] = []
    for layer in layers if isinstance(layers, list) else []:
        written = layer.get("name") if isinstance(layer, dict) else None
        type_ = layer.get("type") if isinstance(layer, dict) else None
        if isinstance(type_, str):
            counts[type_] += 1
        if written is not None:
            names.append(written if isinstance(written, str) and written else None)
        else:
            names.append(f"{type_.lower()}_{counts[type_]}" if isinstance(type_, str) else None)
    return names
