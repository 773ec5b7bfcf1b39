"""Model: built in Python, trained, saved, and written as a document."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.averaging.exponential import ExponentialAveraging
from graphnn.averaging.lookahead import Lookahead
from graphnn.datasets.batches import epoch_order
from graphnn.errors import DataError, GraphError, SpecError
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
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.schedules.reduce_on_plateau import ReduceOnPlateau
from graphnn.storage.weights import load_weights
from graphnn.training import trainer
from graphnn.training.monitor import EarlyStopping
from graphnn.training.observer import Silent

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


def test_fit_refuses_an_unknown_metric(classifier: Classifier, blobs: Blobs) -> None:
    with pytest.raises(DataError, match="validation_loss is watched, but there are no samples to validate on"):
        classifier().fit(*blobs(64), early_stopping=EarlyStopping())
    with pytest.raises(SpecError, match="keep_best"):
        classifier().fit(*blobs(64), keep_best="accuracy")


def test_summary_is_the_table_of_inspect(classifier: Classifier) -> None:
    summary = classifier().summary()
    assert "dense_1" in summary
    assert "output" in summary
    assert "trainable parameters" in summary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CrossEntropy, SGD()), "a Model takes a loss such as CrossEntropy"),
        ((CrossEntropy(), 0.01), "a Model takes an optimizer such as"),
        ((CrossEntropy(), SGD(), "cosine"), "schedule such as Cosine"),
    ],
)
def test_a_model_is_made_of_a_loss_and_an_optimizer(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Model(*arguments)


def test_a_model_without_layers_says_how_to_add_one(blobs: Blobs) -> None:
    model = Model(CrossEntropy(), SGD())
    assert model.output_shape is None
    for call in (model.summary, model.spec, lambda: model.fit(*blobs(3), batch_size=1, epochs=1)):
        with pytest.raises(GraphError, match="no layers yet; the first is for example"):
            call()


def test_no_layer_is_added_to_weights_that_exist(classifier: Classifier) -> None:
    model = classifier()
    model.predict(np.zeros((1, 2)))
    with pytest.raises(GraphError, match="the weights exist already"):
        model.add(ReLU())


X, Y = np.random.default_rng(0).normal(size=(10, 2)), np.arange(10) % 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"epochs": 0}, SpecError, "epochs"),
        ({"batch_size": 2.5}, SpecError, "batch_size"),
        ({"y_train": Y + 1}, DataError, "y_train: the labels run from"),
        (
            {"y_train": Y[:5]},
            DataError,
            "x_train and y_train need the same number of samples, at least 1, but have 10 and 5",
        ),
        ({"y_train": 3}, DataError, "but have 10 and a single number"),
        ({"x_train": X[:0], "y_train": Y[:0]}, DataError, "at least 1, but have 0 and 0"),
        ({"x_train": X[:, :1]}, DataError, "x_train"),
        ({"x_train": X[:, 0]}, DataError, "x_train must be a batch N×2, but it is 10"),
        ({"x_train": X.astype(str)}, DataError, "x_train must hold numbers, but it holds <U"),
        ({"x_train": np.where(X > 0, X, np.nan)}, DataError, "x_train holds numbers that are not finite"),
        ({"x_train": X * 1e300}, DataError, "x_train holds numbers that are not finite in float32"),
        ({"x_train": [[1, 2], [3]]}, DataError, "x_train must be an array"),
        ({"y_train": [1, [2]]}, DataError, "y_train must be an array"),
        ({"threads": 0}, GraphError, "threads must be at least 1, not 0"),
        ({"x_valid": X}, DataError, "x_valid and y_valid go together"),
        ({"x_valid": X, "y_valid": Y + 9}, DataError, "y_valid: the labels run from"),
    ],
)
def test_fits_that_cannot_be(
    classifier: Classifier, arguments: dict[str, Any], error: type[GraphError], message: str
) -> None:
    usual = {"x_train": X, "y_train": Y, "batch_size": 5, "epochs": 1}
    with pytest.raises(error, match=message):
        classifier().fit(**{**usual, **arguments})


def test_a_fit_that_cannot_be_leaves_the_model_as_it_was(classifier: Classifier) -> None:
    model = classifier()
    with pytest.raises(SpecError, match="batch_size"):
        model.fit(X, Y, batch_size=0, epochs=1)
    model.fit(X, Y, batch_size=np.int64(5), epochs=np.int64(1))
    assert model.evaluate(X, Y).keys() == {"loss", "accuracy"}


def test_a_model_whose_parts_do_not_fit_is_refused_when_it_is_built() -> None:
    model = Model(CrossEntropy(), SGD())
    model.add(Dense(3, input_shape=(2,)))
    with pytest.raises(SpecError, match="Softmax"):
        model.summary()


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


def test_a_batch_of_one_value_a_channel_is_refused_before_the_first_step(blobs: Any) -> None:
    model = Model(CrossEntropy(), SGDMomentum(0.05))
    for layer in (Dense(4, input_shape=(2,)), BatchNormalization(name="norm"), Dense(3), Softmax()):
        model.add(layer)
    steps: list[Any] = []

    class Counting(Silent):
        def step_done(self, trainer: Any) -> None:
            steps.append(trainer.step)

    with pytest.raises(DataError, match=r'"norm": BatchNormalization needs .* last batch of an epoch has 1 sample'):
        model.fit(*blobs(33), batch_size=16, observer=Counting())
    assert (steps, model.history) == ([], [])
    model.fit(*blobs(33), batch_size=16, drop_last=True, observer=Counting())
    assert len(steps) == 2
