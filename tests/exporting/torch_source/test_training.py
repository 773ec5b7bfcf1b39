"""The training loop of the file trains as graphnn does, for random documents over everything that is registered.

The order of the samples and the masks of Dropout are graphnn's, because no other library draws the same.
"""

import json
import runpy
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.batches import epoch_order
from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.base import ExportWishes
from graphnn.exporting.targets.torch import TORCH, imported
from graphnn.exporting.torch_source.source import TorchFile
from graphnn.exporting.torch_source.structure import state_names
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise, unset
from graphnn.specification.spec import read_spec
from graphnn.training.divergence import DivergenceError

torch: Any = pytest.importorskip("torch")
pytest.importorskip("safetensors")
ROOT = Path(__file__).parents[3]
MATHEMATICS = ROOT / "tests" / "mathematics"
NETWORKS: dict[str, Any] = runpy.run_path(str(MATHEMATICS / "networks.py"))
COMPARISON: dict[str, Any] = runpy.run_path(str(MATHEMATICS / "comparison.py"))
ORDINARY, ALL = 12, 300  # documents
CLOSE = 1e-4


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with COMPARISON["one_thread"]():
        yield


def made(number: int, folder: Path) -> tuple[Any, Any]:
    """Return a case, whose loss has its weights as numbers, and the module of the written file; None: it is refused."""
    values = NETWORKS["document"](number)
    counts = (values.pop("samples"), 11)
    case = COMPARISON["case"](
        folder, values, NETWORKS["initial_values"], lambda *given: labelled(*given, number=number), counts, number
    )
    return case, written(case, folder)


def written(case: Any, folder: Path) -> Any:
    """Return the module of the file of a case, whose loss it gives its weights as numbers; None: it is refused."""
    spec = read_spec(case.file)
    graph = build_graph(spec)
    loss = graph.loss
    if hasattr(loss, "weighted"):
        graph = replace(graph, loss=loss.weighted(graph.output_shape, case.training[1], None))
    parameters = unset(graph)
    for name, array in parameters.named().items():
        array[...] = case.arrays[name]
    normalisation = Normalisation.fit(case.training[0], spec.data["normalize"])
    network = TrainedNetwork(spec, graph, parameters, normalisation)
    if list(TorchFile(network, "written").refusals()):
        return None
    exported = TORCH.write(network, folder / "written.py", ExportWishes(replace=True))
    case.offset, case.divisor = normalisation.offset, normalisation.divisor
    return imported(exported.files[0])


def labelled(graph: Any, count: int, seed: int, *, number: int) -> Any:
    """Return samples; targets of weighted classes are labels, not rows."""
    x, y = NETWORKS["samples"](graph, count, seed)
    if graph.loss.type == "CrossEntropy" and y.ndim == 2:
        y = np.random.default_rng(number).integers(0, graph.output_shape[0], count)
    return x, y


def trained(case: Any, module: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the network that the file's own loop has trained, in float64, with graphnn's random draws."""
    document, epoch, count = case.document["training"], iter(range(100)), len(case.training[0])
    state = {"epoch": -1, "step": 0}
    masks: list[Any] = []

    def order(samples: int) -> Any:
        state["epoch"], state["step"] = next(epoch), 0
        return torch.from_numpy(epoch_order(samples, document["seed"], state["epoch"]))

    def drop(layer: Any, x: Any) -> Any:
        if not layer.training:
            return (1 - layer.p) * x
        if not masks:
            masks.extend(case.masks(state["epoch"], state["step"], len(x)))
            state["step"] += 1
        return x * torch.from_numpy(masks.pop(0))

    monkeypatch.setattr(torch, "randperm", order)
    monkeypatch.setattr(torch.Tensor, "float", lambda tensor: tensor.double())
    if hasattr(module, "Dropout"):
        monkeypatch.setattr(module.Dropout, "forward", drop)
    network = module.load().double()
    for name, values in (("mean", case.offset), ("std", case.divisor)):  # not rounded to float32
        if hasattr(network, name):
            getattr(network, name).copy_(torch.tensor(values, dtype=torch.float64).view_as(getattr(network, name)))
    parts = [torch.from_numpy(each) for part in (case.training, case.validation) for each in part]
    watched = parts[2:] if "watched_x" in module.train.__code__.co_varnames else []
    assert len(parts[0]) == count
    return module.train(network, *parts[:2], *watched)


@pytest.mark.parametrize(
    "number", [*range(ORDINARY), *(pytest.param(each, marks=pytest.mark.long) for each in range(ORDINARY, ALL))]
)
def test_the_file_trains_as_graphnn_does(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in range(10):  # the first that can be said, and whose result rounding alone does not change
        case, module = made(number + 10_000 * other, tmp_path)
        far: dict[str, float] | None = None
        if module is None:
            continue
        with suppress(DivergenceError):
            far = differences(case, trained(case, module, monkeypatch))
        if far is None or (far and not COMPARISON["well_conditioned"](case, case.theirs(np.float64))):
            continue
        assert far == {}
        return
    pytest.fail("rounding errors change the result of ten documents in a row")


def differences(case: Any, network: Any) -> dict[str, float]:
    """Return by how much parameters differ from graphnn's, of those that do."""
    ours, theirs = case.ours("float64", "numpy"), network.state_dict()
    far = {}
    for name, inside in state_names(read_spec(case.file), case.graph).items():
        scale = max(1.0, float(np.abs(ours[name]).max()))
        difference = float(np.abs(theirs[inside].numpy() - ours[name]).max()) / scale
        if not difference < CLOSE:
            far[name] = difference
    return far


@pytest.mark.long
@pytest.mark.parametrize("name", [file.stem for file in sorted((ROOT / "models").glob("*.json"))])
def test_ten_steps_of_the_shipped_documents(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the document's own rates, and fewer samples in a batch; augmentations draw otherwise in both."""
    values = json.loads((ROOT / "models" / f"{name}.json").read_text(encoding="utf-8"))
    known = read_spec(ROOT / "models" / f"{name}.json")
    for key in ("$schema", "evaluation"):
        values.pop(key, None)
    size = 8 if known.training["batch_size"] < 1000 else 40
    values["data"] = {"dataset": "npz", "path": "none.npz", "normalize": known.data["normalize"]}
    values["training"] = {"epochs": 1, "batch_size": size, "seed": 3}
    case = COMPARISON["case"](tmp_path, values, first_values, NETWORKS["samples"], (10 * size, 4), 1)
    assert differences(case, trained(case, written(case, tmp_path), monkeypatch)) == {}


def first_values(graph: Any, number: int) -> dict[str, Any]:
    """Return the parameters that graphnn begins with."""
    images = np.random.default_rng(number).standard_normal((300, *graph.input_shape))
    return initialise(graph, number, images=images).named()
