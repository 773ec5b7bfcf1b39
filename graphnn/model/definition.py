"""Definition: the parts of a model, read from a document or written to one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Self

from graphnn.augmentation.base import Augmentation
from graphnn.datasets.provenance import UNKNOWN
from graphnn.document.values import described, document_text, section_values
from graphnn.errors import GraphError
from graphnn.graph.build import build_graph, layer_from
from graphnn.layers.precision import checked_dtype
from graphnn.layers.settings import added_fragments, fragments, types_in
from graphnn.losses.base import Loss
from graphnn.model.sections import augmentation_values, section_descriptions, section_settings
from graphnn.model.stack import Stack
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup, group_values
from graphnn.optimizers.sections import groups_from, optimizer_from, schedule_from
from graphnn.schedules.base import Schedule
from graphnn.schedules.constant import Constant
from graphnn.specification.sections import to_json
from graphnn.specification.spec import Spec, read_spec, spec_from_values

UNKNOWN_DATA = {"dataset": "npz", "path": UNKNOWN}  # of a model whose data set is not known
OF_EVERY_DATA_SET = ("description", "validation_split", "seed", "normalize", "augment")
BATCH_SIZE = 128  # unless a fit or a document sets another


class Definition(Stack):
    """A loss, an optimizer and layers in sequence, as in a document. The arguments are those of Model."""

    def __init__(
        self,
        loss: Loss,
        optimizer: Optimizer,
        schedule: Schedule | None = None,
        *,
        groups: Sequence[ParameterGroup] = (),
        name: str = "model",
        description: str | None = None,
        normalize: str = "none",
        augment: Sequence[Augmentation | Mapping[str, Any]] = (),
        targets: str | None = None,
        seed: int = 0,
        dtype: Any = "float32",
    ) -> None:
        super().__init__()
        for base, part, expected in (
            (Loss, loss, "a loss such as CrossEntropy()"),
            (Optimizer, optimizer, "an optimizer such as SGD()"),
            (Schedule, schedule or Constant(), "a schedule such as Cosine()"),
        ):
            if not isinstance(part, base):
                raise GraphError(f"a Model takes {expected}, not {part!r}")
        self.loss, self.optimizer, self.schedule, self.groups = loss, optimizer, schedule, tuple(groups)
        self.name, self.description, self.seed = name, description, seed
        self.dtype = checked_dtype(dtype)
        self._descriptions: dict[str, str] = {}  # of the document's sections, except the layers
        self._data: dict[str, Any] = {**UNKNOWN_DATA, "seed": 0, "normalize": normalize}
        if augment:
            self._data["augment"] = [augmentation_values(each) for each in augment]
        if targets is not None:
            self._data["targets"] = targets
        self._training: dict[str, Any] = {"epochs": 1, "batch_size": BATCH_SIZE}
        self._evaluation: dict[str, Any] = {}
        self._fit_training: dict[str, Any] = {}  # arguments of the last fit, which override the above
        self._fit_evaluation: dict[str, Any] = {}

    @classmethod
    def from_document(cls, file: str | Path, *, overrides: Sequence[str] = (), dtype: Any = "float32") -> Self:
        """Return the untrained model of a document. overrides: as in --set. Raises SpecError and ShapeError.

        dtype: of the model; documents do not have one.
        """
        spec = read_spec(file, overrides=overrides, plugins=added_fragments())
        graph = build_graph(spec)
        model = cls(
            graph.loss,
            optimizer_from(spec.optimizer),
            schedule_from(spec.optimizer.options["schedule"]) if spec.optimizer.options["schedule"] else None,
            groups=groups_from(spec.optimizer),
            name=spec.name,
            description=spec.description,
            normalize=spec.data["normalize"],
            seed=spec.training["seed"],
            dtype=dtype,
        )
        model._descriptions = section_descriptions(spec)
        for section in spec.layers:
            shape = None if model.layers else spec.input_shape
            model.add(replace(layer_from(section, all_names=False), input_shape=shape))
        model._data = {key: to_json(value) for key, value in spec.data.items() if value is not None}
        model._training, model._evaluation = section_settings(spec, "training"), section_settings(spec, "evaluation")
        return model

    @property
    def learns_inputs(self) -> bool:
        """Whether the targets are the model's own inputs, as of an autoencoder."""
        return self._data.get("targets") == "inputs"

    def to_document(
        self,
        file: str | Path | None = None,
        *,
        data: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the model as the values of a document, and write them to `file` if it is given.

        data, training: settings of these sections, such as {"dataset": "digits"} and {"epochs": 5}, which override
        those of the model. Raises SpecError where the document would not be valid, and GraphError where the data set is
        not known or the file cannot be written.
        """
        values = self._values()
        if data is not None and data.get("dataset", values["data"]["dataset"]) != values["data"]["dataset"]:
            values["data"] = {key: value for key, value in values["data"].items() if key in OF_EVERY_DATA_SET}
        values["data"] |= data or {}
        values["training"] |= training or {}
        if values["data"].get("path") == UNKNOWN:
            raise GraphError('to_document needs to know the data, for example data={"dataset": "digits"}')
        build_graph(self._checked(values))
        if file is not None:
            try:
                Path(file).write_text(document_text(values), encoding="utf-8")
            except OSError as problem:
                raise GraphError(f"{file}: cannot be written: {problem.strerror}") from problem
        return values

    def spec(self) -> Spec:
        """Return the model as a Spec, as if it were read from a document. Raises SpecError."""
        return self._checked(self._values())

    def _checked(self, values: Mapping[str, Any]) -> Spec:
        return spec_from_values(values, self.name, plugins=fragments(chain.from_iterable(map(types_in, self.layers))))

    def _values(self) -> dict[str, Any]:
        if self.input_shape is None:
            raise GraphError("the model has no layers yet; the first is for example add(Dense(10, input_shape=(64,)))")
        about = self._descriptions.get
        evaluation = {**described(about("evaluation")), **self._evaluation, **self._fit_evaluation}
        training = {**described(about("training")), **self._training, **self._fit_training, "seed": self.seed}
        optimizer = section_values(self.optimizer, about("optimizer"))
        if self.schedule is not None:
            optimizer["schedule"] = section_values(self.schedule, about("schedule"))
        if self.groups:
            optimizer["groups"] = [group_values(group) for group in self.groups]
        return {
            "format_version": 1,
            "name": self.name,
            **described(self.description),
            "input": {**described(about("input")), "shape": list(self.input_shape)},
            "layers": [section_values(layer, leave_out={"input_shape"}) for layer in self.layers],
            "loss": section_values(self.loss, about("loss")),
            "optimizer": optimizer,
            "data": {**described(about("data")), **self._data},
            "training": training,
            **({"evaluation": evaluation} if evaluation else {}),
        }
