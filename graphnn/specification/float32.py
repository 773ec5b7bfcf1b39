"""Keywords of the schema that also refuse numbers which float32, in which networks are computed, cannot tell apart."""

import struct
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft7Validator, ValidationError

KEYWORD = "float32"  # of the errors
LARGEST = 10**308  # of float64
Check = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


def rounded(number: float) -> float:
    """Return the number of float32 that is nearest; infinite where all are too small."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", float(number)))[0])
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def in_range(validator: Any, types: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Check `type`, and that a number does not become infinite or 0 in float32."""
    errors = list(Draft7Validator.VALIDATORS["type"](validator, types, value, schema) or ())
    yield from errors
    if errors or not isinstance(value, int | float) or isinstance(value, bool):
        return
    if abs(rounded(value)) == float("inf"):
        shown = f"{value:g}" if isinstance(value, float) or abs(value) < LARGEST else "an integer so large"
        yield refused(f"{shown} is infinite in float32, in which networks are computed; the largest is 3.4e38")
    elif value and not rounded(value):
        yield refused(f"{value:g} is 0 in float32, in which networks are computed; the smallest above 0 is 1.4e-45")


def beyond(keyword: str, words: str) -> Check:
    """Return the check of `exclusiveMinimum` or `exclusiveMaximum`, before and after a number is rounded to float32.

    words: "greater" or "less".
    """

    def check(validator: Any, limit: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        errors = list(Draft7Validator.VALIDATORS[keyword](validator, limit, value, schema) or ())
        yield from errors
        if not errors and limit and isinstance(value, float) and rounded(value) == limit:
            text = f"{value!r} is {limit} in float32, in which networks are computed; it must be {words} than {limit}"
            yield refused(f"{text} by at least 6e-8 of it")

    return check


def refused(message: str) -> ValidationError:
    """Return the error with this message."""
    return ValidationError(message, validator=KEYWORD)


CHECKS = {
    "type": in_range,
    "exclusiveMinimum": beyond("exclusiveMinimum", "greater"),
    "exclusiveMaximum": beyond("exclusiveMaximum", "less"),
}
