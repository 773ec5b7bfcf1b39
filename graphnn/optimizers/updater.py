"""Updates the flat vectors of a network by one optimizer, or by several for groups of parameters."""

from collections.abc import Iterator, Sequence
from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import Optimizer, clip
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rules import rule_numbers, rules
from graphnn.parameters.parameter import Parameter, in_memory_order
from graphnn.parameters.parameters import ALIGNMENT, Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array


@frozen_dataclass
class Segment:
    """Elements start to end of the flat vectors, all updated with the same settings.

    rule: the number of the rule that has their optimizer and learning rate. until_epoch: the first epoch, counted from
    0, in which they are frozen; None: never. parameter: the one they belong to, where the optimizer works by matrix.
    """

    start: int
    end: int
    rule: int
    weight_decay: float
    until_epoch: int | None
    parameter: Parameter | None

    def continues(self, other: "Segment") -> bool:
        """Whether both can be one segment: element by element, with the same settings."""
        return self.parameter is None and self.settings == other.settings

    @property
    def settings(self) -> tuple[Any, ...]:
        """All fields but start and end."""
        return (self.rule, self.weight_decay, self.until_epoch, self.parameter)


class Updater:
    """Updates the parameters of one network, each by the optimizer of its rule.

    rules: that of the parameters in no group, then that of each group; a step takes a learning rate for each of them.
    state: the vectors that the optimizers keep, by slot; steps: the number of updates so far; a checkpoint saves both
    and restores them in place.
    """

    def __init__(self, optimizer: Optimizer, parameters: Parameters, groups: Sequence[ParameterGroup] = ()) -> None:
        self.optimizer, self.parameters = optimizer, parameters
        self.rules = rules(optimizer, groups)
        self.segments = tuple(segments(optimizer, parameters, groups))
        self.steps = 0
        size, dtype = parameters.vector.size, parameters.vector.dtype
        slots = dict.fromkeys(slot for rule in self.rules for slot in rule.optimizer.slots)
        self.state: dict[str, Array] = {slot: shared_zeros(size, dtype) for slot in slots}
        self._parts: dict[int, list[list[Segment]]] = {}

    def step(self, *rates: float, epoch: int = 0) -> None:
        """Update the parameters by their gradient, which is overwritten. rates: one for each rule. epoch: from 0."""
        self.begin()
        for part in self.parts(1):
            self.update(part, rates, self.steps, epoch)

    def begin(self) -> None:
        """Count a step, and clip the gradient. Call `update` after it once for every part, in any order."""
        self.steps += 1
        clip(self.parameters.gradient, self.optimizer.clip_norm)

    def parts(self, count: int) -> list[list[Segment]]:
        """Return the segments in at most `count` parts to be shared out, each about as much work.

        Matrices go whole to the part that has least so far, from the one that takes longest; vectors are cut into equal
        lengths. Of the six matrices of models/cifar10_record.json, one of two parts has six tenths of the work so;
        with the three largest in one part, it had nine tenths.
        """
        if count not in self._parts:
            self._parts[count] = self._cut(count)
        return self._parts[count]

    def _cut(self, count: int) -> list[list[Segment]]:
        """Return the parts that `parts` returns."""
        size = self.parameters.vector.size
        length = max(1, -(-size // (count * ALIGNMENT)) * ALIGNMENT)
        vectors = [segment for segment in self.segments if segment.parameter is None]
        parts = [list(between(vectors, start, start + length)) for start in range(0, size, length)]
        parts += [[] for _ in range(count - len(parts))]
        loads = [0] * len(parts)
        matrices = [segment for segment in self.segments if segment.parameter is not None]
        for segment in sorted(matrices, key=matrix_work, reverse=True):
            least = loads.index(min(loads))
            parts[least].append(segment)
            loads[least] += matrix_work(segment)
        return [part for part in parts if part]

    def update(self, part: Sequence[Segment], rates: Sequence[float], step: int, epoch: int) -> None:
        """Update one part. rates: one for each rule. step: the number of this update, from 1. epoch: from 0."""
        for segment in part:
            if segment.until_epoch is not None and epoch >= segment.until_epoch:
                continue
            optimizer, elements = self.rules[segment.rule].optimizer, slice(segment.start, segment.end)
            arrays = [self.parameters.vector[elements], self.parameters.gradient[elements]]
            arrays += [self.state[slot][elements] for slot in optimizer.slots]
            if segment.parameter is not None:
                arrays = [matrix(array, segment.parameter) for array in arrays]
            vector, gradient, *slots = arrays
            state = dict(zip(optimizer.slots, slots, strict=True))
            rate, decay = rates[segment.rule], segment.weight_decay
            optimizer.update(vector, gradient, state, learning_rate=rate, step=step, weight_decay=decay)


def segments(optimizer: Optimizer, parameters: Parameters, groups: Sequence[ParameterGroup]) -> Iterator[Segment]:
    """Yield the segments of the flat vectors in their order; adjacent parameters with the same settings become one."""
    numbers, made = rule_numbers(groups, parameters.slices), rules(optimizer, groups)
    last: Segment | None = None
    for (name, elements), number in zip(parameters.slices.items(), numbers, strict=True):
        parameter = parameters.trained[name]
        rule = made[number]
        whole = parameter if rule.optimizer.by_matrix else None
        until = parameters.until_epoch.get(name)
        now = Segment(elements.start, elements.stop, number, rule.weight_decay(parameter.role), until, whole)
        if last is not None and last.continues(now):
            last = Segment(last.start, now.end, *last.settings)
        else:
            if last is not None:
                yield last
            last = now
    if last is not None:
        yield last


def between(vectors: Sequence[Segment], start: int, end: int) -> Iterator[Segment]:
    """Yield the parts of the segments between start and end."""
    for segment in vectors:
        first, last = max(segment.start, start), min(segment.end, end)
        if first < last:
            yield Segment(first, last, *segment.settings)


def matrix_work(segment: Segment) -> int:
    """Return about how much work the update of a matrix is: its elements times its shorter side."""
    assert segment.parameter is not None
    size, rows = segment.parameter.size, segment.parameter.shape[0]
    return size * min(rows, size // rows)


def matrix(flat: Array, parameter: Parameter) -> Array:
    """Return the elements of a parameter as a matrix filters × inputs, the inputs in memory order."""
    array = in_memory_order(flat, parameter)
    inputs = sorted(range(1, array.ndim), key=lambda axis: -array.strides[axis])
    return array.transpose(0, *inputs).reshape(array.shape[0], -1)
