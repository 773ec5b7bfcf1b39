"""Who may ask: no page of another site, by a name that leads to this machine or by a form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from graphnn.serving.askers import Askers

CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.mark.parametrize(
    "host", ["localhost:8000", "LOCALHOST", "127.0.0.1:80", "[::1]:80", "10.1.2.3", "a.localhost", "x"]
)
def test_own_names(host: str) -> None:
    assert Askers().problem("GET", [(b"host", host.encode())]) is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example."]
)
def test_other_names(host: str) -> None:
    headers = [(b"host", host.encode())]
    name = host.partition(":")[0].rstrip(".")
    assert f"--allow-host {name}" in str(Askers().problem("GET", headers))
    assert Askers((name,)).problem("GET", headers) is None
    assert Askers(None).problem("GET", headers) is None


@pytest.mark.parametrize(
    ("origins", "site", "method", "refused"),
    [
        ((), "cross-site", "POST", True),
        ((), "cross-site", "GET", False),
        ((), "same-origin", "POST", False),
        ((), "none", "POST", False),
        (("https://evil.example",), "cross-site", "POST", False),
        (("*",), "cross-site", "POST", False),
        (("https://good.example",), "cross-site", "POST", True),
    ],
)
def test_pages_of_other_sites(origins: tuple[str, ...], site: str, method: str, refused: bool) -> None:
    headers = [(b"sec-fetch-site", site.encode()), (b"origin", b"https://evil.example")]
    assert (Askers((), origins).problem(method, headers) is not None) is refused


def test_a_server_of_this_machine_alone_refuses_them(served: Any, digits: list[bytes]) -> None:
    found = httpx.get(f"{served.url}/model", headers={"Host": "evil.example"})
    assert (found.status_code, found.json()["error"][:14]) == (403, '"evil.example"')
    found = httpx.post(f"{served.url}/predict", files={"x": ("x.png", digits[0])}, headers=CROSS)
    assert found.status_code == 403
    assert "https://evil.example may not ask here" in found.json()["error"]


@pytest.mark.long
def test_names_and_pages_that_are_allowed(trained: Path, serve: Callable[..., Any], digits: list[bytes]) -> None:
    options = ("--allow-host", "Good.example", "--allow-origin", "https://evil.example")
    with serve(trained, *options) as server:
        port = urlsplit(server.url).port
        for host in (f"good.example:{port}", f"localhost:{port}"):
            assert httpx.get(f"{server.url}/health", headers={"Host": host}).status_code == 200
        assert httpx.get(f"{server.url}/health", headers={"Host": "other.example"}).status_code == 403
        found = httpx.post(f"{server.url}/predict", files={"x": ("x.png", digits[0])}, headers=CROSS)
        assert found.status_code == 200
        assert found.headers["access-control-allow-origin"] == "https://evil.example"
