"""What the forms of `import` share: how samples were normalised, names, numbers."""

import argparse
import math

from graphnn.commands.arguments import Parser


def add_normalisation_arguments(parser: Parser) -> None:
    """Add --scale, --mean and --std."""
    group = parser.add_argument_group("how samples were normalised before the network, (x / scale - mean) / std")
    group.add_argument("--scale", type=positive, metavar="S", help="255 for pictures in 0…1; 1 if left out")
    group.add_argument("--mean", type=numbers, default=(), metavar="M,…", help="one number, or one for each channel")
    group.add_argument("--std", type=positives, default=(), metavar="D,…", help="one number, or one for each channel")


def names(text: str) -> tuple[str, ...]:
    """Return names separated by commas, for `type=` of an argument."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f'"{text}" has an empty name; write them as cat,dog,horse')
    return found


def numbers(text: str) -> tuple[float, ...]:
    """Return numbers separated by commas, for `type=` of an argument."""
    try:
        found = tuple(float(number) for number in text.split(","))
    except ValueError:
        found = ()
    if not found or not all(map(math.isfinite, found)):
        raise argparse.ArgumentTypeError(f'"{text}" is no row of numbers such as 0.485,0.456,0.406')
    return found


def positives(text: str) -> tuple[float, ...]:
    """Return numbers above 0 separated by commas, for `type=` of an argument."""
    found = numbers(text)
    if not all(number > 0 for number in found):
        raise argparse.ArgumentTypeError(f'"{text}" has a number that is not above 0')
    return found


def positive(text: str) -> float:
    """Return a number above 0, for `type=` of an argument."""
    found = positives(text)
    if len(found) != 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not one number')
    return found[0]
