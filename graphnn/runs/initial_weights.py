"""The weights that a training starts from: an .npz of graphnn's, by names, or a file of another library, matched."""

from pathlib import Path
from typing import TYPE_CHECKING

from graphnn.datasets.agreement import start_differences
from graphnn.datasets.base import facts_of
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.errors import DataError, WeightsError
from graphnn.graph.graph import Graph
from graphnn.parameters.parameters import Parameters
from graphnn.runs.data import TrainingData
from graphnn.runs.progress import Progress
from graphnn.specification.spec import Spec
from graphnn.storage.weights import WeightsFile, assign, class_names, load_weights

if TYPE_CHECKING:
    from graphnn.importing.weights.fitted_weights import FittedWeights

    Initial = WeightsFile | FittedWeights


def read_initial(path: Path, map_file: Path | None, spec: Spec, graph: Graph, *, dry_run: bool) -> "Initial":
    """Read the file of weights to start from.

    map_file: which module of a foreign file is which layer; where there is no such file, a map to change is written
    there, unless in a dry run, and WeightsError raised. Raises GraphError for a file or a map that cannot be used.
    """
    from graphnn.importing.weights.weight_files import is_foreign  # here and below: for few trainings only

    if is_foreign(path):
        from graphnn.runs.mapped_weights import fitted_or_map

        facts = facts_of(spec.data["dataset"])
        shape = None if facts is None else facts.shape
        return fitted_or_map(path, graph, map_file, option="--init-map", data_shape=shape, write=not dry_run)
    if map_file is not None:
        raise WeightsError(
            f"{path}: the weights of an .npz are taken by their names, which are those of the layers; leave --init-map "
            "out"
        )
    return load_weights(path, check_finite=True)


def start_notes(initial: "Initial", data: TrainingData) -> list[str]:
    """Return sentences about the weights, and on how the data differ from those that they were trained on.

    Raises DataError where the classes have another order, or the inputs another scale.
    """
    if not isinstance(initial, WeightsFile):
        return list(initial.notes)
    known = Provenance.from_meta(initial.meta, initial.path)
    constants = initial.meta.get("normalisation")
    try:
        differences = start_differences(
            known,
            data.provenance,
            normalisations=(None if constants is None else Normalisation.from_json(constants), data.normalisation),
            classes=(class_names(initial), data.classes),
            validated=data.validation is not None,
        )
    except DataError as error:
        raise DataError(*(f"{initial.path}: {problem}" for problem in error.problems)) from error
    return [*filter(None, [initial.note]), *differences]


def start_from(initial: "Initial", path: Path, parameters: Parameters, progress: Progress, *, whole: bool) -> None:
    """Copy the arrays that fit from the weights, and print what was taken and what was not.

    whole: whether to print all, where the log has all and the terminal the first of it. Raises WeightsError where
    nothing fits.
    """
    report = assign(parameters, initial.arrays, strict=False, file=path)
    total = len(parameters.named())
    progress.line(f"{path}: {len(report.matched)} of {total} parameters of the network taken from it")
    if isinstance(initial, WeightsFile):
        for line in report.lines():
            progress.line(f"  {line}")
    else:
        shown = "\n".join(f"  {line}" for line in initial.lines(whole=whole))
        progress.line("\n".join(f"  {line}" for line in initial.lines(whole=True)), shown)
    progress.line()
