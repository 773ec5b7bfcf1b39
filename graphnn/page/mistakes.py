"""The mistakes that the network was surest of, as pictures or rows of a table."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from graphnn.datasets.base import Dataset
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo
from graphnn.page.images import Limits, Picture, image_picture, is_image, limits_of
from graphnn.page.measurement import Measured, input_names
from graphnn.reports.kinds import percent_text, six_digits
from graphnn.types import Array

SHOWN = 25
SHOWN_INPUTS = 6  # numbers of a vector in the table


@frozen_dataclass
class Mistake:
    """A sample that was judged wrongly, in words.

    origin: where the sample is from. output: of several, that which is wrong. surety: the probability of what was
    predicted; the error of a regression. picture: of the sample, if it is an image. inputs: its first numbers, if it is
    a vector.
    """

    origin: str
    output: str
    true: str
    predicted: str
    surety: str
    picture: Picture | None
    inputs: tuple[str, ...] = ()


@frozen_dataclass
class Mistakes:
    """The mistakes that are shown, of how many, among how many samples.

    numbers: whether they are of a regression, where each sample is more or less wrong. inputs: how many numbers a
    sample has, if it is a vector; else 0. titles: of those that are shown.
    """

    shown: tuple[Mistake, ...]
    count: int
    samples: int
    numbers: bool
    inputs: int
    titles: tuple[str, ...]


def mistakes(
    data: Dataset, measured: Measured, outputs: Outputs, names: Sequence[str], limits: Limits | None
) -> Mistakes:
    """Return the mistakes with the highest probability of what was predicted, or the largest errors of a regression.

    outputs: those of the part; names: of all outputs. limits: the range of the training inputs, where it is known.
    """
    names = names if isinstance(outputs, Numbers) else measured.evaluation.classes
    found = list(wrong(outputs, measured.probabilities, names))
    sure = sorted(found, key=lambda one: -one.rank)[:SHOWN] if not isinstance(outputs, Numbers) else found
    images = measured.samples.x[np.array([measured.index(one.position) for one in sure], dtype=np.int64)]
    range_ = limits_of(images, limits) if len(images) else (0.0, 1.0)
    shown = tuple(shown_mistake(measured, one, image, range_) for one, image in zip(sure, images, strict=True))
    regression = isinstance(outputs, Numbers)
    count = len(measured.samples) if regression else len(found)
    inputs = 0 if is_image(data.shape) else math.prod(data.shape)
    return Mistakes(shown, count, len(measured.samples), regression, inputs, input_names(data, SHOWN_INPUTS))


@frozen_dataclass
class Wrong:
    """A wrong output, in words. rank: how sure the network was. position: of the sample in its part of the data."""

    rank: float
    position: int
    true: str
    predicted: str
    surety: str
    output: str = ""


def wrong(outputs: Outputs, shares: Array | None, names: Sequence[str]) -> Iterator[Wrong]:
    """Yield what was judged wrongly; of a regression, the samples with the largest errors, largest first.

    shares: the probabilities of the outputs; None for a regression. names: of the classes, or of the outputs.
    """
    if isinstance(outputs, Classes):
        assert shares is not None
        for at in np.flatnonzero(outputs.truth != outputs.predicted):
            share = float(shares[at, outputs.predicted[at]])
            true, predicted = names[int(outputs.truth[at])], names[int(outputs.predicted[at])]
            yield Wrong(share, int(at), true, predicted, percent_text(share))
    elif isinstance(outputs, YesOrNo):
        assert shares is not None
        yield from wrong_answers(outputs, shares, names)
    elif isinstance(outputs, Numbers):
        yield from largest_errors(outputs, names)


def wrong_answers(outputs: YesOrNo, shares: Array, names: Sequence[str]) -> Iterator[Wrong]:
    """Yield each wrong answer yes or no; one output tells two classes apart, several have a name each."""
    truth, predicted = outputs.truth.reshape(shares.shape), outputs.predicted.reshape(shares.shape)
    single = shares.shape[1] == 1
    for at, output in np.argwhere(truth != predicted):
        yes = bool(predicted[at, output])
        share = float(shares[at, output] if yes else 1 - shares[at, output])
        if single:
            yield Wrong(share, int(at), names[int(not yes)], names[int(yes)], percent_text(share))
        else:
            said = ("no", "yes") if yes else ("yes", "no")
            yield Wrong(share, int(at), *said, percent_text(share), names[output])


def largest_errors(outputs: Numbers, names: Sequence[str]) -> Iterator[Wrong]:
    """Yield the samples with the largest errors, each at its worst output, in deviations of that output's target."""
    truth = outputs.truth.reshape(len(outputs.truth), -1).astype(np.float64)
    predicted = outputs.predicted.reshape(truth.shape).astype(np.float64)
    deviation = truth.std(axis=0)
    errors = np.abs(predicted - truth) / np.where(deviation > 0, deviation, 1.0)
    for at in np.argsort(-errors.max(axis=1), kind="stable")[:SHOWN]:
        worst = int(errors[at].argmax())
        values = (truth[at, worst], predicted[at, worst], predicted[at, worst] - truth[at, worst])
        name = names[worst] if len(names) > 1 else ""
        true, said, error = map(six_digits, values)
        yield Wrong(float(errors[at, worst]), int(at), true, said, error, name)


def shown_mistake(measured: Measured, one: Wrong, x: Array, limits: Limits) -> Mistake:
    """Return a mistake with its picture, or its first numbers."""
    origin = measured.origin(one.position)
    picture, inputs = None, tuple[str, ...]()
    if is_image(x.shape):
        alt = f"{measured.part_name} part, {origin}: {one.true}, predicted {one.predicted}"
        picture = image_picture(x, limits, alt)
    else:
        inputs = tuple(map(six_digits, x.ravel()[:SHOWN_INPUTS].tolist()))
    return Mistake(origin, one.output, one.true, one.predicted, one.surety, picture, inputs)
