"""A stream of which the first bytes have been read, to see what it holds, and come once more."""

import io


def continued(head: bytes, stream: io.BufferedReader) -> io.BufferedReader:
    """Return a stream with the bytes that have been read, and those that follow."""
    return io.BufferedReader(Continued(head, stream))


class Continued(io.RawIOBase):
    """Gives the first bytes of a stream once more, then the others; a read waits for no more than there is."""

    def __init__(self, head: bytes, stream: io.BufferedReader) -> None:
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """Read what there is, at least a byte but at the end."""
        content = self._head[: len(buffer)] or self._stream.read1(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(content)] = content
        return len(content)
