"""Weights files: exact round trips, clear errors, and matching with a network's parameters."""

import io
import json
import os
import stat

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphnn.errors import WeightsError
from graphnn.initializers.constant import zeros
from graphnn.parameters.parameter import Parameter, Role
from graphnn.parameters.parameters import Parameters
from graphnn.storage.archives import Archive, write_archive
from graphnn.storage.weights import assign, compare, load_meta, load_weights, non_finite, save_weights

ARRAYS = {
    "conv1/weights": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "conv1/biases": np.array([0.5, -0.25], np.float32),
    "file/weights": np.float32([[1.5]]),
    "__meta__/gamma": np.float32([2.0]),
}
META = {"classes": ["cat", "größer"], "metrics": {"epochs": 3, "test": {"accuracy": 0.75}}, "normalisation": None}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.npz"
    save_weights(path, ARRAYS, META)
    return path


def same(found, expected):
    assert list(found) == list(expected)
    for key, array in expected.items():
        assert found[key].dtype == np.float32
        np.testing.assert_array_equal(found[key], array)


def plain(path, **arrays):
    with path.open("wb") as file:
        write_archive(file, arrays)
    return path


def test_arrays_and_meta_come_back(path):
    file = load_weights(path)
    same(file.arrays, ARRAYS)
    assert file.meta == {"format_version": 2, **META}
    assert file.note is None
    assert file.path == path


def test_file_is_an_uncompressed_npz_that_numpy_reads(path):
    with np.load(path, allow_pickle=False) as loaded:
        assert list(loaded) == [*ARRAYS, "__meta__"]
        assert json.loads(loaded["__meta__"].tobytes().decode())["classes"] == ["cat", "größer"]
        assert loaded["__meta__"].dtype == np.uint8
    assert ARRAYS["conv1/weights"].tobytes() in path.read_bytes()


def test_name_is_taken_as_it_is_and_may_be_text(tmp_path):
    save_weights(str(tmp_path / "net.weights"), ARRAYS, {})
    assert [file.name for file in tmp_path.iterdir()] == ["net.weights"]
    same(load_weights(str(tmp_path / "net.weights")).arrays, ARRAYS)


def test_equal_weights_give_equal_bytes(path, tmp_path):
    turned = {key: np.asfortranarray(array) for key, array in ARRAYS.items()}
    save_weights(tmp_path / "again.npz", turned, META)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(array=hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0)), key=st.text())
def test_any_array_under_any_key_comes_back_or_is_refused(tmp_path, monkeypatch, array, key):
    monkeypatch.setattr("os.fsync", lambda descriptor: None)  # a tenth of a second each, on some disks
    path = tmp_path / "any.npz"
    if "\0" in key or "\\" in key:
        with pytest.raises(WeightsError, match="cannot be the name of an array"):
            save_weights(path, {f"layer{key}/weights": array}, {})
        return
    save_weights(path, {f"layer{key}/weights": array}, {})
    found = load_weights(path).arrays[f"layer{key}/weights"]
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


def test_numpy_numbers_and_non_finite_metrics_become_json(tmp_path):
    meta = {"loss": np.float32(0.5), "counts": np.arange(2), "r2": float("nan"), "best": (np.int64(3), float("inf"))}
    save_weights(tmp_path / "net.npz", {}, meta)
    read = load_weights(tmp_path / "net.npz").meta
    assert read == {"format_version": 2, "loss": 0.5, "counts": [0, 1], "r2": None, "best": [3, None]}


def test_key_meta_is_refused(tmp_path):
    with pytest.raises(WeightsError, match='a parameter cannot be called "__meta__"'):
        save_weights(tmp_path / "net.npz", {"__meta__": np.zeros(1)}, {})
    assert list(tmp_path.iterdir()) == []


def test_key_that_an_npz_cannot_hold_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"net\.npz: 'a\\x00/weights' cannot be the name of an array"):
        save_weights(tmp_path / "net.npz", {"a\0/weights": np.zeros(1)}, {})
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_missing_is_told(tmp_path):
    with pytest.raises(WeightsError, match=r"net\.npz: cannot be written: No such file or directory"):
        save_weights(tmp_path / "absent" / "net.npz", ARRAYS, META)


def test_full_disk_leaves_the_old_weights_and_nothing_else(path, tmp_path, monkeypatch):
    before = path.read_bytes()

    def full(*arguments, **settings):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.lib.format.write_array", full)
    with pytest.raises(WeightsError, match="cannot be written: No space left on device"):
        save_weights(path, {}, {})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["net.npz"]


def test_permissions_are_those_of_any_new_file(path, tmp_path):
    (tmp_path / "ordinary").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "ordinary").stat().st_mode)


def test_missing_file_names_the_closest(path, tmp_path):
    with pytest.raises(WeightsError) as caught:
        load_weights(tmp_path / "nte.npz")
    assert str(caught.value) == f"{tmp_path / 'nte.npz'}: no such file; did you mean {path}?"


@pytest.mark.parametrize("name", ["quite_different.npz", "absent/net.npz"])
def test_missing_file_without_a_closest_says_what_to_do(path, tmp_path, name):
    with pytest.raises(WeightsError, match=r"no such file; train the network to make it$"):
        load_weights(tmp_path / name)


@pytest.mark.parametrize("kept", [0, 10, 200, -10])
def test_truncated_file_is_told(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
        WeightsError, match=r"net\.npz: (not an \.npz archive|the \.npz archive is damaged or truncated)"
    ):
        load_weights(path)


def test_pickled_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "net.npz", a=np.array([{}], dtype=object))
    with pytest.raises(WeightsError, match="it holds pickled Python objects, which are never loaded"):
        load_weights(tmp_path / "net.npz")


def test_plain_npz_has_an_empty_meta(tmp_path):
    file = load_weights(plain(tmp_path / "net.npz", a=np.float32([1, 2])))
    assert file.meta == {}
    same(file.arrays, {"a": np.float32([1, 2])})


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4", "<f8"])
def test_any_floats_become_float32(tmp_path, dtype):
    array = np.array([[0.1, -3.0]]).astype(dtype)
    found = load_weights(plain(tmp_path / "net.npz", a=array)).arrays["a"]
    assert found.dtype == np.dtype(np.float32)
    np.testing.assert_array_equal(found, array.astype(np.float32))


@pytest.mark.parametrize("array", [np.arange(3), np.array([True]), np.array(["a"]), np.array([1j])])
def test_other_types_are_refused(tmp_path, array):
    with pytest.raises(WeightsError, match=r'net\.npz: "a" is of \S+, where floats are needed'):
        load_weights(plain(tmp_path / "net.npz", a=array))


def test_a_data_set_is_not_weights(tmp_path):
    path = plain(
        tmp_path / "net.npz", x_train=np.zeros((2, 3), np.uint8), y_train=np.arange(2), x_test=np.zeros((1, 3))
    )
    with pytest.raises(
        WeightsError, match=r"net\.npz: holds a data set, x_train and y_train, not weights; name the file"
    ):
        load_weights(path)


def test_values_beyond_float32_are_refused_but_infinity_is_read(tmp_path):
    with pytest.raises(WeightsError, match='"a" holds values beyond the range of float32'):
        load_weights(plain(tmp_path / "net.npz", a=np.array([1e39])))
    assert load_weights(plain(tmp_path / "net.npz", a=np.array([-np.inf]))).arrays["a"][0] == -np.inf


def test_shapes_that_do_not_fit_are_refused_before_any_array_is_read(path, monkeypatch):
    shapes = {key: array.shape for key, array in ARRAYS.items()}
    assert load_weights(path, expected=shapes).meta["classes"] == META["classes"]
    monkeypatch.setattr("graphnn.storage.archives.read_array", None)
    with pytest.raises(WeightsError) as caught:
        load_weights(path, expected={**shapes, "conv1/biases": (3,), "file/b": (1,)}, network="net.json")
    assert str(caught.value).splitlines() == [
        f"{path}: these weights do not fit net.json:",
        '  "file/b" is in the network, not in the file',
        '  "conv1/biases" is 3 in the network, 2 in the file',
        "If the document was changed after they were trained, train it again, or undo the change",
    ]


def test_more_than_the_memory_is_refused(path, monkeypatch):
    monkeypatch.setattr("graphnn.storage.archives.LARGE", 0)
    monkeypatch.setattr("graphnn.storage.archives.memory_problem", lambda needed: "too many")
    with pytest.raises(WeightsError, match=r"net\.npz: holds arrays of too many"):
        load_weights(path)


NORMALISATION = {"mode": "per_channel", "shape": [3, 8, 8], "offset": [0.5], "divisor": [2, 0.25, 1.0]}


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({"classes": 5}, "classes is 5, where a list is needed"),
        ({"classes": ["a", 5]}, "classes[1] is 5, where a text is needed"),
        ({"metrics": None}, "metrics is None, where an object is needed"),
        ({"metrics": {"test": 0.5}}, "metrics.test is 0.5, where an object is needed"),
        ({"metrics": {"test": {"loss": "a"}}}, "metrics.test.loss is 'a', where a number is needed"),
        ({"metrics": {"epochs": True}}, "metrics.epochs is True, where a number from 0 is needed"),
        ({"document": "a"}, "document is 'a', where an object is needed"),
        ({"document": {"data": []}}, "document.data is [], where an object is needed"),
        ({"versions": {"numpy": 2}}, "versions.numpy is 2, where a text is needed"),
        ({"class_weights": 2}, "class_weights is 2, where a list is needed"),
        ({"class_weights": [1, -1]}, "class_weights[1] is -1, where a number from 0 is needed"),
        ({"class_weights": [[1, 2], [1, 2, 3]]}, "class_weights[0] is [1, 2], where a number from 0 is needed"),
        ({"class_weights": [1, [1, 2]]}, "class_weights[1] is [1, 2], where a number from 0 is needed"),
        ({"normalisation": []}, "normalisation is [], where an object is needed"),
        ({"normalisation": {}}, 'normalisation has no "mode"'),
        *(
            ({"normalisation": {**NORMALISATION, key: value}}, message)
            for key, value, message in (
                ("shape", [3, 0], "normalisation.shape[1] is 0, where a whole number, at least 1, is needed"),
                ("shape", [True], "normalisation.shape[0] is True, where a whole"),
                ("offset", None, "normalisation.offset is None, where a list is needed"),
                ("offset", [1e300], "normalisation.offset[0] is 1e+300, where a number from -7e+38 to 7e+38 is needed"),
                ("divisor", [-1.0], "normalisation.divisor[0] is -1.0, where a number from 1e-140 to 7e+38 is needed"),
                ("divisor", [10**400], "normalisation.divisor[0] is 1000000000"),
                ("divisor", [0], "normalisation.divisor[0] is 0, where"),
                ("divisor", [float("nan")], "normalisation.divisor[0] is None, where"),
            )
        ),
    ],
)
def test_metadata_of_other_types_are_told(path, meta, message):
    save_weights(path, ARRAYS, {**META, **meta})
    with pytest.raises(WeightsError) as caught:
        load_weights(path)
    assert str(caught.value).startswith(f"{path}: its metadata are damaged: {message}")
    assert "\n" not in str(caught.value)


def test_metadata_as_they_are_written_are_read(path):
    meta = {**META, "normalisation": NORMALISATION, "document": {"data": {"path": None}}, "versions": {"numpy": "2.4"}}
    save_weights(path, ARRAYS, {**meta, "metrics": {"validation": {"r2": None, "loss": 3}}})
    assert load_weights(path).meta["normalisation"] == NORMALISATION


@pytest.mark.parametrize("name", ["mnist", "mnist_record", "cifar10", "cifar10_quick", "cifar10_record"])
def test_weights_that_come_with_the_repository_are_as_they_were_written(root, name):
    file = load_weights(root / "models" / f"{name}.npz", check_finite=True)
    assert (file.note, file.meta["format_version"]) == (None, 2)


def refusal(path):
    with pytest.raises(WeightsError) as caught:
        load_meta(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_what_stands_in_the_place_of_weights_is_told(path, tmp_path):
    (tmp_path / "link.npz").symlink_to(path)
    assert [bool(load_meta(tmp_path / name)) for name in ("net.npz", "link.npz", "absent.npz")] == [True, True, False]
    os.mkfifo(tmp_path / "fifo")
    assert refusal(tmp_path / "fifo") == "is a fifo, not a regular file"
    assert refusal(tmp_path) == "is a folder, not a regular file"
    (tmp_path / "dangling").symlink_to("nowhere.npz")
    assert refusal(tmp_path / "dangling") == "is a link to nowhere.npz, which does not exist"
    arrays = plain(tmp_path / "data.npz", **dict.fromkeys(("x_train", "y_train", "x_test", "y_test"), np.zeros(1)))
    problem = refusal(arrays)
    assert problem == (
        "holds arrays (x_train, y_train, x_test, …) without graphnn's description of them, so it is no file of weights"
    )
    assert "arrays (none)" in refusal(plain(tmp_path / "none.npz"))
    save_weights(tmp_path / "c.npz", {}, {"checkpoint_version": 2})
    assert refusal(tmp_path / "c.npz") == "is the checkpoint of a run"
    (tmp_path / "text").write_text("text")
    assert refusal(tmp_path / "text").startswith("not an .npz archive")
    other = plain(tmp_path / "other.npz", __meta__=np.float32([1]))
    assert refusal(other).startswith("its __meta__ is damaged")


def test_weights_are_told_from_other_files_without_reading_the_arrays(path, monkeypatch):
    read = Archive.read
    monkeypatch.setattr(Archive, "read", lambda archive, name: read(archive, {"__meta__": name}[name]))
    assert load_meta(path)


def test_non_finite_values_are_counted_on_request(tmp_path):
    arrays = {
        "a/weights": np.float32([1, np.nan, np.inf]),
        "b/weights": np.float32([1]),
        "c/gamma": np.float32([-np.inf]),
    }
    save_weights(tmp_path / "net.npz", arrays, {})
    file = load_weights(tmp_path / "net.npz")
    assert non_finite(file.arrays) == {"a/weights": 2, "c/gamma": 1}
    with pytest.raises(WeightsError) as caught:
        load_weights(tmp_path / "net.npz", check_finite=True)
    assert [str(problem).split(": ", 1)[1] for problem in caught.value.problems] == [
        '"a/weights" holds 2 values that are not finite',
        '"c/gamma" holds 1 value that is not finite',
    ]
    same(load_weights(plain(tmp_path / "net.npz", b=np.float32([1])), check_finite=True).arrays, {"b": np.float32([1])})


@pytest.fixture
def parameters():
    return Parameters(
        {
            "conv1": (
                Parameter("weights", (2, 3, 2, 2), zeros, Role.WEIGHT, memory_order=(0, 2, 3, 1)),
                Parameter("biases", (2,), zeros, Role.BIAS),
            ),
            "bn1": (Parameter("running_mean", (2,), zeros, Role.STATISTIC),),
        }
    )


FITTING = {
    "conv1/weights": ARRAYS["conv1/weights"],
    "conv1/biases": ARRAYS["conv1/biases"],
    "bn1/running_mean": np.float32([7, 8]),
}


def test_fitting_arrays_are_copied_in_any_memory_order(parameters):
    report = assign(parameters, FITTING)
    assert report.complete
    assert report.matched == tuple(FITTING)
    assert report.lines() == []
    for key, array in parameters.named().items():
        np.testing.assert_array_equal(array, FITTING[key])
    assert parameters.vector.sum() == FITTING["conv1/weights"].sum() + FITTING["conv1/biases"].sum()


def test_parameters_survive_the_file_in_any_memory_order(parameters, tmp_path):
    assign(parameters, FITTING)
    save_weights(tmp_path / "net.npz", parameters.named(), {})
    same(load_weights(tmp_path / "net.npz").arrays, FITTING)


MISFITS = {
    "conv_1/weights": FITTING["conv1/weights"],
    "conv1/biases": np.float32([1, 2, 3]),
    "bn1/running_mean": np.float32([7, 8]),
}
LINES = [
    '"conv1/weights" is in the network, not in the file; the file has "conv_1/weights"',
    '"conv_1/weights" is in the file, not in the network',
    '"conv1/biases" is 2 in the network, 3 in the file',
]


def test_strict_names_everything_and_copies_nothing(parameters):
    with pytest.raises(WeightsError) as caught:
        assign(parameters, MISFITS, file="net.npz")
    assert [str(problem) for problem in caught.value.problems] == [f"net.npz: {line}" for line in LINES]
    assert not any(array.any() for array in parameters.named().values())


def test_lenient_copies_what_fits_and_reports_the_rest(parameters):
    report = assign(parameters, MISFITS, strict=False)
    assert not report.complete
    assert report.matched == ("bn1/running_mean",)
    assert report.missing == ("conv1/weights",)
    assert report.extra == ("conv_1/weights",)
    assert report.differing == (("conv1/biases", (2,), (3,)),)
    assert report.lines() == LINES
    assert parameters.values["bn1"]["running_mean"].tolist() == [7, 8]
    assert not parameters.vector.any()


def test_lenient_refuses_where_nothing_fits(parameters):
    with pytest.raises(WeightsError) as caught:
        assign(parameters, {"conv1/biases": np.float32([1, 2, 3])}, strict=False, file="net.npz")
    assert str(caught.value).startswith("net.npz: nothing in it fits the network\n")
    assert len(caught.value.problems) == 4


def test_network_without_parameters_fits_an_empty_file():
    assert assign(Parameters({"relu_1": ()}), {}, strict=False).complete


def test_shapes_alone_can_be_compared():
    report = compare({"a": (2,), "b": (1, 2)}, {"a": np.zeros(2), "b": np.zeros(3)})
    assert report.matched == ("a",)
    assert report.lines() == ['"b" is 1×2 in the network, 3 in the file']


def test_meta_that_is_no_json_is_an_error_of_the_program(tmp_path):
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_weights(tmp_path / "net.npz", {}, {"when": io.BytesIO()})
    assert list(tmp_path.iterdir()) == []
