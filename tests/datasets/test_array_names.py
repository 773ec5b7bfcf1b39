"""The array that may be meant where a key is missing."""

import numpy as np
import pytest

from graphnn.datasets.array_names import suggested
from graphnn.datasets.loading import load
from graphnn.errors import DataError

KEYS = ("x_train", "y_train", "x_test", "y_test")
SCHEMES = [
    "trainx trainy testx testy",
    "xtrain ytrain xtest ytest",
    "X_train Y_train X_test Y_test",
    "train_x train_y test_x test_y",
    "TrainX TrainY TestX TestY",
    "train_images train_labels test_images test_labels",
    "images_train labels_train images_test labels_test",
    "train-data train-targets test-data test-targets",
    "trainImages trainLabels valImages valLabels",
    "x_training y_training x_validation y_validation",
    "train_features train_classes eval_features eval_classes",
    "x_tr y_tr x_te y_te",
    "x_trian y_trian x_tset y_tset",
]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("order", [1, -1])
def test_the_array_of_the_same_meaning_is_suggested(scheme: str, order: int) -> None:
    names = scheme.split()
    expected = {key: f'; did you mean "{name}"?' for key, name in zip(KEYS, names, strict=True)}
    assert suggested(KEYS[::order], names[::order]) == expected
    assert suggested(KEYS, [*names, "extra", "weights"][::order]) == expected
    for key, name in zip(KEYS, names, strict=True):
        others = [other for other in names if other != name]
        assert key not in suggested([key], others), "another array is taken for it"


def test_no_array_is_suggested_twice() -> None:
    assert suggested(["x_train", "x_test"], ["x_tran"]) == {"x_train": '; did you mean "x_tran"?'}
    assert suggested(["y_train", "y_test"], ["labels"]) == {}
    assert suggested(["x_train", "y_train"], ["train"]) in (
        {"x_train": '; did you mean "train"?'},
        {"y_train": '; did you mean "train"?'},
        {},
    )


def test_of_two_with_the_same_meaning_the_one_spelt_alike_is_suggested() -> None:
    assert suggested(["x_train"], ["train_images", "train_x"]) == {"x_train": '; did you mean "train_x"?'}


def test_arrays_that_are_there_are_listed_where_none_is_meant(write_npz) -> None:
    path = write_npz(x_train=None, y_test=None, train_images=np.zeros((6, 4)), weights=np.zeros(3))
    with pytest.raises(DataError) as caught:
        load("npz", path=path)
    assert str(caught.value.problems[0]) == f'{path}: no array "x_train"; did you mean "train_images"?'
    assert str(caught.value.problems[1]) == (
        f'{path}: no array "y_test"; it has y_train, x_test, train_images, weights'
    )
