"""The names of layers: those in the document, and those made for layers without one."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from graphnn.document.document import LISTS_OF_LAYERS, Path

BLOCK = "Residual"  # the type of layer that is made of layers
BRANCHES = LISTS_OF_LAYERS  # where these stand in it


def layer_names(layers: Any) -> dict[Path, str | None]:
    """Return each layer's name by its path, those inside a block after it, in the document's order.

    The name is as written, or made of the type and the ordinal among that type: conv2d_1, conv2d_2. None where a layer
    is too wrong to have one; `layers` comes from a document that may not have been checked.
    """
    counts: Counter[str] = Counter()
    names: dict[Path, str | None] = {}
    for path, layer in each_layer(layers, ("layers",)):
        written = layer.get("name") if isinstance(layer, dict) else None
        type_ = layer.get("type") if isinstance(layer, dict) else None
        if isinstance(type_, str):
            counts[type_.lower()] += 1  # so that one written in another case by mistake has no equal name
        if written is not None:
            names[path] = written if isinstance(written, str) and written else None
        else:
            names[path] = f"{type_.lower()}_{counts[type_.lower()]}" if isinstance(type_, str) else None
    return names


def each_layer(layers: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of each layer in the list at `path`, each block before what is inside it."""
    for index, layer in enumerate(layers if isinstance(layers, list) else []):
        here = (*path, index)
        yield here, layer
        if isinstance(layer, dict) and layer.get("type") == BLOCK:
            for branch in BRANCHES:
                yield from each_layer(layer.get(branch), (*here, branch))
