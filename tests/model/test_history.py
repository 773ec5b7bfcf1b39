"""The history of a model's fits: as a dictionary, a DataFrame, one line, and a table in notebooks."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from graphnn.errors import GraphError
from graphnn.model.history import FIRST_SHOWN, LAST_SHOWN, History
from graphnn.model.model import Model
from graphnn.training.history import Record

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]


def records(count: int) -> History:
    """Return a history in which every second epoch is validated."""
    return History(
        Record(
            epoch=epoch,
            training={"loss": 1 / epoch, "accuracy": 0.5, "top_5_accuracy": 1.0},
            validation={"loss": 2 / epoch, "accuracy": 0.25, "top_5_accuracy": 1.0} if epoch % 2 == 0 else None,
            learning_rate=0.1,
            seconds=1.0,
            images_per_second=100.0,
        )
        for epoch in range(1, count + 1)
    )


def test_columns_by_name() -> None:
    columns = records(3).to_dict()
    assert list(columns) == [
        *("epoch", "loss", "accuracy", "top_5_accuracy"),
        *("validation_loss", "validation_accuracy", "validation_top_5_accuracy"),
        *("learning_rate", "seconds", "images_per_second"),
    ]
    assert columns["epoch"] == [1, 2, 3]
    assert columns["loss"] == [1, 1 / 2, 1 / 3]
    assert columns["validation_loss"] == [None, 1, None]
    assert History().to_dict() == {}


def test_a_data_frame() -> None:
    pytest.importorskip("pandas")
    frame = records(3).to_dataframe()
    assert frame.shape == (3, 10)
    assert frame["validation_loss"].isna().tolist() == [True, False, True]
    assert frame.loc[1, "validation_loss"] == 1.0
    assert str(frame["validation_loss"].dtype) == "float64"


def test_without_pandas_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(GraphError, match=r"^to_dataframe needs pandas: \S+ -m pip install 'graphnn\[notebook\]'$"):
        records(3).to_dataframe()


def test_one_line() -> None:
    assert repr(History()) == "<History: no epoch yet>"
    assert repr(records(1)) == "<History: 1 epoch, the last with loss 1.0000 accuracy 50.00%>"
    assert repr(records(2)).endswith(
        "2 epochs, the last with loss 0.5000 accuracy 50.00%, validation loss 1.0000 accuracy 25.00%>"
    )


def test_the_table_of_a_notebook() -> None:
    html = records(3)._repr_html_()
    for shown in (">epoch</th>", ">validation accuracy</th>", ">learning rate</th>", ">0.3333</td>", ">25.00%</td>"):
        assert shown in html
    assert "top-5" not in html
    assert "images" not in html
    assert "no epoch yet" in History()._repr_html_()


def test_the_middle_of_a_long_history_is_left_out() -> None:
    most = FIRST_SHOWN + LAST_SHOWN + 1
    assert "left out" not in records(most)._repr_html_()
    html = records(most + 1)._repr_html_()
    assert "epochs 4 to 5 are left out" in html
    assert [f">{epoch}</td>" in html for epoch in (3, 4, 5, 6, 15)] == [True, False, False, True, True]


def test_fit_returns_a_history_and_the_model_keeps_that_of_all_fits(classifier: Classifier, blobs: Blobs) -> None:
    model = classifier()
    first, second = model.fit(*blobs(30), epochs=2), model.fit(*blobs(30))
    assert [type(each) for each in (first, second, model.history)] == [History] * 3
    assert model.history.to_dict()["epoch"] == [1, 2, 1]
    assert model.history == [*first, *second]
