"""Saved: a model that can be written as weights, or for other libraries."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphnn.datasets.base import facts_of
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.errors import DataError, GraphError
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import unset
from graphnn.model.arrays import checked_inputs, in_form
from graphnn.model.display import Displayed, ShownLines
from graphnn.parameters.parameters import Parameters
from graphnn.reports.formats import render
from graphnn.storage.weights import assign, save_weights
from graphnn.training.history import Record
from graphnn.training.metadata import weights_metadata
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from graphnn.exporting.trained_network import TrainedNetwork

COMPARED = 32  # random samples


class Saved(Displayed):
    """A model with weights, and what is known of their training."""

    _kept: Record | None = None  # of the epoch whose weights the last fit kept
    _kept_epoch = 0  # its number, counted over all fits
    _network: tuple[Graph, Parameters] | None = None
    _normalisation: Normalisation | None = None
    _trained_on: Provenance | None = None  # as far as it is known
    _classes: tuple[str, ...] | None = None  # of loaded weights, until the next fit
    _kernels: str | None = None  # the name of those of the last fit, or of the loaded weights

    @abstractmethod
    def _ready(self, x: Array | None = None) -> tuple[Graph, Parameters]:
        """Return the graph and the parameters, which the first call initialises. x: the training inputs, if any."""

    def save(self, file: str | Path) -> None:
        """Write the weights in float32, the document, the normalisation and the metrics of the last fit.

        Raises WeightsError where the file cannot be written, or a weight is beyond the range of float32.
        """
        _, parameters = self._ready()
        document = self.spec().resolved()
        document["data"] |= self._data  # with its path as it was given
        facts = facts_of(self._data["dataset"])
        meta = weights_metadata(
            document,
            classes=facts.classes if facts is not None and self._classes is None else self._classes,
            normalisation=None if self._normalisation is None else self._normalisation.to_json(),
            data=None if self._trained_on is None else self._trained_on.to_json(),
            kernels=self._kernels,
            loss=self._graph().loss,
            metrics=self._figures(),
        )
        save_weights(file, parameters.named(), meta, follow=True)

    def export(
        self,
        file: str | Path,
        *,
        to: str | None = None,
        quantize: str | None = None,
        calibration: Any = None,
        replace: bool = False,
    ) -> str:
        """Write the model for another library, compare what it gives with this model, and return a report to print.

        to: the target, as under `--to` of `graphnn export`; by default the one whose files end so: "net.onnx" is ONNX.
        quantize: "int8" for ONNX in integers of 8 bits, calibrated on the inputs `calibration`, of the training data.
        replace: whether what is there is replaced, if it is no export, or was changed since. The file takes inputs as
        they were given to fit, before normalisation, and takes back what label smoothing has added, unlike predict.
        Raises GraphError where the target cannot say the model, its library is not installed, the file cannot be
        written or is no export, and where the model must be fitted first.
        """
        from graphnn.exporting.agreement import agreement
        from graphnn.exporting.base import DrawnTarget, Exported, Exporter, ExportWishes, target_for, write_whole
        from graphnn.exporting.report import export_report

        path = Path(file)
        target = target_for(path, to)
        wishes = ExportWishes(samples=self._samples_of(calibration), quantize=quantize, replace=replace)
        target.check_wishes(wishes)
        target.check_installed()
        target.check_place(path, wishes)
        agreed, said, compared_on = None, tuple[str, ...](), "random samples"
        if isinstance(target, Exporter):
            target.check(self._graph())
            network = self._trained_network()
            said = network.notes
            exported = target.write(network, path, wishes)
            if wishes.quantize is None or wishes.samples is None:
                x = network.likely_samples(COMPARED)
            else:  # random ones lie beyond the ranges that are calibrated
                (x, _), compared_on = wishes.samples("train", COMPARED), "samples of the training part"
            y = target.outputs(exported.files, x)
            agreed = None if y is None else agreement(network, x, y)
            if agreed is not None and agreed.warning is not None and quantize is None:
                said = (*said, agreed.warning)
        else:
            assert isinstance(target, DrawnTarget)
            write_whole(path, target.text(self._graph(), self.name).encode())
            exported = Exported((path,))
        count = COMPARED if agreed is None else agreed.samples
        report = export_report(target.name, exported, agreed, f"{count} {compared_on}")
        return ShownLines("\n".join([render(report).rstrip("\n"), *said, *exported.notes]))

    def _trained_network(self) -> "TrainedNetwork":
        """Return the model as exporters take it, in float32."""
        from graphnn.exporting.trained_network import TrainedNetwork

        graph, parameters = self._ready()
        single = unset(graph)
        with np.errstate(over="ignore"):  # what is not finite is refused
            arrays = {name: array.astype(np.float32) for name, array in parameters.named().items()}
        beyond = [name for name, array in arrays.items() if not np.isfinite(array).all()]
        if beyond:
            raise GraphError(*(f"{name} has numbers that are not finite in float32" for name in beyond))
        assign(single, arrays)
        classes = self._known_classes
        known = None if classes is None else tuple(classes)
        constants = self._constants_for(graph.input_shape)
        figures = self._figures() if self._kept is not None else None
        return TrainedNetwork(self.spec(), graph, single, constants, known, figures, self._trained_on)

    def _samples_of(self, calibration: Any) -> Any:
        """Return what gives exporters training samples, without targets; None where there are none."""
        if calibration is None:
            return None
        x = checked_inputs(self._graph(), "calibration", calibration, self.dtype)
        x = np.asarray(in_form(x, self._constants_for(x.shape[1:]).shape), np.float32)

        def part(name: str, count: int) -> tuple[Array, Array]:
            if name != "train":
                raise DataError(f"there is no {name} part")
            return x[np.linspace(0, len(x) - 1, min(count, len(x))).astype(np.int64)], np.zeros(0)

        return part

    def _figures(self) -> dict[str, Any]:
        """Return the figures of the last fit, as in the metadata of weights."""
        last = self._kept
        figures = {"training": last and last.training, "validation": last and last.validation}
        return {"epochs": self._kept_epoch, **{part: each for part, each in figures.items() if each is not None}}

    @property
    def _known_classes(self) -> Sequence[str] | None:
        """The names of the classes of the data set, or of the loaded weights; None where there are none."""
        facts = facts_of(self._data["dataset"])
        return self._classes if facts is None else facts.classes

    def _constants_for(self, shape: Shape) -> Normalisation:
        """Return the normalisation for inputs of a shape. Raises GraphError where its constants are not known yet."""
        mode = self._data["normalize"]
        if self._normalisation is None and mode != "none":
            needs = f'"{mode}" needs constants of the training data'
            raise GraphError(f"{needs}: fit first, or load weights that have them")
        return self._normalisation or Normalisation.none(shape)
