"""Base classes of layers with parameters, whose setting `trainable` fixes some of them, always or from an epoch on."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.base import Drawn, FromImages, initializer_from, initializer_values
from graphnn.layers.base import Layer
from graphnn.parameters.parameter import Parameter
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import Shape

TrainingSpan = bool | Mapping[str, int]  # true: in all epochs; false: in none; {"until_epoch": 3}: in the first three


@frozen_dataclass(kw_only=True)
class TrainableLayer(Layer):
    """A layer with a setting for which of its parameters are trained.

    trainable: one value for all, or values by name; parameters that are not named are trained.
    """

    trainable: bool | Mapping[str, TrainingSpan] = True

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        yield from super().findings(input_shape)
        if not isinstance(self.trainable, Mapping):
            return
        known = replace(self, trainable=True).what_trains(input_shape)
        for name in self.trainable:
            if name not in known:
                suggestion = did_you_mean(name, known) or f"; it has {', '.join(known) or 'nothing'} to train"
                message = f"with these settings {self.type} has no {quoted(name)}{suggestion}"
                yield Finding(("trainable", name), message, key=True)

    @property
    def fixed_statistics(self) -> bool:
        """Whether it has running statistics by which training, too, normalises, and which it leaves as they are."""
        return False

    def what_trains(self, input_shape: Shape) -> list[str]:
        """Return the names that the setting may have values for: those of the trained parameters."""
        return [each.name for each in self.parameters(input_shape) if each.trainable]

    def as_trained(self, *declared: Parameter) -> tuple[Parameter, ...]:
        """Return the declarations of parameters, changed as the setting says."""
        return tuple(self._as_trained(parameter) for parameter in declared)

    def _as_trained(self, parameter: Parameter) -> Parameter:
        span = self.trainable.get(parameter.name, True) if isinstance(self.trainable, Mapping) else self.trainable
        if isinstance(span, Mapping):
            return replace(parameter, until_epoch=int(span["until_epoch"]))
        return parameter if span else replace(parameter, trainable=False)


@frozen_dataclass(kw_only=True)
class WeightedLayer(TrainableLayer):
    """A layer that multiplies by weights. initializer: of the weights, a name, or an object as in a document."""

    initializer: str | Mapping[str, Any] | Section = "he_normal"

    def __post_init__(self) -> None:
        if isinstance(self.initializer, Mapping | Section):
            object.__setattr__(self, "initializer", initializer_values(self.initializer))
        super().__post_init__()

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        yield from super().findings(input_shape)
        yield from self.weight_initializer.findings(self.parameters(input_shape)[0].shape, input_shape)

    @property
    def weight_initializer(self) -> Drawn | FromImages:
        """The initializer that the setting names. Raises SpecError where it is unknown."""
        assert not isinstance(self.initializer, Section)
        return initializer_from(self.initializer)
