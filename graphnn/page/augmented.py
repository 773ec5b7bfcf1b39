"""Training samples as they are stored, and as training sees them in its first epochs, augmented."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphnn.augmentation.base import augmentations_from
from graphnn.datasets.base import Dataset
from graphnn.datasets.preparation import Normalisation
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.page.images import Limits, Picture, image_picture, is_image, limits_of
from graphnn.page.measurement import input_names
from graphnn.reports.kinds import six_digits
from graphnn.runs.trained import Trained
from graphnn.training.samples import Samples
from graphnn.types import Array

SHOWN = 8  # samples
DRAWS = 4  # epochs
LOOKED_AT = 4096  # samples among which one of each class is looked for
SHOWN_INPUTS = 8  # numbers of a vector


@frozen_dataclass
class Sample:
    """A training sample. label: in words. original: its picture. draws: as augmented. inputs: numbers of a vector."""

    label: str
    original: Picture | None
    draws: tuple[Picture, ...]
    inputs: tuple[str, ...]


@frozen_dataclass
class TrainingSamples:
    """Some training samples.

    augmentations: their names, in order; none where samples are not augmented. inputs: how many numbers a sample has,
    if it is a vector; titles: of those that are shown.
    """

    shown: tuple[Sample, ...]
    augmentations: tuple[str, ...]
    count: int
    inputs: int = 0
    titles: tuple[str, ...] = ()


def training_samples(trained: Trained, data: Dataset, limits: Limits | None) -> TrainingSamples:
    """Return a sample of each class, or the first ones, with DRAWS augmented versions. Raises GraphError.

    limits: the range of the training inputs, where it is known.
    """
    samples = trained.part(data, "train")
    names = trained.classes or data.classes
    positions = chosen(samples, labelled=names is not None)
    x = stored_inputs(samples, positions)
    labels = [""] * len(positions)
    if not samples.learns_inputs:
        labels = [label(target, names) for target in samples.targets(positions)]
    if not is_image(samples.x.shape[1:]):
        shown = [
            Sample(text, None, (), tuple(map(six_digits, each.ravel()[:SHOWN_INPUTS].tolist())))
            for text, each in zip(labels, x, strict=True)
        ]
        return TrainingSamples(tuple(shown), (), len(samples), x[0].size, input_names(data, SHOWN_INPUTS))
    augmentations = augmentations_from(trained.spec.data["augment"])
    range_ = limits_of(x, limits)
    draws = [augmented(trained, samples, positions, epoch) for epoch in range(DRAWS)] if augmentations else []
    shown = [
        Sample(
            text,
            image_picture(x[at], range_, f"training sample: {text}" if text else "training sample"),
            tuple(
                image_picture(drawn[at], range_, f"the same, as in epoch {epoch}")
                for epoch, drawn in enumerate(draws, start=1)
            ),
            (),
        )
        for at, text in enumerate(labels)
    ]
    return TrainingSamples(tuple(shown), tuple(each.type for each in augmentations), len(samples))


def chosen(samples: Samples, *, labelled: bool) -> Array:
    """Return the positions of the samples to show: the first of each class in turn, or the first ones."""
    looked_at = np.arange(min(len(samples), LOOKED_AT))
    if not labelled or samples.y.ndim != 1 or samples.y.dtype.kind not in "iu":
        return looked_at[:SHOWN]
    targets = samples.targets(looked_at)
    _, first = np.unique(targets, return_index=True)
    return np.asarray(first[:SHOWN] if len(first) >= SHOWN else [*first, *np.setdiff1d(looked_at, first)][:SHOWN])


def stored_inputs(samples: Samples, positions: Array) -> Array:
    """Return the samples at some positions as they are stored."""
    return np.asarray(samples.x[positions if samples.indices is None else samples.indices[positions]])


def augmented(trained: Trained, samples: Samples, positions: Array, epoch: int) -> Array:
    """Return samples as training augmented them in an epoch, counted from 0; they are not normalised."""
    if not trained.normalisation.mode.startswith("per_"):  # the mean is that of those shown, so as not to read all
        x = stored_inputs(samples, positions)
        samples = replace(samples, normalisation=Normalisation.fit(x, "per_channel"))
    seed = trained.spec.training["seed"]
    augmenter = samples.augmented(augmentations_from(trained.spec.data["augment"]), seed).augmenter
    assert augmenter is not None
    return augmenter.apply(stored_inputs(samples, positions), positions, epoch)


def label(target: Array, names: Sequence[str] | None) -> str:
    """Return a target in words: the name of its class, or its numbers."""
    values = np.asarray(target)
    if names is not None and values.ndim == 0 and 0 <= int(values) < len(names):
        return names[int(values)]
    shown = [six_digits(float(value)) for value in values.ravel()[:SHOWN_INPUTS]]
    return ", ".join([*shown, *(["…"] if values.size > SHOWN_INPUTS else [])])
