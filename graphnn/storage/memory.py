"""Whether there is enough memory to unpack a file into."""

import os

from graphnn.text.numbers import bytes_text


def memory_problem(needed: int) -> str | None:
    """Return why `needed` bytes cannot be unpacked, with the figures; None where they can, or it is not known."""
    try:
        available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return None
    if available <= 0 or needed <= available:
        return None
    return f"{bytes_text(needed)} unpacked, but this machine has {bytes_text(available)}"
