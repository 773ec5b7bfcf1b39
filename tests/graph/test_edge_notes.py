"""The note about rows and columns of images that no window looks at."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.graph.build import build_graph
from graphnn.graph.edge_notes import edge_note, left_out
from graphnn.graph.graph import chain
from graphnn.layers.average_pooling_2d import AveragePooling2D
from graphnn.layers.base import Layer
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.specification.spec import read_spec, spec_from_values

ROOT = Path(__file__).parents[2]


def unseen(layer: Layer, height: int, width: int) -> tuple[int, int]:
    """Return how many rows and columns at the end change nothing of the output, found by changing them."""
    built, x = layer.build((1, height, width), dtype=np.float64), np.zeros((1, 1, height, width))
    before = built.forward(x)
    rows = [row for row in range(height) if (built.forward(x + (np.arange(height) == row)[:, None]) != before).any()]
    columns = [column for column in range(width) if (built.forward(x + (np.arange(width) == column)) != before).any()]
    return height - 1 - max(rows), width - 1 - max(columns)


LAYERS = [
    *(MaxPooling2D(size, strides) for size, strides in product((2, 3, (2, 3)), (None, 1, 2))),
    AveragePooling2D((3, 2)),
    AveragePooling2D(3, (1, 2)),
    ReLU(),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("size", [(6, 7), (7, 8), (9, 11), (5, 5)])
def test_they_are_those_that_change_nothing(layer: Layer, size: tuple[int, int]) -> None:
    if isinstance(layer, MaxPooling2D) and layer.window.strides > layer.window.kernel:
        pytest.skip("it skips pixels between windows")
    (node,) = chain([("one", layer)], (1, *size), MeanSquaredError()).nodes
    assert left_out(node) == ((0, 0) if isinstance(layer, ReLU) else unseen(layer, *size))


def said(*layers: Any, shape: tuple[int, ...] = (1, 7, 7)) -> str | None:
    """Return the note on a document of these layers."""
    spec = spec_from_values(
        {
            "input": {"shape": list(shape)},
            "layers": [*layers, {"type": "Flatten"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}],
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "SGD"},
            "data": {"dataset": "npz", "path": "mine.npz"},
            "training": {"epochs": 1},
        },
        "net",
    )
    found = edge_note(spec, build_graph(spec))
    return None if found is None else str(found)


POOL = {"type": "MaxPooling2D"}


def test_it_is_in_words() -> None:
    assert said(POOL) == (
        "net: layers[0]: windows of 2×2 in steps of 2×2 do not look at the last row and column of 7×7. PyTorch and "
        "Keras do the same; Caffe would give 4×4 here, not 3×3. Where it is meant, a description of the layer says so "
        "and ends this note"
    )
    text = said({**POOL, "name": "uneven", "pool_size": 3, "strides": [3, 2]}, shape=(1, 8, 9))
    assert text is not None
    assert 'layers[0] "uneven": windows of 3×3 in steps of 3×2 do not look at the last 2 rows of 8×9' in text
    assert "would give 3×4 here, not 2×4" in text
    assert "last 2 rows and columns of 8×8" in str(said({"type": "MaxPooling2D", "pool_size": 3}, shape=(1, 8, 8)))
    assert "last row and last 2 columns of 7×8" in str(said({**POOL, "pool_size": [2, 3]}, shape=(1, 7, 8)))
    assert "last column of 8×7" in str(said(POOL, shape=(1, 8, 7)))


def test_there_is_one_for_the_whole_document() -> None:
    text = said(*[POOL] * 2, shape=(1, 15, 15))
    assert text is not None
    assert 'of 15×15; so do "maxpooling2d_2". PyTorch' in text
    assert '"maxpooling2d_2", "maxpooling2d_3", "maxpooling2d_4" and 1 more. ' in str(
        said(*[POOL] * 5, shape=(1, 63, 63))
    )


@pytest.mark.parametrize(
    "layer",
    [
        {**POOL, "description": "7×7 to 3×3"},
        {"type": "Conv2D", "filters": 2, "strides": 2, "padding": "valid", "kernel_size": 2},  # as in every library
        {"type": "Repeat", "times": 1, "layers": [POOL], "description": "7×7 to 3×3"},
        {**POOL, "pool_size": 7},
        {"type": "Residual", "layers": [{"type": "Conv2D", "filters": 1}]},
    ],
)
def test_what_is_meant_or_sees_everything_gets_none(layer: Any) -> None:
    assert said(layer) is None


@pytest.mark.parametrize("file", sorted((ROOT / "models").glob("*.json")), ids=lambda file: file.stem)
def test_shipped_documents_get_none(file: Path) -> None:
    spec = read_spec(file)
    assert edge_note(spec, build_graph(spec)) is None


def test_inspect_says_it_and_training_does_not(graphnn: Any, tmp_path: Path, document: Path) -> None:
    text = document.read_text().replace("[64]", "[1, 8, 8]")
    pool = '"layers": [{"type": "MaxPooling2D", "pool_size": 3}, {"type": "Flatten"}, '
    document.write_text(text.replace('"layers": [', pool, 1))
    assert "do not look at the last 2 rows and columns of 8×8" in graphnn("inspect", document).stderr
    assert graphnn("train", document, "--dry-run", "--quiet").stderr == ""
