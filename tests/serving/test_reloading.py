"""--watch: weights that are replaced answer from then on, without a request that is lost; broken ones do not."""

import asyncio
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from graphnn.commands import train as train_command
from graphnn.errors import GraphError
from graphnn.runs.reading import DocumentSource
from graphnn.serving import reloading
from graphnn.serving.metrics import Metrics
from graphnn.serving.reloading import check_alike
from graphnn.serving.served import load_served

CLOSE = 2e-6


def digest(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def weights(server: Any) -> str:
    return str(httpx.get(f"{server.url}/health").json()["weights"])


@pytest.fixture
def other(trained: Path, small: dict[str, Any], tmp_path: Path) -> Path:
    """Other weights of the same network."""
    small["training"].update(epochs=1, seed=7)
    document = tmp_path / "other.json"
    document.write_text(json.dumps(small), encoding="utf-8")
    assert train_command.main([str(document), "--quiet"]) == 0
    return tmp_path / "other.npz"


def replace(file: Path, content: bytes) -> None:
    """Replace a file as `train` does, at once."""
    beside = file.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(file)


def test_new_weights_are_taken_up_under_load(
    trained: Path, other: Path, serve: Callable[..., Any], digits: list[bytes]
) -> None:
    target = trained.with_suffix(".npz")
    before, after = digest(target), digest(other)
    with serve(trained, "--watch") as server:
        url = f"{server.url}/predict"

        async def ask(client: httpx.AsyncClient) -> float:
            found = await client.post(url, content=digits[0], headers={"Content-Type": "image/png"})
            assert found.status_code == 200, found.text
            return float(found.json()[0]["predictions"][0]["probability"])

        async def load() -> list[float]:
            async with httpx.AsyncClient(timeout=60) as client:
                found = [await ask(client)]
                assert weights(server) == before
                replace(target, other.read_bytes())
                end = time.monotonic() + 30
                while await asyncio.to_thread(weights, server) != after:
                    assert time.monotonic() < end
                    found += await asyncio.gather(*(ask(client) for _ in range(20)))
                return [*found, await ask(client)]

        found = asyncio.run(load())
        first, last = found[0], found[-1]
        assert abs(first - last) > 1e-3
        assert all(min(abs(one - first), abs(one - last)) <= CLOSE for one in found)
        assert 'graphnn_model_reloads_total{result="taken"} 1.0' in httpx.get(f"{server.url}/metrics").text
        assert f"net: new weights taken up, sha256 {after[7:19]}…" in server.said()


@pytest.mark.long
def test_a_broken_file_is_reported_and_the_old_weights_stay(
    trained: Path, other: Path, serve: Callable[..., Any], digits: list[bytes], until: Callable[..., None]
) -> None:
    target = trained.with_suffix(".npz")
    good, before = target.read_bytes(), digest(target)
    with serve(trained, "--watch") as server:

        def answer() -> Any:
            found = httpx.post(f"{server.url}/predict", files={"x": ("x.png", digits[0])})
            assert found.status_code == 200
            return found.json()

        first = answer()
        replace(target, good[: len(good) // 2])
        until(lambda: "the new weights are not taken up, and the old ones stay:" in server.said())
        assert (answer(), weights(server)) == (first, before)
        target.unlink()
        time.sleep(1.2)
        assert answer() == first
        shutil.copy(other, target)
        until(lambda: weights(server) == digest(other))
        assert answer() != first
        assert server.said().count("not taken up") == 1


def test_any_fault_of_new_weights_is_told_and_the_next_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, told = tmp_path / "net.npz", list[str]()
    monkeypatch.setattr(reloading, "EVERY", 0.01)
    network = SimpleNamespace(stamp=(0, 0, 0), trained=SimpleNamespace(spec=SimpleNamespace(name="net")))
    batcher: Any = SimpleNamespace(served=network)

    def load() -> Any:
        raise KeyError(weights.read_text(encoding="utf-8"))

    async def run() -> None:
        async with reloading.Reloading(batcher, Metrics(), weights, load, told.append).running():
            for count in (1, 2):
                weights.write_text("x" * count, encoding="utf-8")
                async with asyncio.timeout(60):
                    while len(told) < count:
                        await asyncio.sleep(0.01)

    asyncio.run(run())
    for count, text in enumerate(told, 1):
        assert text.startswith("net: the new weights are not taken up, and the old ones stay:\nTraceback")
        assert text.endswith(f"KeyError: '{'x' * count}'")


@pytest.mark.long
def test_without_it_the_weights_stay(trained: Path, other: Path, serve: Callable[..., Any]) -> None:
    target = trained.with_suffix(".npz")
    before = digest(target)
    with serve(trained) as server:
        replace(target, other.read_bytes())
        time.sleep(1.5)
        assert weights(server) == before


def test_a_document_of_another_network_is_refused_and_the_old_one_stays(
    trained: Path, small: dict[str, Any], serve: Callable[..., Any], tmp_path: Path, until: Callable[..., None]
) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,x\n2,y\n" * 20, encoding="utf-8")
    small["input"]["shape"] = [1]
    small["layers"] = [{"type": "Dense", "units": 2}, {"type": "Softmax"}]
    small["data"] = {"dataset": "csv", "path": "rows.csv", "target": "b"}
    table = tmp_path / "table.json"
    table.write_text(json.dumps(small), encoding="utf-8")
    assert train_command.main([str(table), "--quiet"]) == 0
    target = trained.with_suffix(".npz")
    before = digest(target)
    with serve(trained, "--watch") as server:
        shutil.copy(table, trained)
        replace(target, table.with_suffix(".npz").read_bytes())
        until(lambda: 'so that the network takes rows with "a", where the network takes 1×8×8' in server.said())
        assert weights(server) == before


def test_networks_that_are_alike(trained: Path) -> None:
    first, second = (load_served(DocumentSource.of(trained, [], []), None, most=1) for _ in range(2))
    check_alike(first, second)
    second.trained = type(second.trained)(**{**vars(second.trained), "classes": tuple("abcdefghij")})
    with pytest.raises(GraphError, match=r'it knows the classes "a", "b", .* where it knows the classes "0"'):
        check_alike(first, second)
