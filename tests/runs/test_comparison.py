"""The trainings that a comparison takes, before any begins."""

import json
from pathlib import Path

import numpy as np

from graphnn.datasets.digest import TEST, TRAINING, digest
from graphnn.runs.comparison import ComparisonRequest, planned
from graphnn.runs.reading import DocumentSource
from graphnn.runs.store import RunStore
from graphnn.specification.variants import Variant

DOCUMENT = {
    "input": {"shape": [4]},
    "layers": [{"type": "Dense", "units": 2}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGD"},
    "data": {"dataset": "npz", "path": "a.npz", "validation_split": 0.5},
    "training": {"epochs": 1, "seed": 3},
}


def test_each_variant_has_the_digest_of_its_data(tmp_path: Path) -> None:
    """Two files, of which the second is read for two of three variants."""
    (tmp_path / "net.json").write_text(json.dumps(DOCUMENT))
    y = np.arange(6) % 2
    x = {name: np.full((6, 4), value, np.float32) for name, value in (("a", 0.5), ("b", 0.25))}
    for name, values in x.items():
        np.savez(tmp_path / f"{name}.npz", x_train=values, y_train=y, x_test=values, y_test=y)
    other = (f"data.path={json.dumps(str(tmp_path / 'b.npz'))}",)
    request = ComparisonRequest(
        document=DocumentSource(tmp_path / "net.json"),
        variants=(Variant("one"), Variant("two", other), Variant("three", (*other, "training.epochs=2"))),
        store=RunStore(tmp_path / "net.runs"),
        seeds=(1, 2),
    )
    found = [
        (one.variant.name, one.seed, one.settings.data[TRAINING], one.settings.data[TEST]) for one in planned(request)
    ]
    data = {"one": digest(x["a"], y), "two": digest(x["b"], y), "three": digest(x["b"], y)}
    assert found == [(name, seed, data[name], data[name]) for name in ("one", "two", "three") for seed in (1, 2)]
