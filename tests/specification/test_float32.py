"""Numbers that float32 cannot tell from 0, infinity or an excluded bound are refused, for every setting alike."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnn.specification.float32 import rounded
from graphnn.specification.schema import load_schema
from graphnn.specification.schema_problems import section_problems

SCHEMA = load_schema()
SETTINGS = [
    (kind, type_, name, one)
    for kind, types in SCHEMA.switches.items()
    for type_ in types
    for name, one in SCHEMA.settings(kind, type_).items()
    if one.get("type") == "number"
]
IDS = [f"{type_}.{name}" for _, type_, name, _ in SETTINGS]


def problems(kind: str, type_: str, name: str, value: float) -> list[str]:
    """Return the problems with one setting of this value."""
    found = section_problems({SCHEMA.choosing_key(kind): type_, name: value}, kind, SCHEMA, type_)
    return [problem.message for problem in found if not problem.message.startswith("missing")]


def test_there_are_many_settings_with_numbers() -> None:
    assert len(SETTINGS) > 60


@pytest.mark.parametrize(("kind", "type_", "name", "one"), SETTINGS, ids=IDS)
def test_every_number_is_one_of_float32(kind: str, type_: str, name: str, one: dict[str, Any]) -> None:
    [message] = problems(kind, type_, name, 1e-46)
    assert message.startswith("1e-46 is 0 in float32")
    [message] = problems(kind, type_, name, 1e39)
    assert message.startswith("1e+39 is infinite in float32") or ("must be " in message and "aximum" in str(one))
    if "exclusiveMaximum" in one:
        limit = one["exclusiveMaximum"]
        [message] = problems(kind, type_, name, limit - 1e-9)
        assert message.endswith(f"it must be less than {limit} by at least 6e-8 of it")
        assert problems(kind, type_, name, limit - 1e-7) == []


@pytest.mark.parametrize("value", [0.25, 1.0, 1e-30])
def test_numbers_within_its_range_are_not_touched(value: float) -> None:
    assert problems("layer", "Scale", "factor", value) == problems("layer", "Scale", "factor", -value) == []


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_rounding_is_that_of_numpy(value: float) -> None:
    with np.errstate(over="ignore"):
        expected = float(np.float32(value)) if abs(value) < 10**300 else np.copysign(np.inf, value)
    assert rounded(value) == expected


@pytest.mark.parametrize("digits", [39, 400, 5000])
def test_integers_beyond_all_floats_are_refused(digits: int) -> None:
    [message] = problems("layer", "Dense", "units", 10**digits)
    assert message.endswith("is infinite in float32, in which networks are computed; the largest is 3.4e38")


def test_settings_of_plugins_are_held_to_it_too() -> None:
    schema = load_schema({"Mine": {"properties": {"x": {"type": "array", "items": {"type": "number"}}}}})
    [problem] = section_problems({"type": "Mine", "x": [1, 1e300]}, "layer", schema, "Mine")
    assert str(problem).startswith("Mine.x[1]: 1e+300 is infinite in float32")
