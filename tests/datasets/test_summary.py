"""What a data set shows of itself: one line, and a table in notebooks."""

import numpy as np

from graphnn.datasets.base import Dataset
from graphnn.datasets.loading import load


def test_a_published_data_set_in_one_line_and_as_a_table() -> None:
    digits = load("digits")
    assert repr(digits) == "<Dataset digits: 1,437 + 360 samples of 1×8×8 uint8, 10 classes>"
    html = digits._repr_html_()
    for shown in ("training", "1,437", "360", "1×8×8 uint8", "int64", "132 to 153", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"):
        assert f">{shown}</td>" in html


def test_targets_that_are_numbers() -> None:
    x, y = np.zeros((4, 3), np.float32), np.zeros((4, 2), np.float32)
    data = Dataset("mine", x, y, x[:1], y[:1], None)
    assert repr(data) == "<Dataset mine: 4 + 1 samples of 3 float32, 2 targets each>"
    assert ">2 float32</td>" in data._repr_html_()
    one = Dataset("mine", x, y[:, :1], x[:0], y[:0, :1], None)
    assert repr(one) == "<Dataset mine: 4 + 0 samples of 3 float32, 1 target each>"


def test_samples_of_a_class_where_several_may_be_true() -> None:
    x, y = np.zeros((4, 3), np.float32), np.array([[1, 0, 1], [1, 0, 0], [1, 0, 1], [1, 1, 1]], np.float32)
    html = Dataset("mine", x, y, x[:1], y[:1], ("a", "b", "c"))._repr_html_()
    assert ">1 to 4</td>" in html
    assert ">0 to 1</td>" in html


def test_many_classes_and_odd_names() -> None:
    x, y = np.zeros((40, 3), np.float32), np.arange(40)
    names = ("<script>", *(f"class {number}" for number in range(1, 40)))
    html = Dataset("mine", x, y, x[:0], y[:0], names)._repr_html_()
    assert "&lt;script&gt;, class 1, " in html
    assert "class 11 and 28 more</td>" in html
    assert ">1</td>" in html  # each class has one sample
    assert "<script>" not in html
