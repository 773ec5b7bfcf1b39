"""Measures prediction of every network of models/ on one thread, beside onnxruntime and PyTorch.

    .venv/bin/python tests/readme/prediction.py [--sizes 1,64,own] [--rounds 15] [NAME…]

prints a table: milliseconds of processor time of a batch, the least of many, and our ratios. All sides run in one
process, in turn, so that a machine that slows down slows all of them down alike. `own` is the document's batch size.
PyTorch is the faster of its two layouts, on one thread; on all cores and compiled, see `graphnn benchmark`.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ("document", "batch", "numba", "numpy", "onnxruntime", "PyTorch", "numba / ort", "numpy / ort", "/ PyTorch")
NUMBA, NUMPY, ORT = "numba", "numpy", "onnxruntime"
TORCH = ("PyTorch", "PyTorch, channels last")
TURN = 0.03  # seconds of one side


def onnx_run(spec: Any, graph: Any, parameters: Any, x: np.ndarray) -> Callable[[], Any]:
    """Return a function that predicts x by onnxruntime on one thread."""
    import onnxruntime

    from graphnn.datasets.preparation import Normalisation
    from graphnn.exporting.onnx.model import model_of
    from graphnn.exporting.trained_network import TrainedNetwork

    network = TrainedNetwork(spec, graph, parameters, Normalisation("none", graph.input_shape, (0.0,), (1.0,)))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model_of(network).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    name, given = session.get_inputs()[0].name, np.ascontiguousarray(x)
    return lambda: session.run(None, {name: given})[0]


def torch_run(graph: Any, parameters: Any, x: np.ndarray, *, last: bool) -> Callable[[], Any]:
    """Return a function that predicts x by PyTorch on one thread. last: whether images are channels last."""
    import torch

    from graphnn.benchmark.torch_network import TorchNetwork

    torch.set_num_threads(1)
    network = TorchNetwork(graph, parameters).whole.eval()
    given = torch.from_numpy(np.ascontiguousarray(x))
    if last and given.ndim == 4:
        network, given = network.to(memory_format=torch.channels_last), given.to(memory_format=torch.channels_last)

    def run() -> Any:
        with torch.inference_mode():
            return network(given).numpy()

    return run


def burst(run: Callable[[], Any], seconds: float) -> list[float]:
    """Return the seconds of the processor that each of several runs took, whatever else ran meanwhile."""
    times: list[float] = []
    begun = time.thread_time()
    while not times or time.thread_time() - begun < seconds:
        start = time.thread_time()
        run()
        times.append(time.thread_time() - start)
    return times


def measured(document: Path, sizes: list[str], rounds: int) -> list[dict[str, Any]]:
    """Return the least seconds of a batch, by side, for each size."""
    from graphnn.benchmark.task import first_parameters, samples, with_any_weights
    from graphnn.engine.engine import Engine
    from graphnn.graph.build import build_graph
    from graphnn.kernels.choice import kernels_named
    from graphnn.specification.spec import spec_from_values

    spec = spec_from_values(json.loads(document.read_text(encoding="utf-8")))
    graph = with_any_weights(build_graph(spec))
    parameters = first_parameters(graph, 0, 64)
    rows = []
    for size in sizes:
        count = int(spec.training["batch_size"]) if size == "own" else int(size)
        x, _ = samples(graph, count)
        engines = {
            name: Engine(graph, parameters, batch_size=count, threads=1, kernels=kernels_named(name))
            for name in (NUMBA, NUMPY)
        }
        sides: dict[str, Callable[[], Any]] = {name: partial(each.predict, x) for name, each in engines.items()}
        sides[ORT] = onnx_run(spec, graph, parameters, x)
        for name in TORCH:
            sides[name] = torch_run(graph, parameters, x, last=name == TORCH[1])
        expected = sides[ORT]()  # without what label smoothing has added
        for name, run in sides.items():
            found = run() if name == ORT else graph.loss.beliefs(run())
            difference = float(np.abs(found - expected).max())
            if difference > 1e-3:
                raise SystemExit(f"{document.name}, {name}: outputs differ by {difference:.1g} from onnxruntime's")
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, run in sides.items():
                burst(run, TURN / 5)
                times[name] += burst(run, TURN)
        for engine in engines.values():
            engine.close()
        least = {name: min(found) for name, found in times.items()}
        median = {name: float(np.median(found)) for name, found in times.items()}
        rows.append({"document": document.stem, "batch": count, "least": least, "median": median})
    return rows


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    found = row["least"]
    torch = min(found[name] for name in TORCH)
    ours = min(found[NUMBA], found[NUMPY])
    milliseconds = [f"{1000 * each:.3f}" for each in (found[NUMBA], found[NUMPY], found[ORT], torch)]
    ratios = [f"{each:.2f}" for each in (found[NUMBA] / found[ORT], found[NUMPY] / found[ORT], ours / torch)]
    return f"| {' | '.join((row['document'], str(row['batch']), *milliseconds, *ratios))} |"


def main() -> None:
    """Measure each document in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--sizes", default="1,64,own")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = given.names or sorted(path.stem for path in (ROOT / "models").glob("*.json"))
    if given.one:
        print(json.dumps(measured(ROOT / "models" / f"{names[0]}.json", given.sizes.split(","), given.rounds)))
        return
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name in names:
        command = [sys.executable, __file__, name, "--one", "--sizes", given.sizes, "--rounds", str(given.rounds)]
        ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
        for row in json.loads(ran.stdout):
            print(line(row), flush=True)


if __name__ == "__main__":
    main()
