"""A trained network as exporters take it: its graph, its parameters, and what its inputs and outputs mean."""

from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import Any, Self

import numpy as np

from graphnn.datasets.precision import SINGLE, is_wide, single_suffices
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.engine.engine import Engine
from graphnn.evaluation.evaluation import class_names
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import NUMPY
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.parameters.parameters import Parameters
from graphnn.specification.spec import PATHS, Spec
from graphnn.types import Array, Shape

CHUNK = 64  # samples


@frozen_dataclass
class TrainedNetwork:
    """A network with its weights.

    An exported network takes samples as they are stored, n×`data_shape` in the values of the data set, normalises them,
    and gives what `predict` says of them: see `outputs`.

    spec: the document. normalisation: that of the weights. class_names: those known from the training; None: none.
    figures: those of the training, by part, as in the metadata of the weights. trained_on: the data, as far as they are
    known.
    """

    spec: Spec
    graph: Graph
    parameters: Parameters
    normalisation: Normalisation
    class_names: tuple[str, ...] | None = None
    figures: Mapping[str, Any] | None = None
    trained_on: Provenance | None = None

    @classmethod
    def of(
        cls,
        spec: Spec,
        graph: Graph,
        parameters: Parameters,
        normalisation: Normalisation,
        meta: Mapping[str, Any],
    ) -> Self:
        """Return the network of a document with loaded weights. meta: the metadata of their file."""
        names, figures = meta.get("classes"), meta.get("metrics")
        known = figures if isinstance(figures, dict) else None
        classes = None if names is None else tuple(names)
        return cls(spec, graph, parameters, normalisation, classes, known, Provenance.from_meta(meta, spec.name))

    @property
    def name(self) -> str:
        """Its name in the document, or that of the document's file."""
        return self.spec.name

    @property
    def document(self) -> dict[str, Any]:
        """The document, resolved, for the file of an export: of the paths of data, the last part alone."""
        values = self.spec.resolved()
        for key in PATHS & values["data"].keys():
            values["data"][key] = last_part(values["data"][key])
        return values

    @property
    def data_shape(self) -> Shape:
        """The shape of one sample as it is stored: C×H×W or F."""
        return self.normalisation.shape

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The name of each class, or its number where it has none; None where the outputs are no classes."""
        if self.graph.loss.outputs is not Classes:
            return None
        return class_names(self.class_names, self.graph.output_shape[0])

    @property
    def input_text(self) -> str:
        """What an exported network takes, in words."""
        form = "channels × height × width, " if len(self.data_shape) == 3 else ""
        known = None if self.trained_on is None else self.trained_on.range
        numbers = "" if known is None else f"; in the training, numbers from {known[0]:g} to {known[1]:g}"
        return f"samples as they are stored, {form}not normalised{numbers}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user of an exported file should know, in sentences."""
        found = []
        if self.spec.learns_inputs and self.normalisation.mode != "none":
            found.append(
                "the file gives inputs back normalised, as the network does; predict shows them in the values of the "
                "data, y · divisor + offset"
            )
        return (*found, *filter(None, [self.rounding_note]))

    @property
    def rounding_note(self) -> str | None:
        """A sentence where samples in float32, which exported networks take, lose digits that the training has used."""
        dtype = None if self.trained_on is None else self.trained_on.dtype
        if dtype is None or not is_wide(np.dtype(dtype)):
            return None
        offset, divisor = np.array(self.normalisation.offset), np.array(self.normalisation.divisor)
        if single_suffices(offset, divisor, wide=True):
            return None
        error = float((SINGLE.eps / 2 * np.abs(offset) / divisor).max())
        return (
            f"the file takes samples in float32, while those of the training are {dtype}: that rounds them by up to "
            f"{error:.1g} of their deviation; subtract a number from the data before training to keep more digits"
        )

    @property
    def answers(self) -> tuple[str, ...] | None:
        """The names of the answers no and yes of one output, or of the questions of several; None where not known."""
        outputs, known = self.graph.output_shape, self.class_names
        if self.graph.loss.outputs is not YesOrNo or known is None or len(outputs) != 1:
            return None
        return known if len(known) == (2 if outputs == (1,) else outputs[0]) else None

    def arrays(self) -> dict[str, Array]:
        """Return all parameters by 'node/parameter', trained or not, float32, in C order of their shapes."""
        return {name: np.ascontiguousarray(array, np.float32) for name, array in self.parameters.named().items()}

    def outputs(self, x: Array) -> Array:
        """Return what graphnn says of samples: n×(output shape), without what label smoothing has added.

        x: n×data_shape, in the values of the data set, not normalised. See `Loss.beliefs`.
        """
        with Engine(self.graph, self.parameters, batch_size=CHUNK, samples=len(x), threads=1, kernels=NUMPY) as engine:
            y = engine.predict(self.normalisation.apply(x, self.graph.input_shape))
        if self.graph.loss.outputs is not Classes:
            return y
        return self.graph.loss.beliefs(y)

    def likely_samples(self, count: int, seed: int = 0) -> Array:
        """Return random samples like those of the training: normal, with its mean and deviation, n×data_shape, float32.

        By them any exported file can be compared with the network without its data.
        """
        drawn = np.random.default_rng(seed).standard_normal((count, *self.data_shape))
        return self.normalisation.restored(drawn).astype(np.float32)


def last_part(path: str) -> str:
    """Return the name of a file or folder without the folders that it lies in, of this system or of Windows."""
    return PureWindowsPath(path).name or path
