"""Weights fitted to a network: what is refused, noted and put in another order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.document.document import parse_document
from graphnn.errors import WeightsError
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.importing.weights.fitted_weights import FittedWeights, fitted_weights
from graphnn.specification.spec import make_spec

safetensors = pytest.importorskip("safetensors.numpy")


def graph_of(*layers: dict[str, Any], shape: list[int] | None = None) -> Graph:
    document = {
        "input": {"shape": shape or [3, 4, 4]},
        "layers": layers,
        "loss": {"type": "MeanSquaredError"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "x.npz"},
        "training": {"epochs": 1},
    }
    return build_graph(make_spec(parse_document(json.dumps(document)), (), {}))


def fitted(folder: Path, graph: Graph, arrays: dict[str, Any], **more: Any) -> FittedWeights:
    file = folder / "w.safetensors"
    safetensors.save_file({name: np.asarray(each, np.float32, order="C") for name, each in arrays.items()}, str(file))
    return fitted_weights(file, graph, option="--init-map", **more)


def norm(name: str, size: int) -> dict[str, Any]:
    return {f"{name}.{part}": np.ones(size) for part in ("weight", "bias", "running_mean", "running_var")}


CONV, NORM = {"type": "Conv2D", "filters": 2, "use_bias": False}, {"type": "BatchNormalization"}
FLAT = ({"type": "Flatten"}, {"type": "Dense", "units": 2})


def test_folded_normalisations_are_told_of(tmp_path: Path) -> None:
    graph = graph_of(CONV, NORM, *FLAT)
    arrays = {
        "c.weight": np.ones((2, 3, 3, 3)),
        "c.bias": np.ones(2),
        "d.weight": np.ones((2, 32)),
        "d.bias": np.ones(2),
    }
    with pytest.raises(WeightsError, match=r"w.safetensors: has no batch normalisation: exporting has folded it"):
        fitted(tmp_path, graph, arrays)


def test_biases_that_the_network_lacks_are_told_of(tmp_path: Path) -> None:
    graph = graph_of(CONV, *FLAT)
    arrays = {
        "c.weight": np.ones((2, 3, 3, 3)),
        "c.bias": np.ones(2),
        "d.weight": np.ones((2, 32)),
        "d.bias": np.ones(2),
    }
    found = fitted(tmp_path, graph, arrays)
    assert not found.complete
    assert found.lines(whole=False)[-1] == (
        '"conv2d_1" has no biases, but c.bias in the file is not 0: write "use_bias": true'
    )
    arrays["c.bias"] = np.zeros(2)
    assert fitted(tmp_path, graph, arrays).complete


def test_an_epsilon_that_is_not_the_default_there_is_noted(tmp_path: Path) -> None:
    arrays = {"c.weight": np.ones((2, 3, 3, 3)), **norm("n", 2), "d.weight": np.ones((2, 32)), "d.bias": np.ones(2)}
    assert fitted(tmp_path, graph_of(CONV, NORM, *FLAT), arrays).notes == ()
    other = graph_of(CONV, {**NORM, "epsilon": 0.1}, *FLAT)
    (note,) = fitted(tmp_path, other, arrays).notes
    assert note == (
        'the epsilon of "batchnormalization_1" is 0.1 here; the file does not say it, and where it was made it is '
        '1e-05 by default: write "epsilon": 1e-05 unless it was set'
    )


@pytest.mark.parametrize("flat", [False, True])
def test_vectors_of_images_with_channels_last_are_put_in_our_order(tmp_path: Path, flat: bool) -> None:
    kernel = np.arange(48 * 2).reshape(4, 4, 3, 2)  # row, column, channel, unit
    arrays = {"d/kernel": kernel.reshape(48, 2), "d/bias": np.zeros(2)}
    graph = graph_of(*FLAT[flat:], shape=[48] if flat else [3, 4, 4])
    found = fitted(tmp_path, graph, arrays, data_shape=(3, 4, 4) if flat else None)
    weights = found.arrays["dense_1/weights"].reshape(2, 3, 4, 4)
    assert weights[1, 2, 3, 0] == kernel[3, 0, 2, 1]
    np.testing.assert_array_equal(weights, kernel.transpose(3, 2, 0, 1))


def test_a_normalisation_of_such_a_vector_is_put_in_our_order_too(tmp_path: Path) -> None:
    graph = graph_of({"type": "Flatten"}, {**NORM, "epsilon": 0.001}, {"type": "Dense", "units": 2})
    values = np.arange(48).reshape(4, 4, 3)
    arrays = {
        **{f"n/{part}": values.reshape(48) for part in ("gamma", "beta", "moving_mean", "moving_variance")},
        "d/kernel": np.ones((48, 2)),
        "d/bias": np.zeros(2),
    }
    found = fitted(tmp_path, graph, arrays)
    expected = values.transpose(2, 0, 1).reshape(48)
    for name in ("gamma", "beta", "running_mean", "running_variance"):
        np.testing.assert_array_equal(found.arrays[f"batchnormalization_1/{name}"], expected)


def test_nothing_that_fits_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nothing in it fits the network\n  \"a.weight\", 7×7, is in the file"):
        fitted(tmp_path, graph_of(*FLAT), {"a.weight": np.ones((7, 7))})


DROPPED: list[dict[str, Any]] = [{"type": "Flatten"}, {"type": "Dropout", "rate": 0.2}, {"type": "Dense", "units": 2}]


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (
            DROPPED,
            ['if "dropout_1" was in the training of these weights, write {"type": "Scale", "factor": 1.25} aft'],
        ),
        ([*DROPPED, {"type": "Dropout", "rate": 0.5}], ['"factor": 1.25} after it, and one after each of 1 other']),
        ([*DROPPED[:2], {"type": "Scale", "factor": 1.25}, DROPPED[2]], []),
        ([DROPPED[0], {"type": "Dropout", "rate": 0}, DROPPED[2]], []),
    ],
)
def test_dropout_that_other_libraries_undo_in_training(layers: list[Any], said: list[str], tmp_path: Path) -> None:
    found = fitted(tmp_path, graph_of(*layers), {"d.weight": np.ones((2, 48)), "d.bias": np.ones(2)})
    notes = [note for note in found.notes if note.startswith("Dropout here multiplies by 1 − rate in inference")]
    assert len(notes) == len(said)
    assert all(part in note for part, note in zip(said, notes, strict=True))
