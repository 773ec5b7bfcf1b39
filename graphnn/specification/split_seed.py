"""What documents and files of older versions, which split the data by training.seed, mean now that data.seed does."""

from collections.abc import Mapping
from typing import Any

from graphnn.document.document import value_at
from graphnn.specification.schema_problems import Finding
from graphnn.specification.spec import Spec

DATA_SEED, TRAINING_SEED = ("data", "seed"), ("training", "seed")


def with_split_seed(resolved: Any) -> Any:
    """Return a resolved document of an older version with the seed of its split as data.seed; any other as it is."""
    if not isinstance(resolved, Mapping):
        return resolved
    data, seed = resolved.get("data"), value_at(resolved, TRAINING_SEED)
    if not isinstance(data, Mapping) or "seed" in data or seed is None:
        return resolved
    return {**resolved, "data": {**data, "seed": seed}}


def holds_out(resolved: Any) -> bool:
    """Return whether a resolved document has a validation part."""
    return bool(value_at(resolved, ("data", "validation_split")))


def both_older(spec: Spec, resolved: Any) -> bool:
    """Return whether a resolved document is of an older version, and the document of the spec writes no data.seed.

    Then both were split by their training.seed when they were written.
    """
    return value_at(spec.document.value, DATA_SEED) is None and with_split_seed(resolved) is not resolved


def moved_split(spec: Spec) -> Finding | None:
    """Return a note where the text of a document has another validation part than in older versions.

    A training.seed from the command line or from a variant gets none: it is not what the document says.
    """
    document, seed = spec.document, spec.training["seed"]
    if not seed or not spec.data["validation_split"] or value_at(document.value, DATA_SEED) is not None:
        return None
    if not document.written(TRAINING_SEED) or any(path == TRAINING_SEED for path, _ in document.changed):
        return None
    message = (
        f"{seed} no longer chooses the validation part; data.seed does, which is 0 unless it is written. Write "
        f'"seed": {seed} in data for the part of older versions, or "seed": 0 for this one without this note'
    )
    return Finding(TRAINING_SEED, message)
