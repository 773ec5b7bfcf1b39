"""Trains documents with graphnn and with PyTorch from the same values, and compares what is left."""

import json
import runpy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from graphnn.benchmark.layer_twins import check_twins
from graphnn.benchmark.task import with_any_weights
from graphnn.engine.plan import training_plan
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.kernels.channels import pixels
from graphnn.kernels.choice import KERNELS, kernels_named
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.context import empty_channels_last
from graphnn.model import model as model_module
from graphnn.model.model import Model
from graphnn.randomness import Purpose, generator
from graphnn.specification.spec import read_spec
from graphnn.storage.weights import save_weights
from graphnn.types import Array

REFERENCE: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("reference.py")))
EPSILON = float(np.finfo(np.float32).eps)
EXACT = 1e-10  # the largest difference in float64, relative to the largest value of an array
TIMES = 30  # how much further than PyTorch float32 may be from float64
FLOOR = 4 * EPSILON  # what PyTorch's distance counts as at least
SMALL = 1e-3  # what the size of an array counts as at least
KINK = 1e-6  # how near one may not be
Outcome = Mapping[str, Array]


@dataclass
class Case:
    """A document with data and initial values."""

    file: Path
    weights: Path
    graph: Graph
    document: Mapping[str, Any]
    arrays: Mapping[str, Array]
    training: tuple[Array, Array]
    validation: tuple[Array, Array]

    def ours(self, dtype: str, kernels: str, *, shaken: float = 0.0) -> dict[str, Array]:
        """Train with graphnn, in Python. shaken: the largest relative change of the inputs."""
        model = Model.from_document(self.file, dtype=dtype)
        model.load(self.weights)
        options = self.document["training"]
        with patch.object(model_module, "kernels_for", lambda *_: kernels_named(kernels)):
            history = model.fit(
                shake(self.training[0], shaken),
                self.training[1],
                options["batch_size"],
                options["epochs"],
                *self.validation,
                evaluate_every=1,
                threads=1,
            )
            outputs = model.predict(self.validation[0], threads=1)
        network = model._network
        assert network is not None
        losses = {"training": [each.training for each in history], "validation": [each.validation for each in history]}
        return {
            **network[1].named(),
            "outputs": outputs,
            **{f"{part} loss": np.array([each["loss"] for each in parts]) for part, parts in losses.items()},
        }

    def theirs(self, dtype: Any, *, shaken: float = 0.0) -> dict[str, Array]:
        """Train with PyTorch. shaken: the largest relative change of the inputs and initial values."""
        x, x_valid = (self.normalised(each[0]) for each in (self.training, self.validation))
        arrays = {name: shake(array.astype(np.float64), shaken) for name, array in self.arrays.items()}
        training = REFERENCE["Training"](self.graph, self.document, arrays, dtype, self.masks)
        with one_thread():
            found: dict[str, Array] = training.run(shake(x, shaken), self.training[1], x_valid, self.validation[1])
        return found

    def masks(self, epoch: int, step: int, count: int) -> list[Array]:
        """Return the mask that each Dropout draws for the samples of a step, piece by piece."""
        options, found = self.document["training"], []
        plan = training_plan(self.graph, options["batch_size"], NUMPY)
        for node in (node for node in self.graph.nodes if node.layer.type == "Dropout"):
            stage = next(stage for stage in plan.stages if any(each.index == node.index for each in stage.nodes))
            mask = empty_channels_last((count, *node.input_shape), np.float32)
            for number, piece in enumerate(chain.from_iterable(plan.pieces(stage, count))):
                rng = generator(options["seed"], Purpose.LAYER, epoch, step, node.index, number)
                draws = rng.random(pixels(mask[piece]).shape, np.float32)
                pixels(mask[piece])[...] = draws >= node.layer.settings()["rate"]
            found.append(np.ascontiguousarray(mask))
        return found

    def normalised(self, x: Array) -> Array:
        """Return the inputs as the document says they are normalised, in float64."""
        mode, whole = self.document["data"]["normalize"], self.training[0]
        axes = (0,) if mode == "per_feature" else (0, 2, 3) if whole.ndim == 4 else (0, 1)
        if mode == "none":
            return x
        mean, deviation = (getattr(whole, each)(axes, keepdims=True) for each in ("mean", "std"))
        normalised: Array = (x - mean) / deviation
        return normalised


def case(
    folder: Path, values: Mapping[str, Any], initial: Any, samples: Any, counts: tuple[int, int], number: int
) -> Case:
    """Write a document and its weights; make its data."""
    file, weights = folder / "net.json", folder / "net.npz"
    file.write_text(json.dumps(values), encoding="utf-8")
    spec = read_spec(file)
    graph = with_any_weights(build_graph(spec))
    check_twins(graph)
    arrays = initial(graph, number)
    save_weights(weights, arrays, {})
    training, validation = (samples(graph, count, number + 7 * part) for part, count in enumerate(counts))
    return Case(file, weights, graph, spec.resolved(), arrays, training, validation)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch use one thread; several take longer for arrays as small as these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def shake(array: Array, shaken: float) -> Array:
    """Return the array with random relative changes of at most `shaken`."""
    return array * (1 + shaken * np.random.default_rng(0).uniform(-1, 1, array.shape)) if shaken else array


def differences(found: Outcome, exact: Outcome) -> dict[str, float]:
    """Return the largest difference of each array, relative to the largest value of the exact one."""
    assert found.keys() == exact.keys()
    return {
        name: float(np.abs(found[name] - array).max() / max(np.abs(array).max(), SMALL))
        for name, array in exact.items()
    }


def distances(found: Outcome, exact: Outcome) -> dict[str, float]:
    """Return the root mean square of the differences of each array, relative to that of the exact one."""
    assert found.keys() == exact.keys()
    return {name: size(found[name] - array) / max(size(array), SMALL) for name, array in exact.items()}


def size(array: Array) -> float:
    return float(np.sqrt(np.mean(np.square(array, dtype=np.float64))))


def well_conditioned(case: Case, exact: Outcome) -> bool:
    """Whether the training does not diverge, rounding changes it little, and no kink, such as that of ReLU, is near.

    Where one is, a rounding error decides on its side, in PyTorch as here; what follows is no measure of precision.
    """
    if not all(np.isfinite(array).all() for array in exact.values()):
        return False
    if max(differences(case.theirs(np.float64, shaken=1e-15), exact).values()) > EXACT / 5:
        return False
    slopes = distances(case.theirs(np.float64, shaken=1e-11), exact)
    for shaken in (KINK, -KINK):
        jumps = distances(case.theirs(np.float64, shaken=shaken), exact)
        if any(not jump <= 4 * max(KINK / 1e-11 * slopes[name], KINK) for name, jump in jumps.items()):
            return False
    return True


def compare(case: Case, exact: Outcome, runs: int = 1) -> None:
    """Compare what graphnn computes, with both kernels: float64 exactly, float32 with PyTorch's distance from it.

    runs: the most in float32. A kink that is near, such as that of ReLU, throws some of them off, on either side; so
    there are further ones, of inputs that differ in the last bit, until the nearest of ours is near enough to the
    furthest of PyTorch's.
    """
    theirs: list[dict[str, float]] = []
    for kernels in KERNELS:
        double = differences(case.ours("float64", kernels), exact)
        assert {name: each for name, each in double.items() if not each <= EXACT} == {}, kernels
        ours: list[dict[str, float]] = []
        too_far: dict[str, float] = {}
        for run in range(runs):
            shaken = (-1) ** run * ((run + 1) // 2) * EPSILON
            if len(theirs) == run:
                theirs.append(distances(case.theirs(np.float32, shaken=shaken), exact))
            ours.append(distances(case.ours("float32", kernels, shaken=shaken), exact))
            found = {name: min(each[name] for each in ours) for name in exact}
            times = {name: found[name] / max(FLOOR, *(each[name] for each in theirs)) for name in exact}
            too_far = {name: each for name, each in times.items() if not each <= TIMES}
            if not too_far:
                break
        assert too_far == {}, kernels
