"""The assignment's own words work, and the page that lists them tells the truth."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn.course
from graphnn.course.trainings import train_cifar10_model, train_mnist_model
from graphnn.errors import DataError
from graphnn.model.model import Model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "graphnn" / "course" / "README.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith(("| `", "| c"))]
BLOCK = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SCRIPT = """
import sys
import numpy as np
from graphnn.course import *

def train_digits_model(x_train, y_train, x_valid, y_valid):
    model = Model(loss=CrossEntropy(), optimizer=SGDMomentum(lr=0.05, momentum=0.9))
    model.add(Conv2D(8, input_shape=(1, 8, 8)))
    model.add(BatchNormalization())
    model.add(ReLU())
    model.add(MaxPooling2D())
    model.add(Flatten())
    model.add(Dropout(0.1))
    model.add(Dense(32))
    model.add(ReLU())
    model.add(Dense(10))
    model.add(Softmax())
    model.fit(x_train, y_train, batch_size=64, epochs=4, x_valid=x_valid, y_valid=y_valid)
    return model

data = np.load(sys.argv[1])
x, labels = data["x"].astype(float) / 16, data["y"]
one_hot = np.eye(10)[labels]
model = train_digits_model(x[:1000], one_hot[:1000], x[1000:1200], one_hot[1000:1200])
right = (model.predict(x[1200:]).argmax(axis=1) == labels[1200:]).mean()
print(right > 0.85, model.evaluate(x[1200:], one_hot[1200:])["accuracy"] == right)
"""


@pytest.fixture(scope="module")
def namespace() -> dict[str, Any]:
    """Return the names that the page's block of code makes."""
    names: dict[str, Any] = {}
    exec(BLOCK[0], names)
    return names


def test_the_page_lists_every_word() -> None:
    assert len(BLOCK) == 1
    assert {len(row) for row in ROWS} == {3}
    words = {word for row in ROWS for word in re.findall(r"\w+", "".join(row))}
    assert set(graphnn.course.__all__) <= words


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip().replace("`", ""))
def test_each_row_is_true(row: list[str], namespace: dict[str, Any]) -> None:
    (example,) = re.findall(r"`(.*)`", row[2])
    ast.parse(example, mode="eval")
    assert eval(example, dict(namespace))


def test_a_solution_in_the_assignments_words(tmp_path: Path) -> None:
    from graphnn.datasets.base import DATASETS, Location

    digits = DATASETS["digits"].load(Location(None))
    np.savez(tmp_path / "digits.npz", x=digits.x_train, y=digits.y_train)
    (tmp_path / "solution.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-W", "error", "solution.py", "digits.npz"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "True True\n")


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Let fits only note their arguments."""
    fits: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Model, "fit", lambda self, *arguments, **options: fits.append(arguments))
    return fits


@pytest.mark.parametrize(
    ("name", "train"), [("mnist", train_mnist_model), ("cifar10", train_cifar10_model)], ids=["mnist", "cifar10"]
)
def test_the_networks_are_those_of_the_documents(name: str, train: Any, untrained: list[tuple[Any, ...]]) -> None:
    model = train(None, None, None, None)
    ((_, _, batch_size, epochs, *_),) = untrained
    values = {"batch_size": batch_size, "epochs": epochs}
    made = model.to_document(data={"dataset": name, "validation_split": 0.1}, training=values)
    document = ROOT / "models" / f"{name}.json"
    read = Model.from_document(document).spec().resolved()
    from graphnn.specification.spec import spec_from_values

    found = spec_from_values(made, name).resolved()
    for part in ("input", "loss", "optimizer", "data", "training"):
        assert without_words(found[part]) == without_words(read[part])
    assert [without_words(layer) for layer in found["layers"]] == [without_words(layer) for layer in read["layers"]]


def without_words(section: Any) -> dict[str, Any]:
    """Return a section of a document without what has no effect on the network: names and descriptions."""
    return {key: value for key, value in section.items() if key not in ("name", "description")}


def flat(x: Any) -> Any:
    return x.reshape(len(x), -1)


def classes(labels: Any) -> Any:
    return np.eye(10)[labels]


def drawn(shape: tuple[int, ...], count: int) -> tuple[Any, Any]:
    """Return images of ten classes, each a pattern and some noise, and their labels."""
    rng = np.random.default_rng(count)
    labels = rng.permutation(np.arange(count) % 10)
    images = np.random.default_rng(0).integers(0, 200, (10, *shape))[labels] + rng.integers(0, 50, (count, *shape))
    return images.astype(np.uint8), labels


@pytest.mark.parametrize(
    ("train", "shape", "forms", "epochs"),
    [
        (train_mnist_model, (1, 28, 28), [flat, lambda x: x[:, 0], lambda x: x[:, 0, :, :, None]], 6),
        (train_cifar10_model, (3, 32, 32), [flat], 1),
    ],
    ids=["mnist", "cifar10"],
)
def test_the_form_of_the_arrays_changes_nothing(train: Any, shape: Any, forms: list[Any], epochs: int) -> None:
    (x, y), (xv, yv) = drawn(shape, 200), drawn(shape, 40)
    plain = train(x, y, xv, yv, epochs=epochs)
    assert len(plain.history) == epochs
    expected = plain.predict(xv)
    assert expected.shape == (40, 10)
    for form in forms:
        np.testing.assert_array_equal(train(form(x), y, form(xv), yv, epochs=epochs).predict(xv), expected)
    rows = train(x, classes(y), xv, classes(yv), epochs=epochs)
    np.testing.assert_allclose(rows.predict(xv), expected, atol=1e-3)


def test_the_mnist_network_learns() -> None:
    (x, y), (xv, yv) = drawn((1, 28, 28), 600), drawn((1, 28, 28), 100)
    model = train_mnist_model(x, y, xv, yv)
    assert model.evaluate(flat(xv), classes(yv))["accuracy"] > 0.9


def test_channels_last_are_refused() -> None:
    x, y = drawn((3, 32, 32), 20)
    with pytest.raises(DataError, match="32×32×3"):
        train_cifar10_model(x.transpose(0, 2, 3, 1), y, x, y)
    with pytest.raises(DataError, match="x_valid"):
        train_cifar10_model(x, y, None, y)
