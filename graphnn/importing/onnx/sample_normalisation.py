"""The normalisation of samples at the start of a network: constants of the weights rather than a layer."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.datasets.constants import constants_problem
from graphnn.datasets.preparation import Normalisation
from graphnn.importing.onnx.steps import Affine
from graphnn.types import Array, Shape


def normalisation_of(affine: Affine, mode: str | None = None) -> Normalisation | None:
    """Return the normalisation y = (x − offset)/divisor that a scale and shift at the start are; None where it is none.

    mode: of the document that the network comes from, which is kept where its constants have that form.
    """
    if not np.all(affine.factor > 0):
        return None
    divisor, offset = 1 / affine.factor, -affine.shift / affine.factor
    for each in modes(affine, mode):
        found = with_mode(each, affine.shape, offset, divisor)
        if found is not None:
            return found
    return None


def modes(affine: Affine, mode: str | None) -> Sequence[str]:
    """Return the modes that can say a normalisation, the likeliest first."""
    single = affine.factor.ndim == 0 and affine.shift.ndim == 0
    usual = ("unit", "per_channel", "per_feature") if single and affine.shift == 0 else ("per_channel", "per_feature")
    return usual if mode is None else (mode, *usual)


def with_mode(mode: str, shape: Shape, offset: Array, divisor: Array) -> Normalisation | None:
    """Return the normalisation of a mode with these constants, None where they do not have its form."""
    if mode == "none":
        return None
    count = {"per_channel": shape[0] if len(shape) == 3 else 1, "per_feature": math.prod(shape)}.get(mode, 1)
    rows = []
    for constant in (offset, divisor):
        if constant.size not in (1, count) and not (mode == "per_feature" and len(shape) == 3):
            return None
        full = constant if mode == "per_feature" else constant.ravel()
        row = np.broadcast_to(full, shape if mode == "per_feature" else (count,)).ravel()
        rows.append([shortest(value) for value in row.tolist()])
    values: dict[str, Any] = {"mode": mode, "shape": list(shape), "offset": rows[0], "divisor": rows[1]}
    return None if constants_problem(values) is not None else Normalisation.from_json(values)


def shortest(value: float) -> float:
    """Return a number of float32 as the shortest decimal that stands for it."""
    short = float(str(np.float32(value)))
    return short if math.isclose(short, value, rel_tol=1e-7, abs_tol=1e-37) else value


def given_normalisation(
    shape: Shape, scale: float, mean: Sequence[float], std: Sequence[float]
) -> Normalisation | None:
    """Return the normalisation y = (x/scale − mean)/std of samples of a shape; None where it does not fit the shape.

    mean, std: one number, or one for each channel.
    """
    if len(shape) == 3 and not all(len(each) in (0, 1, shape[0]) for each in (mean, std)):
        return None
    offset = np.asarray(mean or (0.0,), np.float64) * scale
    divisor = np.asarray(std or (1.0,), np.float64) * scale
    if len(shape) == 3:
        offset, divisor = (each.reshape(-1, 1, 1) if each.size > 1 else each.reshape(()) for each in (offset, divisor))
    else:
        offset, divisor = (each if each.size > 1 else each.reshape(()) for each in (offset, divisor))
    single = offset.ndim == 0 and divisor.ndim == 0 and not offset
    for mode in ("unit", "per_channel", "per_feature") if single else ("per_channel", "per_feature"):
        if (found := with_mode(mode, shape, offset, divisor)) is not None:
            return found
    return None
