"""The addresses of a published file, and its size and checksum."""

from graphnn.frozen_dataclass import frozen_dataclass

REMEDY = "put a good copy there, or delete it, and it is downloaded"  # for a damaged file


@frozen_dataclass
class Remote:
    """A published file. addresses: tried in this order. md5, size (in bytes): of the file, at every address."""

    name: str
    addresses: tuple[str, ...]
    md5: str
    size: int
