"""Limits: how much a request, and all requests together, may take."""

from graphnn.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class Limits:
    """What the server takes before it refuses; README.md says what a client reads then.

    body: bytes of a request. pixels: of a picture. files: in a request. queue: requests under way in a worker. held:
    bytes of all bodies under way in a worker. reading: seconds in which a client sends its request. answering: seconds
    from then to the answer.
    """

    body: int = 32 << 20
    pixels: int = 50_000_000
    files: int = 64
    queue: int = 1024
    held: int = 256 << 20
    reading: float = 30.0
    answering: float = 30.0
