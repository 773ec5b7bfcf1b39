"""Which `trainable` fixes the running statistics of a BatchNormalization, and how resolved documents write it.

In older versions `"trainable": false` fixed gamma and beta alone, and running statistics were moved in any case. In a
resolved document it stands as {"gamma": false, "beta": false, "statistics": false} now; false is of an older version.
"""

from collections.abc import Mapping
from typing import Any

from graphnn.document.document import Path, path_text
from graphnn.specification.names import BRANCHES, each_layer

NORMALIZATION = "BatchNormalization"
STATISTICS = "statistics"  # both running ones, in the setting `trainable`
PARAMETERS = {"gamma": "scale", "beta": "center"}  # and the settings by which the layer has them
REASON = (
    'with "trainable": false the running statistics stay as they are, which older versions moved; write '
    '"trainable": {"gamma": false, "beta": false} to move them'
)


def written_out(type_: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layer's settings, as JSON values, with all that `"trainable": false` fixes in words."""
    if not frozen(type_, settings):
        return dict(settings)
    return {**settings, "trainable": {**fixed_parameters(settings), STATISTICS: False}}


def fixes_statistics(trainable: Any) -> bool:
    """Whether training leaves the running statistics as they are, with this value of `trainable`."""
    return not (trainable.get(STATISTICS, True) if isinstance(trainable, Mapping) else trainable)


def frozen(type_: Any, settings: Mapping[str, Any]) -> bool:
    """Whether a layer's settings say `"trainable": false` of a BatchNormalization."""
    return type_ == NORMALIZATION and settings.get("trainable") is False


def fixed_parameters(settings: Mapping[str, Any]) -> dict[str, bool]:
    """Return the value of `trainable` that fixes the parameters that a BatchNormalization with these settings has."""
    return {name: False for name, present in PARAMETERS.items() if settings.get(present, True)}


def moved_statistics(resolved: Any) -> list[Path]:
    """Return the paths of the layers whose statistics an older version moved by `"trainable": false`, if it was one."""
    layers = resolved.get("layers") if isinstance(resolved, Mapping) else None
    return [
        path
        for path, layer in each_layer(layers, ("layers",))
        if isinstance(layer, Mapping) and frozen(layer.get("type"), layer)
    ]


def with_moved_statistics(resolved: Any) -> Any:
    """Return a resolved document of an older version as one of this version writes it; any other as it is."""
    if not moved_statistics(resolved):
        return resolved
    return {**resolved, "layers": [older_layer(layer) for layer in resolved["layers"]]}


def older_layer(layer: Any) -> Any:
    """Return a layer of an older resolved document, and the layers inside it, as this version writes them."""
    if not isinstance(layer, Mapping):
        return layer
    inside = {key: [older_layer(each) for each in layer[key]] for key in BRANCHES if isinstance(layer.get(key), list)}
    fixed = {"trainable": fixed_parameters(layer)} if frozen(layer.get("type"), layer) else {}
    return {**layer, **inside, **fixed}


def reasons(resolved: Any) -> dict[str, str]:
    """Return why statistics that are fixed now were moved by a run of an older version, by the paths of the setting."""
    return {f"{path_text(path)}.trainable.{STATISTICS}": REASON for path in moved_statistics(resolved)}
