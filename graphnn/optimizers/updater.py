"""What one step changes: an optimizer, or several for groups of parameters, at work on the vectors of a network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from graphnn.optimizers.base import Optimizer, clip
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.parameters.parameter import Parameter, in_memory_order
from graphnn.parameters.parameters import ALIGNMENT, Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array


@dataclass(frozen=True)
class Stretch:
    """Elements of the flat vectors, from start to end, that are updated in one way.

    rule: the number of the rule that says by which optimizer and at which learning rate. until_epoch: the first epoch,
    counted from 0, in which they are left alone. parameter: the one that it is, where the optimizer goes by matrix.
    """

    start: int
    end: int
    rule: int
    weight_decay: float
    until_epoch: int | None
    parameter: Parameter | None

    def continues(self, other: "Stretch") -> bool:
        """Whether both are updated alike, number by number."""
        return self.parameter is None and self.way == other.way

    @property
    def way(self) -> tuple[Any, ...]:
        """All but the place."""
        return (self.rule, self.weight_decay, self.until_epoch, self.parameter)


class Updater:
    """Optimizers at work on the parameters of one network.

    rules: that of all parameters that are in no group, then that of each group. state: the vectors that the
    optimizers keep, by slot, and steps: the number of updates so far; a checkpoint saves both and writes them back in
    place. A learning rate is given for each rule, at every step.
    """

    def __init__(self, optimizer: Optimizer, parameters: Parameters, groups: Sequence[ParameterGroup] = ()) -> None:
        self.optimizer, self.parameters = optimizer, parameters
        self.rules = rules(optimizer, groups)
        self.stretches = tuple(stretches(optimizer, parameters, groups))
        self.steps = 0
        size, dtype = parameters.vector.size, parameters.vector.dtype
        slots = dict.fromkeys(slot for rule in self.rules for slot in rule.optimizer.slots)
        self.state: dict[str, Array] = {slot: shared_zeros(size, dtype) for slot in slots}
        self._parts: dict[int, list[list[Stretch]]] = {}

    def step(self, *rates: float, epoch: int = 0) -> None:
        """Update the parameters by their gradient, which is overwritten. rates: one for each rule."""
        self.begin()
        for part in self.parts(1):
            self.update(part, rates, self.steps, epoch)

    def begin(self) -> None:
        """Count a step, and clip the gradient; then `update` every part once, in any order."""
        self.steps += 1
        clip(self.parameters.gradient, self.optimizer.clip_norm)

    def parts(self, count: int) -> list[list[Stretch]]:
        """Return all that is to be updated in parts: as many as asked for of vectors, and one for each matrix.

        Vectors are cut at equal distances; matrices, which take longest, come first, from the largest to the smallest.
        """
        if count not in self._parts:
            self._parts[count] = list(self._cut(count))
        return self._parts[count]

    def _cut(self, count: int) -> Iterator[list[Stretch]]:
        """Yield what `parts` returns."""
        size = self.parameters.vector.size
        length = max(1, -(-size // (count * ALIGNMENT)) * ALIGNMENT)
        matrices = [one for one in self.stretches if one.parameter is not None]
        yield from ([one] for one in sorted(matrices, key=lambda one: one.start - one.end))
        vectors = [one for one in self.stretches if one.parameter is None]
        cut = (list(between(vectors, start, start + length)) for start in range(0, size, length))
        yield from (part for part in cut if part)

    def update(self, part: Sequence[Stretch], rates: Sequence[float], step: int, epoch: int) -> None:
        """Update one part, in the given step and epoch, which is counted from 0."""
        for own in part:
            if own.until_epoch is not None and epoch >= own.until_epoch:
                continue
            optimizer, place = self.rules[own.rule].optimizer, slice(own.start, own.end)
            arrays = [self.parameters.vector[place], self.parameters.gradient[place]]
            arrays += [self.state[slot][place] for slot in optimizer.slots]
            if own.parameter is not None:
                arrays = [matrix(array, own.parameter) for array in arrays]
            vector, gradient, *slots = arrays
            state = dict(zip(optimizer.slots, slots, strict=True))
            rate, decay = rates[own.rule], own.weight_decay
            optimizer.update(vector, gradient, state, learning_rate=rate, step=step, weight_decay=decay)


def stretches(optimizer: Optimizer, parameters: Parameters, groups: Sequence[ParameterGroup]) -> Iterator[Stretch]:
    """Yield the stretches of the flat vectors in their order, those that follow one another and are alike as one."""
    numbers, made = rule_numbers(groups, parameters.stretches), rules(optimizer, groups)
    last: Stretch | None = None
    for (name, place), number in zip(parameters.stretches.items(), numbers, strict=True):
        parameter = parameters.trained[name]
        rule = made[number]
        whole = parameter if rule.optimizer.by_matrix else None
        until = parameters.until_epoch.get(name)
        now = Stretch(place.start, place.stop, number, rule.weight_decay(parameter.role), until, whole)
        if last is not None and last.continues(now):
            last = Stretch(last.start, now.end, *last.way)
        else:
            if last is not None:
                yield last
            last = now
    if last is not None:
        yield last


def between(vectors: Sequence[Stretch], start: int, end: int) -> Iterator[Stretch]:
    """Yield what of the stretches lies between start and end."""
    for one in vectors:
        first, last = max(one.start, start), min(one.end, end)
        if first < last:
            yield Stretch(first, last, *one.way)


def matrix(flat: Array, parameter: Parameter) -> Array:
    """Return a parameter's stretch of a flat vector as filters × inputs, the inputs in the order of memory."""
    array = in_memory_order(flat, parameter)
    inputs = sorted(range(1, array.ndim), key=lambda axis: -array.strides[axis])
    return array.transpose(0, *inputs).reshape(array.shape[0], -1)
