"""Which constants of a normalisation can be those of training inputs, as they stand in a weights file."""

import math
from collections.abc import Mapping
from typing import Any

from graphnn.datasets.precision import HUGE, TINY

MODES = ("per_channel", "per_feature", "unit", "none")
KEYS = ("mode", "shape", "offset", "divisor")


def constants_problem(values: Any) -> str | None:
    """Return what is wrong with the JSON values of a normalisation, its key first; None for nothing."""
    if not isinstance(values, Mapping) or set(values) != set(KEYS):
        found = ", ".join(map(str, values)) if isinstance(values, Mapping) else f"{values!r}"
        return f"found {found or 'nothing':.80}, where {', '.join(KEYS)} are needed"
    mode, shape = values["mode"], values["shape"]
    if mode not in MODES:
        return f"mode is {mode!r:.40}, where one of {', '.join(MODES)} is needed"
    if not isinstance(shape, list) or len(shape) not in (1, 3) or not all(type(n) is int and n > 0 for n in shape):
        return f"shape is {shape!r:.40}, where the size of a vector or of C×H×W is needed"
    count = {"per_channel": shape[0] if len(shape) == 3 else 1, "per_feature": math.prod(shape)}.get(mode, 1)
    for key, low, high, needed in (
        ("offset", -HUGE, HUGE, f"a number from {-HUGE:g} to {HUGE:g}"),
        ("divisor", TINY, HUGE, f"a number from {TINY:g} to {HUGE:g}"),
    ):
        row = values[key]
        if not isinstance(row, list) or len(row) != count:
            found = f"has {len(row):,} numbers" if isinstance(row, list) else f"is {row!r:.40}"
            return f'{key} {found}, where "{mode}" of {"×".join(map(str, shape))} needs {count:,}'
        for index, value in enumerate(row):
            if type(value) not in (int, float) or not low <= value <= high:  # false for NaN too
                return f"{key}[{index}] is {value!r:.40}, where {needed} is needed"
    if mode == "none" and (values["offset"], values["divisor"]) != ([0], [1]):
        found = f"the offset {values['offset'][0]} and the divisor {values['divisor'][0]}"
        return f'"none" has {found}, where 0 and 1 are needed'
    return None
