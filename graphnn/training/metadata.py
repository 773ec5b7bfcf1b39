"""What a weights file says about itself besides its arrays; equal runs say equal things, so there is no date."""

import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.version import __version__


def weights_metadata(
    document: Mapping[str, Any],
    *,
    classes: Sequence[str] | None,
    normalisation: Mapping[str, Any] | None,
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the metadata of trained weights, as JSON values; the format's version is added when they are saved.

    document: resolved. classes: the name of each label; None where targets are numbers. normalisation: as of
    Normalisation.to_json; None where inputs stay as they are. metrics: "epochs", and figures by part.
    """
    return {
        "document": dict(document),
        "classes": None if classes is None else list(classes),
        "normalisation": None if normalisation is None else dict(normalisation),
        "metrics": dict(metrics),
        "versions": {"graphnn": __version__, "numpy": np.__version__, "python": platform.python_version()},
    }
