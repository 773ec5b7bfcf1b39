"""Weights of another library for a document that is there: matched, with the normalisation of samples, and written."""

from collections.abc import Sequence
from pathlib import Path

from graphnn.datasets.base import facts_of, known_shape
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.errors import DataError, WeightsError
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph, named_parameters
from graphnn.graph.initialisation import unset
from graphnn.importing.class_names import checked_classes
from graphnn.importing.onnx.sample_normalisation import given_normalisation
from graphnn.importing.weights.fitted_weights import FittedWeights
from graphnn.importing.weights.weight_files import is_foreign
from graphnn.runs.data import TrainingData
from graphnn.runs.mapped_weights import fitted_or_map
from graphnn.runs.output_check import outputs_note
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.specification.spec import Spec
from graphnn.storage.own_files import check_own_file
from graphnn.storage.weights import assign, save_weights
from graphnn.text.suggestions import quoted
from graphnn.training.metadata import weights_metadata

NORMALISE = (
    "how samples were normalised is not in the file: give --mean and --std, with --scale 255 if pictures were in 0…1 "
    'first, or write "normalize": "none" in data'
)


@frozen_dataclass(kw_only=True)
class WeightsImport:
    """What to import, and how.

    file: of the weights. source: the document. output: where the weights are written. map_file: which module is which
    layer. scale, mean, std: how samples were normalised, (x/scale − mean)/std; None and empty where that is not said.
    classes: their names. replace: whether weights that are there may be replaced.
    """

    file: Path
    source: DocumentSource
    output: Path
    map_file: Path | None = None
    scale: float | None = None
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    classes: Sequence[str] | None = None
    replace: bool = False
    data_dir: Path | None = None


@frozen_dataclass
class ImportedWeights:
    """Weights that were written. graph: of the document."""

    path: Path
    graph: Graph
    fitted: FittedWeights
    normalisation: Normalisation
    notes: tuple[str, ...]


def import_weights(request: WeightsImport) -> ImportedWeights:
    """Write the weights of a foreign file as those of a document, all of them or none.

    Raises GraphError where a file cannot be read or written, where a layer of the document has no module in the file or
    the other way round, and where it is not known how samples are normalised.
    """
    spec = read_document(request.source)
    graph = build_graph(spec)
    if request.output.suffix.lower() != ".npz":
        raise WeightsError(f"{request.output}: weights are written as .npz; write {request.output.stem}.npz")
    refusal = "is there already; it is replaced with --replace only, or name another file by --output"
    check_own_file(request.output, lambda head: request.replace, refusal)
    if not is_foreign(request.file):
        raise WeightsError(f"{request.file}: is an .npz, which evaluate and predict take as it is: --weights")
    fitted = fitted_or_map(
        request.file, graph, request.map_file, option="--map", data_shape=known_shape(spec.data), write=True
    )
    if not fitted.complete:
        lines = "".join(f"\n  {line}" for line in fitted.lines(whole=False))
        raise WeightsError(f"{request.file}: its weights are not those of {request.source.file}:{lines}")
    normalisation, data_classes, notes = normalisation_of(request, spec, graph)
    facts = facts_of(spec.data["dataset"])
    classes = checked_classes(request.classes, graph, request.file, advice="leave --classes out") or data_classes
    if classes is None and facts is not None and len(facts.classes or ()) == graph.output_shape[0]:
        classes = facts.classes
    meta = weights_metadata(
        spec.resolved(),
        classes=classes,
        normalisation=normalisation.to_json(),
        metrics={},
        data=Provenance(None).to_json(),
        loss=graph.loss,
    )
    arrays = {key: fitted.arrays[key] for key in named_parameters(graph.nodes)}
    save_weights(request.output, arrays, meta)
    if request.file.suffix.lower() == ".onnx":
        parameters = unset(graph)
        assign(parameters, arrays, file=request.file)
        differs = outputs_note(request.file, TrainedNetwork.of(spec, graph, parameters, normalisation, meta))
        notes += () if differs is None else (differs,)
    return ImportedWeights(request.output, graph, fitted, normalisation, (*fitted.notes, *notes))


def normalisation_of(
    request: WeightsImport, spec: Spec, graph: Graph
) -> tuple[Normalisation, Sequence[str] | None, tuple[str, ...]]:
    """Return how samples are normalised, the names of the classes as far as the data were loaded for that, and notes.

    It is as the request says, or else as the document says, by the constants of its training part. Raises DataError
    where neither gives them.
    """
    shape, mode = known_shape(spec.data) or spec.input_shape, spec.data["normalize"]
    if request.scale is not None or request.mean or request.std:
        fits = all(len(each) in (0, 1, shape[0]) for each in (request.mean, request.std))
        given = given_normalisation(shape, request.scale or 1.0, request.mean, request.std) if fits else None
        if given is None:
            raise DataError(f"--mean and --std are one number, or one for each of {shape[0]} channels")
        return given, None, ()
    if mode == "none":
        return Normalisation.none(shape), None, ()
    try:
        data = TrainingData.load(spec, graph, data_dir=request.data_dir, limit=None, test=False)
    except DataError as error:
        raise DataError(*error.problems, NORMALISE) from error
    used = quoted(data.normalisation.mode)
    text = (
        f"how samples were normalised is not in the file; they are by {used} of the training part, as the document "
        "says; --mean, --std and --scale say otherwise"
    )
    return data.normalisation, data.classes, (text,)
