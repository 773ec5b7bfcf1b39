"""The sections of the page, each against values worked out by hand."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.benchmark.timing import QUICK
from graphnn.datasets.base import Dataset
from graphnn.datasets.preparation import Normalisation
from graphnn.evaluation.evaluation import Evaluation, with_classes
from graphnn.metrics.outputs import Classes, Numbers, YesOrNo
from graphnn.page import layer_times
from graphnn.page.augmented import DRAWS, augmented, chosen
from graphnn.page.changes import tokens
from graphnn.page.classes import class_figures, drawn_matrix
from graphnn.page.filters import NothingToShow, filters
from graphnn.page.headline import dates_text
from graphnn.page.images import BYTES, Picture, image_picture, limits_of, weights_picture
from graphnn.page.measurement import Measured, load_data, probabilities
from graphnn.page.mistakes import Mistakes, mistakes
from graphnn.page.network import network
from graphnn.page.regression import output_figures
from graphnn.page.subject import Subject, find_subject
from graphnn.runs.reading import DocumentSource
from graphnn.text.terminal import note
from graphnn.training.samples import Samples
from graphnn.types import Array


def pixels(picture: Picture) -> Array:
    """Return the pixels of a picture, as its address holds them."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.address.partition(",")[2]))))


def subject_of(document: Path, values: dict[str, Any], train: Callable[..., Any], run: int = 1) -> Subject:
    """Return what the page of a network is about, after its run of this number: an epoch on a few samples."""
    document.write_text(json.dumps(values))
    assert train("--quiet", "--limit", "40", "--set", "training.epochs=1")[0] == 0
    return find_subject(DocumentSource(document), [run], None, note)


def mistakes_of(outputs: Any, x: Array, classes: tuple[str, ...] = ()) -> Mistakes:
    """Return the mistakes in the outputs of a network on samples x, of which all are in the part."""
    evaluation = Evaluation("test", len(x), Path("w.npz"), {}, classes=classes, outputs=outputs)
    samples = Samples(x, outputs.y_gt)
    known = Measured(part="test", samples=samples, evaluation=evaluation, probabilities=probabilities(outputs))
    data = Dataset("data", x, outputs.y_gt, x, outputs.y_gt, None)
    return mistakes(data, known, outputs, ("a", "b"), None)


def test_probabilities_are_those_of_softmax_and_sigmoid() -> None:
    logits = np.log(np.array([[1.0, 3.0], [2.0, 2.0]])) + 500
    np.testing.assert_allclose(
        probabilities(Classes(np.array([0, 1]), logits, logits=True)), [[0.25, 0.75], [0.5, 0.5]]
    )
    yes = YesOrNo(np.array([[1.0], [0.0]]), np.array([[np.log(3)], [-800.0]]), logits=True)
    np.testing.assert_allclose(probabilities(yes), [[0.75], [0]], atol=1e-15)
    assert probabilities(Numbers(np.zeros((2, 1)), np.ones((2, 1)))) is None


def test_mistakes_are_those_of_the_highest_probability_first() -> None:
    y = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    x = np.arange(8, dtype=np.float32).reshape(4, 2)
    found = mistakes_of(Classes(np.array([1, 1, 1, 0]), y), x, ("no", "yes"))
    assert [(one.origin, one.true, one.predicted, one.surety) for one in found.shown] == [
        ("sample 0", "yes", "no", "90.00%"),
        ("sample 3", "no", "yes", "70.00%"),
        ("sample 1", "yes", "no", "60.00%"),
    ]
    assert (found.count, found.samples, found.inputs) == (3, 4, 2)
    assert found.shown[1].inputs == ("6", "7")


def test_a_wrong_no_is_as_sure_as_the_yes_was_improbable() -> None:
    answers = YesOrNo(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.1, 0.8], [0.9, 0.9]]))
    found = mistakes_of(answers, np.zeros((2, 1)), ("cat", "dog"))
    assert [(one.output, one.true, one.predicted, one.surety) for one in found.shown] == [
        ("cat", "yes", "no", "90.00%"),
        ("dog", "no", "yes", "80.00%"),
    ]


def test_errors_of_outputs_in_other_units_are_compared_by_deviations() -> None:
    truth = np.array([[0.0, 0.0], [100.0, 1.0]])
    found = mistakes_of(Numbers(truth, truth + np.array([[10, 0], [0, -0.4]])), np.zeros((2, 1)))
    assert [(one.origin, one.output, one.surety) for one in found.shown] == [
        ("sample 1", "b", "-0.4"),
        ("sample 0", "a", "10"),
    ]


def test_the_figures_of_an_output_are_in_its_units() -> None:
    (row,) = output_figures(Numbers(np.array([[1.0], [3.0]]), np.array([[2.0], [3.0]])), ["y"]).rows
    assert (row.mean_error, row.bias, row.largest, row.deviation, row.r2) == ("0.5", "0.5", "1", "1", "0.5000")
    (constant,) = output_figures(Numbers(np.ones((2, 1)), np.zeros((2, 1))), ["y"]).rows
    assert constant.r2 == "–"


def test_the_matrix_has_cells_for_few_classes_and_shades_for_many() -> None:
    few = with_classes(Evaluation("test", 4, Path(), {}), np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), ("a", "b"))
    found = class_figures(few)
    assert found.matrix is not None
    assert [[(cell.count, round(cell.share, 2)) for cell in row] for row in found.matrix.cells] == [
        [(2, 0.67), (1, 0.33)],
        [(0, 0), (1, 1)],
    ]
    assert [(one.true, one.predicted, one.share) for one in found.confused] == [("a", "b", "33.33%")]
    counts = np.diag(np.full(100, 9))
    counts[3, 98] = 1
    many = drawn_matrix(counts)
    assert many.cells == ()
    assert sum(shade.path.count("M") for shade in many.shades) == 101
    (wrong,) = (shade for shade in many.shades if not shade.right)
    assert wrong.path == "M98 3h1v1h-1z"
    assert wrong.opacity == 0.3  # the root of a tenth


def test_images_are_shown_as_they_are_stored() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 2, 2) * 20
    np.testing.assert_array_equal(pixels(image_picture(image, BYTES, "")), image.transpose(1, 2, 0))
    grey = image_picture(image[:1].astype(np.float32) / 255, (0.0, 1.0), "")
    np.testing.assert_array_equal(pixels(grey), image[0])
    assert (grey.width, grey.height, grey.coarse) == (2, 2, True)
    photograph = image_picture(np.full((3, 400, 300), 128, np.uint8), BYTES, "")
    assert (photograph.width, photograph.height, photograph.coarse) == (120, 160, False)
    assert photograph.address.startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize(
    ("x", "known", "limits"),
    [
        (np.array([3], np.uint8), (0.0, 255.0), BYTES),
        (np.array([3.0, 200.0]), None, BYTES),
        (np.array([0.0, 16.0]), (0.0, 16.0), (0.0, 16.0)),
        (np.array([0.2, 0.7]), (0.0, 0.9), (0.0, 1.0)),
        (np.array([-1.0, 0.7]), None, (-1.0, 0.7)),
    ],
)
def test_black_and_white_follow_from_the_range(x: Array, known: Any, limits: Any) -> None:
    assert limits_of(x, known) == limits


def test_weights_are_blue_where_positive_red_where_negative_and_white_at_zero() -> None:
    shown = pixels(weights_picture(np.array([[[2.0, 0.0, -2.0]]]), "", colour=False))[0].astype(int)
    assert shown[0, 2] > shown[0, 0]
    assert shown[1].tolist() == [255, 255, 255]
    assert shown[2, 0] > shown[2, 2]
    coloured = pixels(weights_picture(np.array([[[1.0]], [[0.0]], [[-1.0]]]), "", colour=True))[0, 0]
    assert coloured.tolist() == [255, 128, 0]


def test_draws_are_those_that_training_saw(document: Path, small: dict[str, Any], train: Callable[..., Any]) -> None:
    small["input"]["shape"] = [1, 8, 8]
    small["layers"].insert(0, {"type": "Flatten"})
    small["data"]["augment"] = [{"type": "RandomTranslate", "pixels": 2}]
    for run, normalize in enumerate(("none", "per_channel"), start=1):
        small["data"]["normalize"] = normalize
        trained = subject_of(document, small, train, run).trained
        assert trained is not None
        data = load_data(trained, None)
        samples = trained.part(data, "train")
        positions = chosen(samples, labelled=True)
        assert len(positions) == 8
        assert len(set(samples.targets(positions).tolist())) == 8
        draws = [augmented(trained, samples, positions, epoch) for epoch in range(DRAWS)]
        assert any(not np.array_equal(draws[0], draw) for draw in draws[1:])
        if normalize == "per_channel":
            seen = samples.augmented(augmentations(trained), trained.spec.training["seed"])
            x, _ = seen.take(positions, (1, 8, 8), 2)
            np.testing.assert_array_equal(trained.normalisation.apply(draws[2], (1, 8, 8)), x)


def augmentations(trained: Any) -> Any:
    from graphnn.augmentation.base import augmentations_from

    return augmentations_from(trained.spec.data["augment"])


def test_filters_of_many_channels_and_of_one_pixel_are_not_shown(
    document: Path, small: dict[str, Any], train: Callable[..., Any]
) -> None:
    small["input"]["shape"] = [1, 8, 8]
    small["layers"] = [
        {"type": "Conv2D", "name": "first", "filters": 2, "kernel_size": 1},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ]
    subject = subject_of(document, small, train)
    assert subject.trained is not None
    with pytest.raises(NothingToShow, match=r"The filters of first are 1×1, a pixel each"):
        filters(subject, subject.trained)


def test_shares_of_time_sum_to_one_and_go_to_the_boxes(
    document: Path, small: dict[str, Any], train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_times, "BUDGET", QUICK)
    small["layers"][2:3] = [{"type": "Residual", "layers": [{"type": "Dense", "units": 16}, {"type": "ReLU"}]}]
    subject = subject_of(document, small, train)
    times = layer_times.layer_times(subject, [], None)
    assert sum(times.nodes.values()) + sum(times.others.values()) == pytest.approx(1)
    boxes = network(subject, times).boxes
    shown = [box.time for box in boxes if box.time is not None]
    assert sum(shown) == pytest.approx(sum(times.nodes.values()))
    assert [box.together for box in boxes] == ["", "", "", "", "", "the loss"]
    block = boxes[2]
    assert block.parameters == 16 * 16 + 16
    assert block.time is not None
    assert block.time >= sum(box.time for box in block.layers if box.time is not None)
    assert [box.kind for box in boxes] == ["weights", "scales", "plain", "plain", "weights", "plain"]
    assert [box.time for box in network(subject, None).boxes] == [None] * 6


def test_the_tokens_of_a_document_are_its_text() -> None:
    text = '{"a\\"b" : ["x", -1.5e3, true], "c": {"d": null}}  '
    found = list(tokens(text))
    assert "".join(token.text for token in found) == text
    assert [(token.kind, token.text) for token in found if token.kind] == [
        ("key", '"a\\"b"'),
        ("string", '"x"'),
        ("number", "-1.5e3"),
        ("word", "true"),
        ("key", '"c"'),
        ("key", '"d"'),
        ("word", "null"),
    ]


@pytest.mark.parametrize(
    ("started", "ended", "text"),
    [
        ("2026-01-02T03:04:05+0000", None, "2 January 2026, 03:04"),
        ("2026-01-02T03:04:05+0000", "2026-01-02T03:04:50+0000", "2 January 2026, 03:04"),
        ("2026-01-02T03:04:05+0000", "2026-01-02T04:00:00+0000", "2 January 2026, 03:04 to 04:00"),
        ("2026-01-02T23:04:05+0000", "2026-01-03T04:00:00+0000", "2 January 2026, 23:04 to 3 January 2026, 04:00"),
        ("yesterday", "today", "yesterday to today"),
    ],
)
def test_times_are_said_as_briefly_as_they_can_be(started: str, ended: str | None, text: str) -> None:
    assert dates_text(started, ended) == text


@pytest.mark.parametrize("mode", ["none", "per_channel", "per_feature", "unit"])
def test_what_is_given_back_is_shown_in_the_values_of_the_samples(mode: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 4)).astype(np.uint8)
    known = Normalisation.fit(x, mode)
    np.testing.assert_allclose(known.restored(known.apply(x, (3, 2, 4))), x, atol=1e-4)
