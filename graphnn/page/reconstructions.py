"""What a network that learns its own inputs gives back, beside what it was given."""

import numpy as np

from graphnn.engine.engine import Engine
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.page.images import Limits, Picture, image_picture, is_image, limits_of
from graphnn.page.measurement import Measured
from graphnn.reports.kinds import six_digits
from graphnn.runs.trained import Trained
from graphnn.types import Array

LOOKED_AT = 1000  # samples, evenly chosen from the part
SHOWN = 7  # of those with the largest errors, and of those in the middle
SHOWN_INPUTS = 6  # numbers of a vector


@frozen_dataclass
class Pair:
    """A sample and what the network gave back. error: the root of the mean squared difference, normalised.

    origin: where the sample is from.
    """

    origin: str
    error: str
    given: Picture | None
    returned: Picture | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@frozen_dataclass
class Reconstructions:
    """The samples that are given back worst, and those in the middle of all that were looked at."""

    worst: tuple[Pair, ...]
    middle: tuple[Pair, ...]
    looked_at: int


def reconstructions(
    trained: Trained, measured: Measured, limits: Limits | None, *, threads: int | None, kernels: str | None
) -> Reconstructions:
    """Return samples of a part of the data beside what the network gives back. Raises GraphError.

    limits: the range of the training inputs, where it is known.
    """
    samples, known = measured.samples, trained.normalisation
    positions = np.unique(np.linspace(0, len(samples) - 1, min(len(samples), LOOKED_AT)).astype(int))
    x, _ = samples.take(positions, trained.graph.input_shape, dtype=trained.parameters.dtype)
    size, used = trained.spec.training["batch_size"], trained.kernels(kernels)
    with Engine(
        trained.graph, trained.parameters, batch_size=size, samples=len(x), threads=threads, kernels=used
    ) as engine:
        y = engine.predict(x)
    differences = y.reshape(len(y), -1).astype(np.float64) - x.reshape(len(x), -1)
    errors = np.sqrt((differences**2).mean(axis=1))
    order = np.argsort(-errors, kind="stable")
    start = max(SHOWN, (len(order) - SHOWN) // 2)
    chosen = np.concatenate([order[:SHOWN], order[start : start + SHOWN]])
    stored = np.asarray(samples.x[[measured.index(int(at)) for at in positions[chosen]]])
    returned = known.restored(y[chosen].reshape(len(chosen), *known.shape))
    range_ = limits_of(stored, limits)
    pairs = tuple(
        pair(measured.origin(int(positions[at])), float(errors[at]), given, back, range_)
        for at, given, back in zip(chosen, stored, returned, strict=True)
    )
    return Reconstructions(pairs[:SHOWN], pairs[SHOWN:], len(positions))


def pair(origin: str, error: float, given: Array, back: Array, limits: Limits) -> Pair:
    """Return a sample beside what was given back, as pictures or numbers."""
    if is_image(given.shape):
        pictures = (
            image_picture(given, limits, origin),
            image_picture(back, limits, f"{origin}, as given back"),
        )
        return Pair(origin, six_digits(error), *pictures, (), ())
    numbers = (tuple(map(six_digits, one.ravel()[:SHOWN_INPUTS].tolist())) for one in (given, back))
    return Pair(origin, six_digits(error), None, None, *numbers)
