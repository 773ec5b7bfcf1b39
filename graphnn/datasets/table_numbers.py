"""Numbers in the cells of a table: with a decimal point or comma, and with marks between groups of three digits."""

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np

from graphnn.types import Array

GROUP_MARKS = "   ’'"  # thin spaces and apostrophes; a point or comma too, where it is not the decimal mark
MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "?"))  # in lower case


class NumberFormat:
    """How numbers are written. decimal: "." or ","."""

    def __init__(self, decimal: str) -> None:
        self.decimal = decimal
        other = "," if decimal == "." else "."
        mark, groups = re.escape(decimal), f"[{re.escape(other + GROUP_MARKS)}]"
        self._number = re.compile(
            rf"[+-]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
            rf"|[+-]?[0-9]{{1,3}}({groups})[0-9]{{3}}(?:\1[0-9]{{3}})*(?:{mark}[0-9]*)?"
        )
        self._groups = re.compile(groups)

    def number(self, text: str) -> float | None:
        """Return the number that a cell without blanks around it holds; None where it holds none that is finite."""
        if self._number.fullmatch(text) is None:
            return None
        value = float(self._groups.sub("", text).replace(",", "."))
        return value if math.isfinite(value) else None

    def numbers(self, cells: Sequence[str]) -> Array | None:
        """Return float64 of cells that are all plain numbers; None where at least one may be something else.

        float reads 1_000, inf and nan too, which are left to `number`.
        """
        joined = "".join(cells)
        if "_" in joined or (self.decimal == "," and "." in joined):
            return None
        if self.decimal == ",":
            cells = [cell.replace(",", ".") for cell in cells]
        try:
            values = np.array(list(map(float, cells)))
        except ValueError:
            return None
        return values if np.isfinite(values).all() else None


def is_missing(text: str) -> bool:
    """Return whether the text of a cell stands for a value that is missing."""
    return text.lower() in MISSING


def number_text(value: float) -> str:
    """Return a number as the name of a category: 3 for 3.0."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


POINT = re.compile(r"[+-]?(?:[0-9]*\.[0-9]+|[0-9]+\.)(?:[eE][+-]?[0-9]+)?")
COMMA = re.compile(r"[+-]?(?:[0-9]*,[0-9]+|[0-9]+,)(?:[eE][+-]?[0-9]+)?")
EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")  # 1,234: one number or the other
COMMA_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*|[+-]?[0-9]{1,3}(?:,[0-9]{3}){2,}")
POINT_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*|[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}")


def decimal_evidence(cells: Iterable[str]) -> tuple[int, int, str | None]:
    """Return how many cells show a decimal point, how many a comma, and the first whose comma may be either."""
    point = comma = 0
    unclear = None
    for cell in cells:
        text = cell.strip()
        if EITHER.fullmatch(text):
            unclear = unclear or (text if "," in text else None)
        elif POINT.fullmatch(text) or COMMA_GROUPS.fullmatch(text):
            point += 1
        elif COMMA.fullmatch(text) or POINT_GROUPS.fullmatch(text):
            comma += 1
    return point, comma, unclear
