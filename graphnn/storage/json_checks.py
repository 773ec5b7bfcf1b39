"""Checks of JSON values that come from a file: each check says where a value is not what it should be.

Plain functions, because a validator of JSON Schema takes seconds for the normalisation of 100,000 features.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], str | None]  # of a value and its path: what is wrong with it, or None


def found(value: Any, path: str, expected: str) -> str:
    """Return the sentence on a value that is not what was expected."""
    return f"{path} is {value!r:.60}, where {expected} is needed"


def text(value: Any, path: str) -> str | None:
    """Check a string."""
    return None if isinstance(value, str) else found(value, path, "a text")


def anything(value: Any, path: str) -> str | None:
    """Check nothing."""
    return None


def whole(least: int = 0) -> Check:
    """Return the check of a whole number from `least` to 2^53, up to which JSON's numbers are exact."""

    def check(value: Any, path: str) -> str | None:
        fits = type(value) is int and least <= value <= 2**53
        return None if fits else found(value, path, f"a whole number, at least {least},")

    return check


def number(low: float = -math.inf, high: float = math.inf) -> Check:
    """Return the check of a finite number from low to high."""
    limits = "" if math.isinf(low) else f" from {low:g}" + ("" if math.isinf(high) else f" to {high:g}")

    def check(value: Any, path: str) -> str | None:
        fits = (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) <= 2**1023)
        return None if fits and low <= value <= high else found(value, path, f"a number{limits}")

    return check


def or_null(check: Check) -> Check:
    """Return the check of null, or what `check` accepts."""
    return lambda value, path: None if value is None else check(value, path)


def either(first: Check, second: Check) -> Check:
    """Return the check of what one of two checks accepts; where neither does, it says what the second does."""
    return lambda value, path: None if first(value, path) is None else second(value, path)


def rows(check: Check, count: int | None = None) -> Check:
    """Return the check of a list, and of each of its values. count: how many there have to be; None: any number."""

    def check_all(value: Any, path: str) -> str | None:
        if not isinstance(value, list) or count not in (None, len(value)):
            return found(value, path, "a list" if count is None else f"a list of {count}")
        return next(filter(None, (check(one, f"{path}[{index}]") for index, one in enumerate(value))), None)

    return check_all


def values(check: Check, others: Mapping[str, Check] | None = None) -> Check:
    """Return the check of an object, and of each value by the check of its key in `others`, else by `check`."""

    def check_all(value: Any, path: str) -> str | None:
        if not isinstance(value, dict):
            return found(value, path, "an object")
        below = ((others or {}).get(key, check)(one, f"{path}.{key:.40}") for key, one in value.items())
        return next(filter(None, below), None)

    return check_all


def keys(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return the check of an object that has the required keys, and of the values of all keys that are given."""
    checks = {**required, **(optional or {})}

    def check_all(value: Any, path: str) -> str | None:
        if not isinstance(value, dict):
            return found(value, path, "an object")
        missing = next((key for key in required if key not in value), None)
        if missing is not None:
            return f'{path or "it"} has no "{missing}"'
        prefix = f"{path}." if path else ""
        return next(filter(None, (checks[key](value[key], prefix + key) for key in checks if key in value)), None)

    return check_all
