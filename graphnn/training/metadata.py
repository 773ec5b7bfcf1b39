"""The metadata in a file of trained weights; it has no date, so that equal runs give equal files."""

import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.document.values import plain
from graphnn.losses.base import Loss
from graphnn.losses.class_weights import ClassWeighted
from graphnn.version import __version__


def weights_metadata(
    document: Mapping[str, Any],
    *,
    classes: Sequence[str] | None,
    normalisation: Mapping[str, Any] | None,
    metrics: Mapping[str, Any],
    kernels: str | None = None,
    data: Mapping[str, Any] | None = None,
    loss: Loss | None = None,
) -> dict[str, Any]:
    """Return the metadata of trained weights, as JSON values; saving them adds the format's version.

    document: resolved. classes: the name of each label; None where targets are numbers. normalisation: from
    Normalisation.to_json; None where inputs are not normalised. metrics: "epochs", and the figures of each part.
    kernels: the name of those that trained; data: from Provenance.to_json; both None where nothing was trained. loss:
    whose class weights, as numbers, are among them if it has some.
    """
    weights = loss.class_weights if isinstance(loss, ClassWeighted) else None
    return {
        "document": dict(document),
        "classes": None if classes is None else list(classes),
        "normalisation": None if normalisation is None else dict(normalisation),
        **({} if data is None else {"data": dict(data)}),
        "metrics": dict(metrics),
        **({"class_weights": plain(weights)} if isinstance(weights, tuple) else {}),
        **({} if kernels is None else {"kernels": kernels}),
        "versions": {"graphnn": __version__, "numpy": np.__version__, "python": platform.python_version()},
    }
