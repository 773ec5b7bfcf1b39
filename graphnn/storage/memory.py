"""Whether there is enough memory to unpack a file into."""

from graphnn.machine.memory import shortage
from graphnn.text.numbers import bytes_text


def memory_problem(needed: int) -> str | None:
    """Return why `needed` bytes cannot be unpacked, with the figures; None where they can, or it is not known."""
    there = shortage(needed)
    return None if there is None else f"{bytes_text(needed)} unpacked, but {there}"
