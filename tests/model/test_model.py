"""Model: built in Python, trained, saved, and written as a document."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from graphnn.averaging.exponential import ExponentialAveraging
from graphnn.averaging.lookahead import Lookahead
from graphnn.datasets.batches import epoch_order
from graphnn.errors import DataError
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.model.model import Model
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.sgd import SGD
from graphnn.schedules.reduce_on_plateau import ReduceOnPlateau
from graphnn.storage.weights import load_weights
from graphnn.training import trainer
from graphnn.training.monitor import EarlyStopping

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "models" / "digits.json"


def test_each_fit_takes_the_samples_in_an_order_of_its_own(
    classifier: Classifier, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []

    def order(count: int, seed: int, epoch: int) -> Any:
        seeds.append(seed)
        return epoch_order(count, seed, epoch)

    monkeypatch.setattr(trainer, "epoch_order", order)
    model = classifier(seed=4)
    for _ in range(2):
        model.fit(*blobs(30))
    assert seeds == [4, 5]


def test_fit_learns_and_returns_a_record_of_each_epoch(classifier: Classifier, blobs: Blobs) -> None:
    model = classifier()
    x_valid, y_valid = blobs(50, seed=1)
    history = model.fit(*blobs(300), batch_size=32, epochs=4, x_valid=x_valid, y_valid=y_valid)
    assert [record.epoch for record in history] == [1, 2, 3, 4]
    assert history[-1].training["loss"] < history[0].training["loss"]
    assert history[-1].validation is not None
    assert history[-1].validation["accuracy"] > 0.95
    assert model.evaluate(x_valid, y_valid) == pytest.approx(dict(history[-1].validation))
    assert model.history == history


def test_predict_gives_a_probability_for_each_class(classifier: Classifier, blobs: Blobs) -> None:
    model = classifier()
    model.fit(*blobs(300), batch_size=32, epochs=3)
    y = model.predict([[4, 0], [0, 4], [-4, -4]])
    assert y.argmax(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    many = np.repeat([[4.0, 0.0]], 200, axis=0)
    assert model.predict(many).shape == (200, 3)
    assert model.predict(np.empty((0, 2))).shape == (0, 3)


def test_a_model_predicts_before_it_is_trained(classifier: Classifier) -> None:
    assert classifier().predict(np.zeros((5, 2))).shape == (5, 3)


def test_another_fit_continues_from_the_weights(classifier: Classifier, blobs: Blobs) -> None:
    model, data = classifier(), blobs(300)
    first = model.fit(*data, batch_size=32, epochs=2)
    second = model.fit(*data, batch_size=32, epochs=1)
    assert second[0].training["loss"] < first[0].training["loss"]
    assert model.history == [*first, *second]


def test_a_schedule_with_a_state_begins_anew_in_each_fit(classifier: Classifier, blobs: Blobs) -> None:
    schedule = ReduceOnPlateau(patience=1)
    model = classifier(schedule=schedule)
    model.fit(*blobs(100), batch_size=50, epochs=2)
    assert schedule.lowest is None


def test_equal_seeds_give_equal_models_and_others_do_not(classifier: Classifier, blobs: Blobs) -> None:
    models = [classifier(seed=seed) for seed in (3, 3, 4)]
    for model in models:
        model.fit(*blobs(64), batch_size=16, epochs=1)
    first, same, other = (model.predict(blobs(4)[0]) for model in models)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_inputs_that_are_given_stay_as_they_are(classifier: Classifier, blobs: Blobs) -> None:
    x, y = blobs(64)
    kept = x.copy()
    model = classifier(normalize="per_feature")
    model.fit(x, y, batch_size=16, epochs=1)
    model.predict(x)
    np.testing.assert_array_equal(x, kept)


def test_images_are_flattened_where_the_model_takes_vectors() -> None:
    model = Model(CrossEntropy(), SGD())
    model.add(Dense(2, input_shape=(12,)))
    model.add(Softmax())
    x = np.random.default_rng(0).normal(size=(6, 3, 2, 2))
    np.testing.assert_array_equal(model.predict(x), model.predict(x.reshape(6, 12)))


def test_convolutional_model() -> None:
    model = Model(CrossEntropy(), Adam(0.01))
    model.add(Conv2D(4, kernel_size=(3, 3), use_bias=False, input_shape=(1, 8, 8)))
    model.add(BatchNormalization())
    model.add(ReLU())
    model.add(MaxPooling2D())
    model.add(Flatten())
    model.add(Dense(2))
    model.add(Softmax())
    assert model.output_shape == (2,)
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, 128)
    x = draw.normal(size=(128, 1, 8, 8)) + 2 * y[:, None, None, None] * np.eye(8)
    model.fit(x, y, batch_size=32, epochs=8)
    assert model.evaluate(x, y)["accuracy"] > 0.9


def test_regression() -> None:
    model = Model(MeanSquaredError(), SGD(0.1))
    model.add(Dense(1, input_shape=(2,)))
    x = np.random.default_rng(0).normal(size=(200, 2))
    y = (x @ [[2.0], [-1.0]] + 0.5).astype(np.float32)
    model.fit(x, y, batch_size=20, epochs=5)
    assert model.evaluate(x, y)["r2"] > 0.99


def test_fit_takes_the_training_settings_of_documents(classifier: Classifier, blobs: Blobs, tmp_path: Path) -> None:
    x_valid, y_valid = blobs(50, seed=1)
    model = classifier()
    history = model.fit(
        *blobs(300),
        batch_size=32,
        epochs=2.5,
        x_valid=x_valid,
        y_valid=y_valid,
        drop_last=True,
        averaging=Lookahead(every=2),
        early_stopping=EarlyStopping(patience=7),
        keep_best="validation_accuracy",
        evaluate_every=2,
    )
    assert [record.validation is not None for record in history] == [False, True, True]
    assert model.evaluate(x_valid, y_valid)["accuracy"] == max(
        r.validation["accuracy"] for r in history if r.validation
    )
    values = model.to_document(tmp_path / "model.json", data={"path": "blobs.npz"})
    assert values["training"] == {
        "epochs": 2.5,
        "batch_size": 32,
        "drop_last": True,
        "averaging": {"type": "lookahead", "every": 2},
        "early_stopping": {"monitor": "validation_loss", "patience": 7, "min_delta": 0.0, "start_from_epoch": 0},
        "keep_best": "validation_accuracy",
        "seed": 0,
    }
    assert values["evaluation"] == {"every": 2}
    again = Model.from_document(tmp_path / "model.json")
    assert again.spec().resolved()["training"] == model.spec().resolved()["training"]
    assert again.spec().resolved()["evaluation"] == {"every": 2, "test_time_augmentation": "none"}
    again.fit(*blobs(300), batch_size=32, epochs=2.5, x_valid=x_valid, y_valid=y_valid)
    assert again.predict(x_valid).tobytes() == model.predict(x_valid).tobytes()


def test_fit_ends_with_the_average_and_saves_the_figures_of_the_best_weights(
    classifier: Classifier, blobs: Blobs, tmp_path: Path
) -> None:
    x_valid, y_valid = blobs(50, seed=1)
    model, plain = classifier(), classifier()
    options: dict[str, Any] = {"batch_size": 32, "epochs": 4, "x_valid": x_valid, "y_valid": y_valid}
    model.fit(*blobs(300), **options, averaging=ExponentialAveraging(decay=0.9), keep_best="validation_loss")
    plain.fit(*blobs(300), **options)
    assert [r.training for r in model.history] == [r.training for r in plain.history]
    best = min(model.history, key=lambda record: record.validation["loss"])
    assert model.evaluate(x_valid, y_valid) == pytest.approx(best.validation)
    model.save(tmp_path / "blobs.npz")
    metrics = load_weights(tmp_path / "blobs.npz").meta["metrics"]
    assert metrics == {"epochs": best.epoch, "training": best.training, "validation": best.validation}


def test_summary_is_the_table_of_inspect(classifier: Classifier) -> None:
    summary = classifier().summary()
    assert "dense_1" in summary
    assert "output" in summary
    assert "trainable parameters" in summary
    assert repr(summary) == str(summary)  # the prompt shows lines, not "\\n"
    said: list[str] = []
    cast(Any, summary)._repr_pretty_(SimpleNamespace(text=said.append), cycle=False)  # and so does IPython
    assert said == [summary]


def test_a_model_from_a_document_trains_to_the_weights_of_the_train_tool(tmp_path: Path) -> None:
    from graphnn.commands.train import main
    from graphnn.datasets.batches import split
    from graphnn.datasets.loading import load

    weights = tmp_path / "digits.npz"
    quick = ["training.epochs=2"]
    assert main([str(DIGITS), "--output", str(weights), "--quiet", "--set", *quick]) == 0
    tool, model = (Model.from_document(DIGITS, overrides=quick) for _ in range(2))
    tool.load(weights)
    tool.save(tmp_path / "again.npz")
    assert load_weights(tmp_path / "again.npz").meta["classes"] == list("0123456789")
    data = load("digits")
    training, validation = split(data.y_train, 0.1, 0)
    x, y = data.x_train, data.y_train
    model.fit(x[training], y[training], 32, 2, x_valid=x[validation], y_valid=y[validation])
    np.testing.assert_array_equal(model.predict(data.x_test), tool.predict(data.x_test))


def test_settings_of_a_fit_are_of_that_fit_alone(classifier: Classifier, blobs: Blobs) -> None:
    model = classifier()
    x_valid, y_valid = blobs(50, seed=1)
    watched = {"keep_best": "validation_loss", "early_stopping": EarlyStopping(patience=1), "evaluate_every": 2}
    model.fit(*blobs(300), batch_size=32, epochs=4, x_valid=x_valid, y_valid=y_valid, **watched)
    assert model.spec().training["keep_best"] == "validation_loss"
    model.fit(*blobs(300), batch_size=16)  # with nothing to validate on
    assert "keep_best" not in model.spec().training
    assert model.spec().evaluation["every"] == 1
    assert model.spec().training["batch_size"] == 16


def test_validation_samples_are_used_where_the_document_splits_off_none(
    classifier: Classifier, blobs: Blobs, tmp_path: Path
) -> None:
    values = classifier().to_document(data={"dataset": "npz", "path": "mine.npz", "validation_split": 0})
    (tmp_path / "net.json").write_text(json.dumps(values), encoding="utf-8")
    x_valid, y_valid = blobs(50, seed=1)
    model = Model.from_document(tmp_path / "net.json")
    history = model.fit(*blobs(300), x_valid=x_valid, y_valid=y_valid, keep_best="validation_accuracy")
    assert history[-1].validation is not None
    assert "output" in model.summary()
    with pytest.raises(DataError, match="no samples to validate on"):
        Model.from_document(tmp_path / "net.json").fit(*blobs(300), keep_best="validation_accuracy")


def test_images_and_the_same_as_vectors_may_be_mixed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(60, 2, 3, 3)), np.arange(60) % 2
    images += labels[:, None, None, None]
    vectors = images.reshape(60, 18)

    def trained(x: Any, x_valid: Any) -> Model:
        model = Model(CrossEntropy(), SGD(0.1), normalize="per_channel")
        model.add(Dense(2, input_shape=(18,)))
        model.add(Softmax())
        model.fit(x, labels, 16, 2, x_valid, labels)
        return model

    model, other = trained(images, images), trained(images, vectors)
    assert model.history[-1].validation == other.history[-1].validation
    np.testing.assert_array_equal(model.predict(vectors), model.predict(images))
    assert model.evaluate(vectors, labels) == model.evaluate(images, labels)
    model.fit(vectors, labels, 16, 1)
    by_vectors = trained(vectors, images)
    np.testing.assert_array_equal(by_vectors.predict(vectors), by_vectors.predict(images))
    with pytest.raises(DataError, match="the samples are 3×3×2, but the normalisation is for 2×3×3"):
        model.predict(images.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    "form", [lambda y: y[:, None], lambda y: y.astype(float), lambda y: y[:, None].astype(np.float32)]
)
def test_labels_in_other_forms_train_to_the_same_bits(
    form: Callable[[Any], Any], blobs: Blobs, classifier: Classifier
) -> None:
    x, y = blobs(60)
    plain, other = classifier(), classifier()
    plain.fit(x, y, epochs=2, x_valid=x, y_valid=y)
    other.fit(x, form(y), epochs=2, x_valid=x, y_valid=form(y))
    np.testing.assert_array_equal(other.predict(x), plain.predict(x))
    assert other.evaluate(x, form(y)) == plain.evaluate(x, y)
    with pytest.raises(DataError, match=r"y_train\[0\] is 2.5, but labels are whole numbers"):
        plain.fit(x, form(y) + 0.5)
