"""Provenance: what weights were trained on, as it travels in their file."""

import math
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Self, TypeVar

from graphnn.datasets.base import Dataset, facts_of
from graphnn.datasets.digest import digests
from graphnn.datasets.precision import pieces
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.errors import DataError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.split_seed import with_split_seed
from graphnn.types import Array

T = TypeVar("T")
UNKNOWN = "unknown.npz"  # the path in the document of a model whose data set is not known


@frozen_dataclass
class Provenance:
    """What weights were trained on, without the class names and the normalisation, which files have beside it.

    dataset: its name in documents; None for arrays given in Python. digests: of the parts, from `digests`. seed,
    validation_split, limit: of the split into training and validation part, the seed being data.seed (in older versions
    training.seed); None for arrays; limit None: all samples.
    dtype: of the inputs as stored. range: the least and the largest value of the training inputs. table: how the
    columns of a table became them. test_drawn: whether the test part was drawn, from files that have none.
    What a file of an older version does not say is None, False, or empty.
    """

    dataset: str | None
    digests: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    validation_split: float | None = None
    limit: int | None = None
    dtype: str | None = None
    range: tuple[float, float] | None = None
    table: TableEncoding | None = None
    test_drawn: bool = False

    @classmethod
    def of(cls, name: str, dataset: Dataset, *, seed: int, validation_split: float, limit: int | None) -> Self:
        """Return that of a training on a whole data set, before its limit. name: in documents."""
        x, known = dataset.x_train, dataset.summaries.get("train")
        limits = range_of(x) if known is None else (min(known.low), max(known.high))
        found, drawn = digests(dataset), dataset.test_drawn
        return cls(name, found, seed, validation_split, limit, x.dtype.name, limits, dataset.table, test_drawn=drawn)

    @classmethod
    def of_arrays(cls, x: Array, before: "Provenance | None") -> Self:
        """Return that of a fit on arrays in Python. before: of the weights that the fit started from."""
        low, high = range_of(x)
        if before is not None and before.range is not None:
            low, high = min(low, before.range[0]), max(high, before.range[1])
        return cls(None, dtype=x.dtype.name, range=(low, high))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON values from which `from_meta` restores it."""
        return {
            "dataset": self.dataset,
            "digests": dict(self.digests),
            "seed": self.seed,
            "validation_split": self.validation_split,
            "limit": self.limit,
            "dtype": self.dtype,
            "range": None if self.range is None else list(self.range),
            **({} if self.table is None else {"table": self.table.to_json()}),
            **({"test_drawn": True} if self.test_drawn else {}),
        }

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any], file: Path | str) -> Self | None:
        """Return that in the metadata of a weights file; of an older file, what its document says, or else None.

        Raises WeightsError where the values are not those of `to_json`.
        """
        if "data" not in meta:
            return cls.from_document(meta.get("document"), meta.get("normalisation"))
        values = meta["data"]
        try:
            limits = None if values["range"] is None else tuple(map(number, values["range"]))
            found = cls(
                dataset=optional(values["dataset"], str),
                digests={str(part): typed(value, str) for part, value in values["digests"].items()},
                seed=optional(values["seed"], int),
                validation_split=None if values["validation_split"] is None else number(values["validation_split"]),
                limit=optional(values["limit"], int),
                dtype=optional(values["dtype"], str),
                range=limits,  # type: ignore[arg-type]  # its length is checked below
                table=TableEncoding.from_json(values["table"]) if "table" in values else None,
                test_drawn=typed(values.get("test_drawn", False), bool),
            )
            if limits is not None and (len(limits) != 2 or limits[0] > limits[1]):
                raise ValueError(f"range is {values['range']}, where the least and the largest value are needed")
            if found.seed is not None and found.seed < 0:
                raise ValueError(f"seed is {found.seed}")
            if found.limit is not None and found.limit < 1:
                raise ValueError(f"limit is {found.limit}")
            if found.validation_split is not None and not 0 <= found.validation_split < 1:
                raise ValueError(f"validation_split is {found.validation_split}")
            if found.dataset is not None and (found.seed is None or found.validation_split is None):
                raise ValueError("there is a data set, but not how it was split")
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            said = f"{problem} is missing" if isinstance(problem, KeyError) else problem
            raise WeightsError(f"{file}: what it says of the data it was trained on is damaged: {said}") from problem
        return found

    @classmethod
    def from_document(cls, document: Any, normalisation: Any) -> Self | None:
        """Return what the resolved document in an older file says of the data; None where it says nothing.

        Where inputs were normalised by more than 1 and the data set has bytes, their range is known too.
        """
        try:
            data = with_split_seed(document)["data"]
            name = None if data.get("path") == UNKNOWN else typed(data["dataset"], str)
            facts = None if name is None else facts_of(name)
            in_bytes = facts is not None and facts.bytes and bool(normalisation) and max(normalisation["divisor"]) > 1
            return cls(
                name,
                seed=typed(data["seed"], int),
                validation_split=number(data["validation_split"]),
                dtype="uint8" if in_bytes else None,
                range=(0.0, 255.0) if in_bytes else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError, DataError):
            return None


def range_of(x: Array) -> tuple[float, float]:
    """Return the least and the largest value."""
    ranges = [(piece.min(), piece.max()) for piece in pieces(x)]
    return float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))


def typed(value: Any, kind: type[T]) -> T:
    """Return the value. Raises TypeError unless it is of this type."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def optional(value: Any, kind: type[T]) -> T | None:
    """Return the value, which may be None. Raises TypeError unless it is of this type."""
    return None if value is None else typed(value, kind)


def number(value: Any) -> float:
    """Return a finite JSON number as float. Raises TypeError for anything else."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)
