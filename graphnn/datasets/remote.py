"""Where a published file can be had, and how it is known to be whole."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A published file. md5, size (bytes): of the file as it is at every address; tried in that order."""

    name: str
    addresses: tuple[str, ...]
    md5: str
    size: int
