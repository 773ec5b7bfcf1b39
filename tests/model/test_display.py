"""How a model is shown: repr, the table of a notebook, and the curves of its training."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from graphnn.errors import GraphError
from graphnn.layers.dense import Dense
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]


def test_a_model_in_one_line_at_each_stage(classifier: Classifier, blobs: Blobs) -> None:
    empty = Model(CrossEntropy(), SGD(), name="new")
    assert repr(empty) == "<Model new: no layers yet>"
    empty.add(Dense(3, input_shape=(2,)))
    assert repr(empty) == "<Model new: 1 layer, 2 → 3, not trained here>"
    whole = classifier()
    assert repr(whole) == "<Model model: 4 layers, 2 → 3, 51 parameters, not trained here>"
    whole.fit(*blobs(30))
    assert repr(whole) == "<Model model: 4 layers, 2 → 3, 51 parameters, 1 epoch trained>"


def test_a_notebook_shows_the_table_of_the_summary(classifier: Classifier) -> None:
    model = classifier(name="a <b>")
    html = model._repr_html_()
    assert "a &lt;b&gt;: 4 layers, 2 → 3, 51 parameters, not trained here</p>" in html
    for shown in ("dense_1", "8 units", "output", "Softmax", "24", "51"):
        assert f">{shown}</td>" in html
        assert shown in model.summary()
    assert ">trainable parameters</th>" in html


def test_a_notebook_shows_a_model_that_is_not_whole_yet_and_says_what_it_lacks() -> None:
    model = Model(CrossEntropy(), SGD(), name="half")
    assert "half: no layers yet</p>" in model._repr_html_()
    model.add(Dense(3, input_shape=(2,)))
    html = model._repr_html_()
    assert ">Dense</td>" in html
    assert "not a whole network yet: half: layers[0]: CrossEntropy needs Softmax as the last layer" in html


def test_the_curves_are_those_of_all_fits(classifier: Classifier, blobs: Blobs) -> None:
    pytest.importorskip("matplotlib")
    model = classifier()
    for _ in range(2):
        model.fit(*blobs(30), epochs=2)
    figure = model.plot()
    assert [axes.get_title("left") for axes in figure.axes] == ["loss", "accuracy", "learning rate"]
    (line,) = figure.axes[0].lines
    assert [*line.get_xdata()] == [1, 2, 3, 4]  # type: ignore[misc]
    assert [*line.get_ydata()] == model.history.to_dict()["loss"]  # type: ignore[misc]
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_without_epochs_or_matplotlib_there_are_no_curves(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(GraphError, match=r"^there are no curves to draw yet: fit first$"):
        classifier().plot()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(GraphError, match=r"needs matplotlib.*: \S+ -m pip install 'graphnn\[report\]'$"):
        classifier().plot()
