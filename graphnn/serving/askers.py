"""Who may ask a server that only its machine reaches: no page of another site that the browser there shows."""

import ipaddress
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.suggestions import quoted

HOST, ORIGIN, SITE, CROSS = b"host", b"origin", b"sec-fetch-site", b"cross-site"
LOCALHOST = "localhost"
ALL = "*"


@frozen_dataclass
class Askers:
    """Names by which a server is asked, and pages that may ask it.

    hosts: names in addresses, besides numbers and those that no site has; None: all, as of a server that others reach.
    origins: of pages elsewhere whose scripts may ask and read answers; "*" for all.
    """

    hosts: tuple[str, ...] | None = ()
    origins: tuple[str, ...] = ()

    def problem(self, method: str, headers: Sequence[tuple[bytes, bytes]]) -> str | None:
        """Return why a request is refused, or None.

        A site can let its name lead to this machine, so that its pages count as those of this server; and any page may
        send a form anywhere, which browsers tell by a header.
        """
        host = site = origin = None
        for key, value in headers:
            if key == HOST:
                host = value.decode("latin-1")
            elif key == SITE:
                site = value
            elif key == ORIGIN:
                origin = value.decode("latin-1")
        if self.hosts is not None and host is not None:
            name = name_in(host)
            if not (is_own(name) or name in self.hosts):
                return f"{quoted(name)} is no name of this server; if it is one, start it with --allow-host {name}"
        if site == CROSS and method == "POST" and not {origin, ALL} & {*self.origins}:
            return f"a page of {origin or 'another site'} may not ask here; --allow-origin allows it"
        return None


def name_in(host: str) -> str:
    """Return the name in a header `Host`, without a port, in small letters."""
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.rstrip(".").lower()


def is_own(name: str) -> bool:
    """Whether a name is a number, or one that no site of the internet can have."""
    if "." not in name or name.endswith(f".{LOCALHOST}"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class CheckedAskers:
    """An ASGI application that refuses what Askers does. refuse: returns the answer, an ASGI application."""

    def __init__(self, app: Callable[..., Any], askers: Askers, refuse: Callable[[HTTPStatus, str], Any]) -> None:
        self.app, self.askers, self.refuse = app, askers, refuse

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        problem = self.askers.problem(scope["method"], scope["headers"]) if scope["type"] == "http" else None
        await (self.app if problem is None else self.refuse(HTTPStatus.FORBIDDEN, problem))(scope, receive, send)
