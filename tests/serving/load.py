"""Measures servers under load by wrk, in turn: python tests/serving/load.py models/mnist.json --onnx mnist.onnx.

They are `graphnn serve` with numpy and with numba; the same server with onnxruntime in place of the engine, on a file
that `graphnn export --to onnx` has written; and one as FastAPI's own pages show it, with onnxruntime, without batches.
"""

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("numpy", "numba")
ONNX = ("onnxruntime", "plain")
TITLES = {"onnxruntime": "onnxruntime, same server", "plain": "onnxruntime, plain FastAPI"}
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
PICTURES = 16
LUA = """
local bodies, turn = {}, 0
for number = 0, COUNT - 1 do
  local file = io.open("FOLDER/" .. number .. ".png", "rb")
  bodies[number] = wrk.format("POST", "/predict", {["Content-Type"] = "image/png"}, file:read("*a"))
  file:close()
end
function request() turn = (turn + 1) % COUNT; return bodies[turn] end
"""


@dataclass(frozen=True)
class Figures:
    """What wrk has measured. p50, p99: ms. cpu: ms of the server for each request."""

    rate: float
    p50: float
    p99: float
    cpu: float

    def cell(self) -> str:
        """Return the figures as a cell of a table."""
        return f"{self.rate:,.0f} · {self.p50:.1f} · {self.p99:.0f}"


def main() -> None:
    """Measure, and print a table for each document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", nargs="+", type=Path)
    parser.add_argument("--onnx", nargs="*", type=Path, default=[], help="a file for each document")
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 16, 200])
    parser.add_argument("--workers", type=int, default=1, help="of graphnn serve")
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="in which the servers take turns; the fastest counts")
    parser.add_argument("--be", choices=ONNX, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.be:
        be(arguments.be, arguments.documents[0], arguments.onnx[0])
        return
    if shutil.which("wrk") is None:
        sys.exit("needs wrk, which makes the load: apt-get install wrk")
    for document, onnx in zip(arguments.documents, arguments.onnx or [None] * len(arguments.documents), strict=True):
        print(f"\n{document.stem}: requests/s · p50 ms · p99 ms, and CPU ms for each request\n", flush=True)
        print(table(measured(document, onnx, arguments), arguments.clients), flush=True)


def measured(document: Path, onnx: Path | None, arguments: argparse.Namespace) -> dict[str, dict[int, Figures]]:
    """Return the best figures of each server for each number of clients."""
    best: dict[str, dict[int, Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        script = written(Path(folder), document)
        for _ in range(arguments.rounds):
            for kind in (*ENGINES, *(ONNX if onnx else ())):
                with server(kind, document, onnx, arguments.workers) as (url, pid):
                    for clients in arguments.clients:
                        found = wrk(url, pid, script, clients, arguments.seconds)
                        known = best.setdefault(kind, {}).get(clients)
                        if known is None or found.rate > known.rate:
                            best[kind][clients] = found
    return best


def table(figures: dict[str, dict[int, Figures]], clients: list[int]) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"| server | {' | '.join(f'{count} at once' for count in clients)} | CPU |",
        "|---" * (len(clients) + 2) + "|",
    ]
    for kind, found in figures.items():
        cells = " | ".join(found[count].cell() for count in clients)
        lines.append(f"| {TITLES.get(kind, kind)} | {cells} | {min(one.cpu for one in found.values()):.2f} |")
    return "\n".join(lines)


def written(folder: Path, document: Path) -> Path:
    """Write pictures of the network's size, and the script for wrk; return the script."""
    from PIL import Image

    channels, height, width = trained(document).normalisation.shape
    rng = np.random.default_rng(0)
    for number in range(PICTURES):
        pixels = rng.integers(0, 100, (height, width, channels), np.uint8)
        Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(folder / f"{number}.png")
    script = folder / "post.lua"
    script.write_text(LUA.replace("COUNT", str(PICTURES)).replace("FOLDER", str(folder)), encoding="utf-8")
    return script


def trained(document: Path) -> Any:
    """Return a trained network."""
    from graphnn.runs.reading import DocumentSource
    from graphnn.runs.trained import load_trained

    return load_trained(DocumentSource.of(document, [], []), None, "serve")


@contextmanager
def server(kind: str, document: Path, onnx: Path | None, workers: int) -> Iterator[tuple[str, int]]:
    """A context in which a server runs: its address, and its process."""
    if kind in ENGINES:
        own = ["-m", "graphnn", "serve", str(document), "--kernels", kind, "--port", "0", "--workers", str(workers)]
    else:
        own = [__file__, str(document), "--onnx", str(onnx), "--be", kind]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, *own], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield re.findall(r"http://\S+\d", process.stdout.readline())[0], process.pid
    finally:
        process.terminate()
        process.wait()


def wrk(url: str, pid: int, script: Path, clients: int, seconds: int) -> Figures:
    """Return what wrk measures."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", script, url]
    before = cpu(pid)
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu(pid) - before
    assert "Non-2xx" not in text, text
    p50, p99 = (float(value) * UNITS[unit] for value, unit in re.findall(r"(?:50|99)%\s+([\d.]+)(us|ms|s)", text))
    count = int(re.findall(r"(\d+) requests in", text)[0])
    return Figures(float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0]), p50, p99, 1000 * used / count)


def cpu(pid: int) -> float:
    """Return the seconds of CPU time that a process and its children have taken."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(cpu(int(child)) for child in children)


def session(onnx: Path) -> Any:
    """Return onnxruntime with one thread, as a worker of graphnn has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


def be(kind: str, document: Path, onnx: Path) -> None:
    """Be a server with onnxruntime."""
    if kind == "plain":
        be_plain(document, session(onnx))
        return
    from graphnn.commands.serve import main as serve
    from graphnn.serving import served

    network = session(onnx)

    class ByOnnx(served.Served):
        """The network of an ONNX file, which takes samples as they are stored."""

        def warm(self) -> None:
            self._outputs(np.zeros((self.most, *self.trained.normalisation.shape), np.float32))

        def _inputs(self, parts: Any) -> Any:
            return served.joined([part.astype(np.float32) for part in parts])

        def _outputs(self, x: Any) -> Any:
            return network.run(None, {"input": x})[0]

    served.Served = ByOnnx  # type: ignore[misc]
    sys.exit(serve([str(document), "--port", "0"]))


def be_plain(document: Path, network: Any) -> None:
    """Be a server as the pages of FastAPI show one: a function in a thread for each request, without batches."""
    import socket

    import uvicorn
    from fastapi import Body, FastAPI
    from PIL import Image

    app = FastAPI()
    channels = trained(document).normalisation.shape[0]

    @app.post("/predict")
    def predict(picture: bytes = Body(media_type="image/png")) -> list[float]:
        pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("L" if channels == 1 else "RGB"), np.float32)
        x = pixels.reshape(*pixels.shape[:2], channels).transpose(2, 0, 1)[None]
        return [float(value) for value in network.run(None, {"input": x})[0][0]]

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([listener])


if __name__ == "__main__":
    main()
