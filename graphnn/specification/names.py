"""The names of layers: those written in the document, and those made for layers without one."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from graphnn.document.document import LISTS_OF_LAYERS, Path

RESIDUAL = "Residual"  # the one type of plain layer that contains layers
BRANCHES = LISTS_OF_LAYERS  # its settings that list these
REPEAT = "Repeat"  # stands for its layers, several times
CONTAINERS = {RESIDUAL: BRANCHES, REPEAT: ("layers",)}  # types of layers that are written with layers inside
SHORT_FORMS = ("defaults", "blocks")  # the sections by which a document is written shorter


def has_short_forms(values: Any) -> bool:
    """Return whether any layer of a document, which may have faults, is perhaps not written out in full."""
    if any(section in values for section in SHORT_FORMS):
        return True
    layers = each_layer(values.get("layers"), ("layers",))
    return any(isinstance(layer, dict) and layer.get("type") == REPEAT for _, layer in layers)


def layer_names(layers: Any, start: Path = ("layers",)) -> dict[Path, str | None]:
    """Return each layer's name by its path, in the document's order, a layer before those inside it.

    start: the path of the list. The name is the one in the document or, without one, the type and a number: conv2d_1,
    conv2d_2. It is None where neither is a usable string: `layers` may come from a document that has not been checked.
    """
    counts: Counter[str] = Counter()
    names: dict[Path, str | None] = {}
    for path, layer in each_layer(layers, start):
        written = layer.get("name") if isinstance(layer, dict) else None
        type_ = layer.get("type") if isinstance(layer, dict) else None
        if isinstance(type_, str):
            counts[type_.lower()] += 1  # "Relu" beside "ReLU", a mistake, must not become a second relu_1
        if written is not None:
            names[path] = written if isinstance(written, str) and written else None
        else:
            names[path] = f"{type_.lower()}_{counts[type_.lower()]}" if isinstance(type_, str) else None
    return names


def each_layer(layers: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of each layer in the list at `path`, a layer before those inside it."""
    for index, layer in enumerate(layers if isinstance(layers, list) else []):
        here = (*path, index)
        yield here, layer
        type_ = layer.get("type") if isinstance(layer, dict) else None
        for branch in CONTAINERS.get(type_, ()) if isinstance(type_, str) else ():
            yield from each_layer(layer.get(branch), (*here, branch))
