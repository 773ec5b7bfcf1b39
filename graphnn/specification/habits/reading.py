"""Reads values as people of other libraries write them: "3x3", "(28, 28, 1)", "ten", {"class_name": "L2", …}."""

import re
import struct
from typing import Any

from graphnn.specification.habits.types import ACTIVATIONS
from graphnn.text.suggestions import folded

LONGEST = 100  # characters of a value that is read; more make no sense
INTEGERS = re.compile(r"[\[({]?\s*(?:None\s*[,x×]\s*)?(-?\d+(?:\s*[,x×X* ]\s*-?\d+)*)\s*,?\s*[\])}]?")
PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
FRACTION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*")
COMMA = re.compile(r"\s*(-?\d+),(\d+)\s*")
WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100, "a hundred": 100, "one hundred": 100}
YES = {
    "yes": True,
    "on": True,
    "y": True,
    "t": True,
    "1": True,
    "no": False,
    "off": False,
    "n": False,
    "f": False,
    "0": False,
}
CHANNELS = (1, 3, 4)
LARGEST_CHANNELS = 16  # a last axis of so few, after two longer ones, holds channels


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_fraction(value: Any) -> bool:
    """Return whether a value is a number between 0 and 1."""
    return is_number(value) and 0 < value < 1


def is_count(value: Any) -> bool:
    """Return whether a value is an integer of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def integers(value: Any) -> list[int] | None:
    """Return the integers in "3x3", "3,3", "(3, 3)", 3, [3, 3] or [null, 28, 28], without nulls; None for others."""
    if isinstance(value, str):
        match = INTEGERS.fullmatch(value.strip()) if len(value) <= LONGEST else None
        return None if match is None else [int(part) for part in re.findall(r"-?\d+", match[1])]
    items = value if isinstance(value, list) else [value]
    numbers = [item for item in items if item is not None and not (isinstance(item, str) and folded(item) == "none")]
    if not all(is_number(item) and float(item).is_integer() for item in numbers):
        return None
    return [int(item) for item in numbers] or None


def shape(value: Any) -> list[int] | None:
    """Return the shape of one sample, channels first, that (28, 28, 1), "28x28", 784 or [-1, 3, 32, 32] means.

    Of four axes the first is that of the batch; two axes are those of an image of one channel.
    """
    axes = integers(value)
    if axes is None:
        return None
    if (len(axes) > 1 and axes[0] == -1) or len(axes) == 4:
        axes = axes[1:]
    if len(axes) not in (1, 2, 3) or min(axes) < 1:
        return None
    if len(axes) == 2:
        return [1, *axes]
    if len(axes) == 3 and is_channels_last(axes):
        return [axes[2], axes[0], axes[1]]
    return axes


def is_channels_last(axes: list[int]) -> bool:
    """Return whether three axes look like height, width and channels."""
    height, width, channels = axes
    return channels <= LARGEST_CHANNELS and height > channels and width > channels and height not in CHANNELS


def as_written(value: float) -> float:
    """Return 0.001 for 0.0010000000474974513, which is what float32 has made of it; other numbers as they are."""
    try:
        stored = struct.pack("f", value)
    except OverflowError:
        return value
    short = float(f"{value:.7g}")
    return short if struct.unpack("f", stored)[0] == value and struct.pack("f", short) == stored else value


def number(text: str) -> int | float | None:
    """Return the number in "ten", "10 %", "1/255" or "0,1"; None for other texts."""
    if len(text) > LONGEST:
        return None
    word = " ".join(text.casefold().split())
    if word in WORDS:
        return WORDS[word]
    if match := PERCENT.fullmatch(text):
        return round(float(match[1]) / 100, 12)
    if (match := FRACTION.fullmatch(text)) and float(match[2]):
        return round(float(match[1]) / float(match[2]), 6)
    if match := COMMA.fullmatch(text):
        return float(f"{match[1]}.{match[2]}")
    return None


def truth(text: str) -> bool | None:
    """Return what "yes" or "off" means; None for other texts."""
    return YES.get(text.strip().casefold())


def one_name(value: Any) -> str | None:
    """Return the name in "relu", "nn.ReLU()", {"class_name": "ReLU"}, {"type": "relu"} or {"relu": {}}."""
    if isinstance(value, dict):
        for key in value:
            if folded(key) in ("classname", "type", "name", "function") and isinstance(value[key], str):
                return one_name(value[key])
        return str(next(iter(value))) if len(value) == 1 else None
    if not isinstance(value, str) or len(value) > LONGEST:
        return None
    match = re.fullmatch(r"\s*(?:\w+\.)*(\w[\w -]*?)\s*(?:\(.*\))?\s*", value, re.DOTALL)
    return None if match is None else match[1]


def activation(value: Any) -> tuple[dict[str, Any] | None, bool] | None:
    """Return the layer of an activation, None for the linear one, and whether it is exact; None for unknown ones."""
    name = one_name(value)
    if name is None:
        return None
    if folded(name) in ("linear", "none", "identity"):
        return None, True
    if folded(name) == "leaky":  # of Darknet
        return {"type": "LeakyReLU", "negative_slope": 0.1}, True
    known = ACTIVATIONS.get(folded(name))
    return None if known is None else ({"type": known[0]}, known[1])


def penalty(value: Any) -> float | None:
    """Return the factor of an L2 penalty: 0.001, {"class_name": "L2", "config": {"l2": 0.001}}, "l2(0.001)"."""
    if is_number(value):
        return float(value)
    if isinstance(value, dict):
        inner = value.get("config", value)
        if isinstance(inner, dict):
            return next((float(inner[key]) for key in ("l2", "factor", "l") if is_number(inner.get(key))), None)
    if isinstance(value, str) and len(value) <= LONGEST:
        match = re.fullmatch(r".*l2\w*\(\s*(?:\w+\s*=\s*)?([\d.eE-]+)\s*\)", value.strip(), re.IGNORECASE)
        try:
            return None if match is None else float(match[1])
        except ValueError:
            return None
    return None
