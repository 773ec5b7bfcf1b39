"""What a request gives: files or values, and what it asks for in its address."""

from collections.abc import Iterable
from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.serving.problems import unsuitable
from graphnn.text.suggestions import did_you_mean, quoted

YES, NO = ("1", "true", "yes", "on", ""), ("0", "false", "no", "off")
TOP = "top"
FLAGS = ("invert", "as_is", "seen")


@frozen_dataclass
class QueryOptions:
    """What the address asks for.

    top: how many classes; None: it does not say. invert, as_is: how pictures are read, as by `predict`. seen: whether
    answers show each picture as the network sees it.
    """

    top: int | None = None
    invert: bool = False
    as_is: bool = False
    seen: bool = False


@frozen_dataclass
class RequestInputs:
    """The inputs of a request: files, each with its name, or else values read from JSON. size: bytes of the body."""

    wanted: QueryOptions
    files: tuple[tuple[str, bytes], ...] = ()
    values: Any = None
    size: int = 0


PLAIN = QueryOptions()


def wanted(pairs: Iterable[tuple[str, str]]) -> QueryOptions:
    """Return what the parameters of an address ask for. Raises RequestProblem for one that means nothing."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise unsuitable(f"the address has {name} twice; give it once")
        if name == TOP:
            if not value.isascii() or not value.isdigit() or not int(value[:9]) >= 1:
                raise unsuitable(f"{TOP} is {quoted(value)}, where a whole number from 1 is needed, as in ?{TOP}=3")
            found[name] = int(value[:9])
        elif name in FLAGS:
            found[name] = flag(name, value)
        else:
            known = f"; known: {', '.join((TOP, *FLAGS))}"
            raise unsuitable(f"unknown parameter {quoted(name)}{did_you_mean(name, (TOP, *FLAGS)) or known}")
    return QueryOptions(**found) if found else PLAIN


def flag(name: str, value: str) -> bool:
    """Return whether a flag of the address is set. Raises RequestProblem for another value."""
    if value.lower() in YES:
        return True
    if value.lower() in NO:
        return False
    raise unsuitable(f"{name} is {quoted(value)}, where 1 or 0 is needed")
