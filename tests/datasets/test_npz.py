"""The user's own arrays, and every way they can be wrong."""

import zipfile

import numpy as np
import pytest

from graphnn.datasets import targets
from graphnn.datasets.loading import load
from graphnn.errors import DataError
from graphnn.metrics.outputs import YesOrNo


def load_from(path):
    return load("npz", path=path)


def test_vectors_and_labels(write_npz):
    data = load_from(write_npz())
    assert data.name == "own"
    assert data.x_train.shape == (6, 4)
    assert data.x_train.dtype == np.float32
    assert data.y_train.dtype == np.int64
    assert data.y_test.tolist() == [2, 1, 0]
    assert data.classes == ("0", "1", "2")


def test_classes_reach_to_the_largest_label_of_both_parts(write_npz):
    assert load_from(write_npz(y_test=np.array([0, 4, 1], np.uint8))).classes == ("0", "1", "2", "3", "4")


def test_there_may_be_a_million_classes_and_no_more(write_npz, monkeypatch):
    monkeypatch.setattr(targets, "MOST_CLASSES", 5)
    assert len(load_from(write_npz(y_test=np.array([0, 4, 1]))).classes) == 5
    with pytest.raises(DataError, match=r"y_test\[1\] is 5; number the classes 0, 1, 2, … without gaps"):
        load_from(write_npz(y_test=np.array([0, 5, 1])))


def test_class_names_are_used(write_npz):
    names = np.array(["rose", "tulip", "lily", "unseen"])
    assert load_from(write_npz(class_names=names)).classes == ("rose", "tulip", "lily", "unseen")


def test_class_names_may_be_bytes(write_npz):
    names = np.char.encode(["rose", "tulip", "Blümchen"], "utf-8")
    assert load_from(write_npz(class_names=names)).classes == ("rose", "tulip", "Blümchen")
    with pytest.raises(DataError, match=r"class_names holds .*, which is no text in UTF-8"):
        load_from(write_npz(class_names=np.array([b"a", b"\xff", b"c"])))


def test_class_names_of_answers_of_yes_or_no(write_npz):
    y = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]], np.uint8)
    several = write_npz(y_train=y, y_test=y[:3], class_names=np.array(["sun", "wind", "rain"]))
    data = load("npz", path=several, outputs=YesOrNo)
    assert (data.classes, data.y_train.shape) == (("sun", "wind", "rain"), (6, 3))
    one = {"y_train": y[:, 0] / 1, "y_test": y[:3, 0] / 1}
    assert load("npz", path=write_npz(**one, class_names=["dry", "wet"]), outputs=YesOrNo).classes == ("dry", "wet")
    with pytest.raises(DataError, match="class_names holds 1 name, where one for each of no and yes is needed"):
        load("npz", path=write_npz(**one, class_names=["wet"]), outputs=YesOrNo)


def test_images_stand_in_channels_last_memory(write_npz):
    x = np.arange(6 * 2 * 3 * 5).reshape(6, 2, 3, 5).astype(np.uint8)
    data = load_from(write_npz(x_train=x, x_test=x[:3]))
    np.testing.assert_array_equal(data.x_train, x)
    assert data.x_train.dtype == np.uint8
    assert data.x_train.transpose(0, 2, 3, 1).flags.c_contiguous


@pytest.mark.parametrize("dtype", [np.int64, np.float16, ">f8"])
def test_other_numbers_become_float32(write_npz, dtype):
    x = np.arange(24).reshape(6, 4).astype(dtype)
    data = load_from(write_npz(x_train=x, x_test=x[:3]))
    assert data.x_train.dtype == np.dtype(np.float32)
    np.testing.assert_array_equal(data.x_train, x)


@pytest.mark.parametrize("columns", [None, 1, 3])
def test_floats_are_targets(write_npz, columns):
    y = np.linspace(-1, 1, 6 * (columns or 1)).reshape(6, columns) if columns else np.linspace(-1, 1, 6)
    data = load_from(write_npz(y_train=y, y_test=y[:3]))
    assert data.classes is None
    assert data.y_train.dtype == np.float32
    np.testing.assert_array_equal(data.y_train, y.astype(np.float32).reshape(6, -1))
    assert data.y_test.shape == (3, columns or 1)


def test_other_arrays_are_left_alone(write_npz):
    assert load_from(write_npz(notes=np.array([{"a": 1}], dtype=object))).x_test.shape == (3, 4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_test": None}, 'no array "x_test"; it has x_train, y_train, y_test'),
        ({"y_train": None, "y_trian": np.zeros(6)}, 'no array "y_train"; did you mean "y_trian"?'),
        ({"x_train": np.zeros(6)}, "x_train is 6, where N×F (vectors) or N×C×H×W (images) is needed"),
        ({"x_train": np.zeros((6, 1, 1, 2, 2))}, "x_train is 6×1×1×2×2, where"),
        ({"x_train": np.zeros((0, 4))}, "x_train is 0×4, where"),
        ({"x_test": np.array(3.0)}, "x_test is a single value, where"),
        ({"x_train": np.zeros((6, 4), complex)}, "x_train is of complex128, where"),
        ({"x_train": np.full((6, 4), "a")}, "x_train is of <U1, where"),
        ({"y_test": np.array(["a", "b", "c"])}, "y_test is of <U1, where integers (labels) or floats (targets)"),
        ({"y_test": np.zeros((3, 2), int)}, "y_test is 3×2, but row 0 is not one-hot"),
        ({"y_test": np.array(1)}, "y_test is a single value, where N labels, or targets"),
        ({"y_test": np.array([0, -2, 1])}, "y_test[1] is -2, but labels count from 0"),
        ({"y_test": np.array([0, 20_230_101, 1])}, "y_test[1] is 20230101; number the classes 0, 1, 2, … without gaps"),
        ({"y_train": np.zeros(6), "y_test": np.zeros(3, bool)}, "y_train is of float64, but y_test"),
        (
            {"y_train": np.zeros((6, 2, 2)), "y_test": np.zeros((3, 2, 2))},
            "y_train is 6×2×2, where N labels, or targets of N or N×K, are needed",
        ),
        ({"y_train": np.zeros(6)}, "y_train is of float64, but y_test of int64: labels or targets?"),
        ({"y_train": np.zeros((6, 2)), "y_test": np.zeros((3, 3))}, "y_train is 6×2, but y_test 3×3"),
        ({"y_train": np.zeros(5, int)}, "x_train has 6 samples, but y_train 5"),
        ({"x_test": np.zeros((3, 5))}, "x_train is 6×4, but x_test 3×5"),
        (
            {"x_test": np.zeros((3, 4), np.uint8)},
            "x_train is of float64, but x_test of uint8; store both in one type and range",
        ),
        ({"class_names": np.array(["a", "b"])}, "class_names names 2 classes, but the labels go up to 2"),
        ({"class_names": np.array(["a", "b", "a"])}, "class_names holds a name twice"),
        ({"class_names": np.arange(3)}, "class_names is 3 of int64, where a row of strings is needed"),
        ({"x_train": np.array([{}] * 6)}, 'array "x_train" cannot be read: it holds pickled Python objects'),
    ],
)
def test_wrong_arrays_are_told(write_npz, changed, message):
    path = write_npz(**changed)
    with pytest.raises(DataError) as caught:
        load_from(path)
    assert message in str(caught.value)
    assert all(str(problem).startswith(f"{path}: ") for problem in caught.value.problems)


def test_all_problems_are_told_at_once(write_npz):
    with pytest.raises(DataError) as caught:
        load_from(write_npz(x_train=np.zeros(6), y_test=np.array([0, -1])))
    assert len(caught.value.problems) == 4  # x_train's shape, the label, its number, and x_train against x_test


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
@pytest.mark.parametrize("key", ["x_train", "x_test", "y_test"])
def test_values_that_are_not_finite_are_found(write_npz, key, value):
    arrays = {"x_train": np.zeros((6, 4)), "x_test": np.zeros((3, 4)), "y_train": np.zeros(6), "y_test": np.zeros(3)}
    arrays[key].reshape(-1)[-2:] = value
    with pytest.raises(DataError, match=rf"{key}\[[\d, ]+\] is .*, not a finite float32; 2 values are not"):
        load_from(write_npz(**arrays))


def test_path_is_needed():
    with pytest.raises(DataError, match=r'"npz" needs a path: set data.path'):
        load("npz")


def test_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"absent\.npz: no such file; data\.path is relative to the document"):
        load_from(tmp_path / "absent.npz")


@pytest.mark.parametrize(
    ("there", "asked", "meant"),
    [
        (["mydata.npz", "other.npz"], "mydata", "mydata.npz"),
        (["MyData.npz"], "mydata.npz", "MyData.npz"),
        (["mydata.NPZ"], "mydata.npz", "mydata.NPZ"),
        (["mydata.npz.npz", "net.npz"], "mydata.npz", "mydata.npz.npz"),
        (["my_data.npz", "weights.npz"], "mydata.npz", "my_data.npz"),
        (["mydata.npz"], "mydata.npy", "mydata.npz"),
        (["mydata.npz"], "mydata.csv", "mydata.npz"),
    ],
)
def test_file_that_may_be_meant_is_named(tmp_path, there, asked, meant):
    for name in (*there, "net.json", "mydata.txt"):
        (tmp_path / name).touch()
    with pytest.raises(DataError) as caught:
        load_from(tmp_path / asked)
    assert str(caught.value) == (
        f'{tmp_path / asked}: no such file; did you mean "{meant}"? data.path is relative to the document'
    )


def test_folder_that_may_be_meant_is_named(tmp_path):
    for name in ("mydata", "mypictures"):
        (tmp_path / name).mkdir()
    np.save(tmp_path / "mydata" / "x.npy", np.zeros(3))
    for asked, meant in (("mydta", '; did you mean "mydata"?'), ("mypicture", ";")):
        with pytest.raises(DataError) as caught:
            load_from(tmp_path / asked)
        assert str(caught.value) == f"{tmp_path / asked}: no such file{meant} data.path is relative to the document"


def test_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(DataError) as caught:
        load_from(tmp_path / "absent" / "own.npz")
    assert str(caught.value).startswith(f"{tmp_path / 'absent' / 'own.npz'}: no such file, nor a folder {tmp_path}")


def test_folder_without_arrays_is_told(tmp_path):
    with pytest.raises(DataError, match=r"a folder without \.npy files; x_train\.npy, y_train\.npy and so on"):
        load_from(tmp_path)


def test_single_array_is_told(tmp_path):
    np.save(tmp_path / "own.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"a single \.npy array, where an \.npz archive of named arrays is needed"):
        load_from(tmp_path / "own.npy")


def test_arrays_without_names_are_told(tmp_path):
    np.savez(tmp_path / "own.npz", np.zeros((3, 2)), np.zeros(3, int))
    with pytest.raises(DataError) as caught:
        load_from(tmp_path / "own.npz")
    assert str(caught.value) == (
        f"{tmp_path / 'own.npz'}: its arrays have no names, but arr_0, arr_1; store them with their names: "
        "np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)"
    )


@pytest.mark.parametrize(("name", "reader"), [("a.mat", "scipy.io.loadmat"), ("a.H5", "h5py.File"), ("a.bin", None)])
def test_files_of_other_formats_are_told_with_what_reads_them(tmp_path, name, reader):
    (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(DataError) as caught:
        load_from(tmp_path / name)
    advice = f"; read it by {reader}, and store its arrays by np.savez(file, x_train=…, y_train=…, x_test=…, y_test=…)"
    assert str(caught.value) == (
        f"{tmp_path / name}: not an .npz archive (File is not a zip file){advice if reader else ''}"
    )


def test_archive_without_arrays_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "own.npz", "w"):
        pass
    with pytest.raises(DataError, match='no array "x_train"; it has none at all'):
        load_from(tmp_path / "own.npz")
