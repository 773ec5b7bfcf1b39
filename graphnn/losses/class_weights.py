"""The weights of classes in a loss: as numbers, by name or number of the class, or balanced by how many there are."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any, Self, cast

import numpy as np

from graphnn.document.document import listed
from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.losses.base import Loss
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import Array, Shape

BALANCED = "balanced"
Numbers = tuple[Any, ...]  # a weight for each class, or for each output a pair: of no and of yes
Setting = Numbers | Mapping[str, float] | str | None


@frozen_dataclass
class Unfit:
    """What is wrong with a setting. key: the class that it is wrong about; None: with all of it."""

    message: str
    key: str | int | None = None


class ClassWeighted(Loss):
    """A loss whose samples count as much as their class weighs.

    class_weights: a number for each class; by name or number of the class, the others weighing 1; "balanced"; or None.
    The loss and its gradient are those of numbers: `weighted` makes them of the rest. Raises GraphError where they are
    not known.
    """

    class_weights: Setting

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_weights", plain(self.class_weights))
        super().__post_init__()
        if not self._passed_schema and isinstance(self.class_weights, tuple | Mapping):
            unfit = unfit_numbers(self.class_weights)
            if unfit is not None:
                raise GraphError(f"{type(self).__name__}: class_weights: {unfit.message}")

    def class_count(self, output_shape: Shape) -> int:
        """Return the number of classes that can have a weight, for outputs of this shape (of one sample)."""
        return output_shape[0]

    def counts(self, targets: Array, output_shape: Shape) -> Array:
        """Return how many samples are of each class, float64: K of these, or for several yes-or-no outputs 2×K."""
        raise NotImplementedError

    def balanced_shape(self, output_shape: Shape) -> Shape:
        """Return the shape of the array of balanced weights: K, or K×2 for several yes-or-no outputs."""
        return (self.class_count(output_shape),)

    def unfit(self, output_shape: Shape, names: Sequence[str] | None) -> Unfit | None:
        """Return what is wrong with the class weights for outputs of this shape, None where nothing is.

        names: of the classes; None: not known, so that weights by name cannot be checked.
        """
        setting, count = self.class_weights, self.class_count(output_shape)
        if setting is None or isinstance(setting, str):
            return None
        unfit = unfit_numbers(setting)
        if unfit is None and isinstance(setting, tuple) and len(setting) != count:
            unfit = Unfit(
                f"has {len(setting)} weights, but there are {self.classes_text(output_shape)}; write {count} weights"
            )
        if unfit is None and isinstance(setting, Mapping) and names is not None:
            unfit = unfit_names(setting, names, count)
        return unfit

    def classes_text(self, output_shape: Shape) -> str:
        """Return the number of classes in words, for outputs of this shape."""
        return f"{output_shape[0]} classes"

    def weighted(self, output_shape: Shape, targets: Array | None, names: Sequence[str] | None) -> Self:
        """Return the loss with a number for each class.

        targets: of the samples to train on, which "balanced" counts; None: there are none. names: of the classes, where
        they have some. Raises GraphError where the weights do not fit, or cannot be known.
        """
        setting, count = self.class_weights, self.class_count(output_shape)
        known = numbered(count) if names is None else names
        unfit = self.unfit(output_shape, known)
        if unfit is not None:
            raise GraphError(f"class_weights: {unfit.message}")
        if isinstance(setting, Mapping):
            by_index = {index_of(key, known, count): weight for key, weight in setting.items()}
            return self.with_numbers([by_index.get(index, 1.0) for index in range(count)])
        if setting != BALANCED:
            return self
        if targets is None:
            raise GraphError('the class weights "balanced" are known where there are labels to train on; write numbers')
        return self.with_numbers(balanced(self.counts(targets, output_shape)))

    def with_numbers(self, numbers: Any) -> Self:
        """Return the loss with these class weights, which are taken as they are."""
        loss: Any = self
        settings = {each.name: getattr(self, each.name) for each in fields(loss)}
        return self.from_checked(**{**settings, "class_weights": plain(np.asarray(numbers, np.float64))})

    def without_weights(self) -> Self:
        """Return the loss with all classes weighing the same."""
        return replace(cast(Any, self), class_weights=None)  # type: ignore[no-any-return]

    def settled(self, output_shape: Shape) -> Self:
        return self.weighted(output_shape, None, None)

    def _weights(self, dtype: Any) -> Array | None:
        """Return the class weights as an array; None where all classes weigh the same."""
        setting = self.class_weights
        if setting is None:
            return None
        if not isinstance(setting, tuple):
            raise GraphError(
                f"the class weights {json.dumps(setting)} are not known as numbers yet: fit first, or load weights "
                "that have them"
            )
        return as_array(setting, np.dtype(dtype))


@cache  # it is needed for every piece of every batch
def as_array(numbers: Numbers, dtype: Any) -> Array:
    """Return class weights as an array of this dtype, which nobody may change."""
    array = np.array(numbers, dtype)
    array.setflags(write=False)
    return array


def plain(setting: Any) -> Any:
    """Return class weights in the form of a document: arrays and lists as tuples, classes by number as text."""
    if isinstance(setting, np.ndarray | np.generic):
        setting = setting.tolist()
    if isinstance(setting, Mapping):
        return {str(key): value for key, value in setting.items()}
    return tuple(plain(item) for item in setting) if isinstance(setting, list | tuple) else setting


def balanced(counts: Array) -> Array:
    """Return the weights N/(K·n) of classes with n of N samples, of which K have any; the others weigh 1.

    counts: n of each class, K; or 2×K for several outputs, whose answers no and yes are balanced for each by itself;
    then a pair for each output is returned, K×2.
    """
    present = (counts > 0).sum(axis=0)
    weights = np.where(counts > 0, counts.sum(axis=0) / (present * np.where(counts > 0, counts, 1)), 1.0)
    return np.asarray(weights.T)


def unfit_numbers(setting: Numbers | Mapping[str, float]) -> Unfit | None:
    """Return what is wrong with the numbers of class weights whatever the classes are, or None."""
    weights = setting.items() if isinstance(setting, Mapping) else enumerate(setting)
    for key, weight in weights:
        if isinstance(weight, tuple):
            continue  # a pair that `balanced` has made
        if not (math.isfinite(weight) and weight >= 0):
            return Unfit(f"a weight is at least 0, not {weight}", key)
    if isinstance(setting, tuple) and not any(map(np.any, setting)):
        return Unfit("all weights are 0, so that nothing would be learnt")
    return None


def unfit_names(weights: Mapping[str, float], names: Sequence[str], count: int) -> Unfit | None:
    """Return what is wrong with the names and numbers of classes, or None."""
    seen: dict[int, str] = {}
    for key in weights:
        index = index_of(key, names, count)
        if index is None:
            classes = f"classes: {listed([quoted(name) for name in names])}"
            close = did_you_mean(key, names)
            return Unfit(f"unknown class {quoted(key)}{f'{close} The {classes}' if close else f'; the {classes}'}", key)
        if index in seen:
            return Unfit(f"is class {quoted(names[index])}, which {quoted(seen[index])} is too; write one of them", key)
        seen[index] = key
    if len(seen) == count and not any(weights.values()):
        return Unfit("all weights are 0, so that nothing would be learnt")
    return None


def index_of(key: str, names: Sequence[str], count: int) -> int | None:
    """Return the index of a class by its name, or by its number where no class is called so; None for neither."""
    if key in names:
        return list(names).index(key)
    index = int(key) if key.isascii() and key.isdecimal() and str(int(key)) == key else -1
    named_by_numbers = all(name.isdecimal() for name in names)
    return index if 0 <= index < count and not (named_by_numbers and index < len(names)) else None


def numbered(count: int) -> tuple[str, ...]:
    """Return the names of classes that have none: 0, 1, 2, …"""
    return tuple(map(str, range(count)))
