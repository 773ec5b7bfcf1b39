"""The layers in the configuration of a model of Keras, and which come before each. It is data; nothing is run."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.weights.modules import BIAS, WEIGHT


@frozen_dataclass
class ReadKerasLayer:
    """What a configuration says of a layer. before: the layers that its input comes from, all the way up.

    without: the parts that it has not.
    """

    type: str
    before: frozenset[str]
    epsilon: float | None
    channels_last: bool
    without: tuple[str, ...]


def keras_layers(text: str, path: Path) -> dict[str, ReadKerasLayer]:
    """Return the layers in a configuration by name; none where models are nested, whose order is not one of layers.

    Raises WeightsError where it is damaged.
    """
    try:
        config = json.loads(text)
        listed = config["config"]["layers"]
        sequential = config["class_name"] == "Sequential"
        result: dict[str, ReadKerasLayer] = {}
        above: dict[str, frozenset[str]] = {}
        last = channels_last(listed)
        for entry in listed:
            settings = entry["config"]
            name = str(settings["name"])
            if "layers" in settings:
                return {}
            sources = tuple(above)[-1:] if sequential else tuple(sorted(set(histories(entry.get("inbound_nodes", [])))))
            above[name] = frozenset(sources).union(*(above.get(each, frozenset()) for each in sources))
            epsilon = settings.get("epsilon")
            without = (
                *((WEIGHT,) if settings.get("scale") is False else ()),
                *((BIAS,) if settings.get("center") is False else ()),
            )
            result[name] = ReadKerasLayer(
                str(entry["class_name"]),
                above[name],
                float(epsilon) if isinstance(epsilon, float) else None,
                last,
                without,
            )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise WeightsError(
            f"{path}: its configuration is damaged: {type(problem).__name__}: {problem!s:.80}"
        ) from problem
    return result


def channels_last(layers: list[Mapping[str, Any]]) -> bool:
    """Return whether the layers of a model take images with channels last, as they do unless they say otherwise."""
    return not any(entry["config"].get("data_format") == "channels_first" for entry in layers)


def histories(value: Any) -> Iterator[str]:
    """Yield the names of the layers that the inputs of a layer come from, in the format of Keras 3 or 2."""
    if isinstance(value, Mapping):
        history = value.get("keras_history")
        if isinstance(history, list) and history and isinstance(history[0], str):
            yield history[0]
        else:
            for inner in value.values():
                yield from histories(inner)
    elif isinstance(value, list):
        if len(value) >= 3 and isinstance(value[0], str) and isinstance(value[1], int):
            yield value[0]
        else:
            for inner in value:
                yield from histories(inner)
