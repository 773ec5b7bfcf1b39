"""The figures of a finished run on parts that it was not measured on are those that it would have had."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import DivergenceError
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.measuring import measure
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.store import store_of
from graphnn.storage.weights import WeightsFile, load_weights

Train = Callable[..., tuple[int, str, str]]


def run_of(document: Path) -> RunFolder:
    """Return the latest run beside a document."""
    return store_of(document).runs()[-1]


def measured(document: Path, part: str, *, weights: WeightsFile | None = None, **options: Any) -> RunFacts:
    """Measure the latest run on a part and return its facts."""
    run = run_of(document)
    settings = {"data_dir": None, "limit": None, "threads": 1, "kernels": "numpy", **options}
    spec = read_document(DocumentSource(document))
    measure(run, weights or load_weights(run.weights), spec, part, **settings)
    return run.facts()


def test_figures_measured_later_are_equal_to_the_last_bit(document: Path, small: dict[str, Any], train: Train) -> None:
    """With averaged weights of the best epoch, which is not the last, and with views."""
    small["input"]["shape"] = [1, 8, 8]
    small["layers"].insert(0, {"type": "Flatten"})
    small["training"] |= {"keep_best": "validation_loss", "averaging": {"type": "exponential", "decay": 0.5}}
    small["optimizer"]["learning_rate"] = 0.3
    small["training"]["epochs"] = 5
    small["evaluation"] = {"test_time_augmentation": "flip"}
    document.write_text(json.dumps(small))
    assert train("--quiet", "--limit", "300", "--kernels", "numpy")[0] == 0
    whole = run_of(document).facts()
    assert train("--quiet", "--no-test", "--limit", "300", "--kernels", "numpy")[0] == 0
    validated = run_of(document).facts()
    assert set(whole.figures) == {"training", "validation", "test", "test with flip"}
    assert set(validated.figures) == {"training", "validation", "validation with flip"}
    assert validated.figures["validation"] == whole.figures["validation"]
    both = measured(document, "test", limit=300)
    assert both.figures == {**whole.figures, **validated.figures}
    assert replace(both, figures=validated.figures) == validated
    again = replace(validated, figures={"training": validated.figures["training"]})
    again.save(run_of(document).facts_file)
    assert measured(document, "validation", limit=300).figures == validated.figures


def test_a_figure_that_is_not_finite_is_not_recorded(trained: Path) -> None:
    run = run_of(trained)
    before = run.facts_file.read_bytes()
    file = load_weights(run.weights)
    wild = replace(file, arrays={key: np.full_like(array, 1e38) for key, array in file.arrays.items()})
    with pytest.raises(DivergenceError, match="over the test part, after the last epoch"):
        measured(trained, "test", weights=wild)
    assert run.facts_file.read_bytes() == before
