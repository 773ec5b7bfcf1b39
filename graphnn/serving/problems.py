"""RequestProblem: why a request is not answered, with its status; and what a client reads of it."""

from collections.abc import Mapping
from http import HTTPStatus

RETRY_AFTER = "1"  # seconds


class RequestProblem(Exception):
    """A request that is refused: the status, and one sentence for whoever sent it."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text

    @property
    def headers(self) -> Mapping[str, str]:
        """What the answer says besides: when to try again, or that nothing more is read of a body that is too slow."""
        if self.status == HTTPStatus.REQUEST_TIMEOUT:
            return {"Connection": "close"}
        busy = self.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
        return {"Retry-After": RETRY_AFTER} if busy else {}


def malformed(text: str) -> RequestProblem:
    """Return the problem of a body that is not what it says it is: status 400."""
    return RequestProblem(HTTPStatus.BAD_REQUEST, text)


def unsuitable(text: str) -> RequestProblem:
    """Return the problem of a well-formed body that does not fit the network: status 422."""
    return RequestProblem(HTTPStatus.UNPROCESSABLE_ENTITY, text)


def too_large(text: str) -> RequestProblem:
    """Return the problem of a request over a limit: status 413."""
    return RequestProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
