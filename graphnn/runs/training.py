"""train: a whole training from a document to its weights, with all checks before the first step."""

from pathlib import Path

import numpy as np

from graphnn.datasets.agreement import start_differences
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.describe.describe import Description, describe
from graphnn.describe.limits import refuse_too_large
from graphnn.describe.report import description_report
from graphnn.engine.engine import Engine
from graphnn.engine.plan import kernels_for
from graphnn.errors import DataError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import initialise, needs_images, unset
from graphnn.initializers.base import IMAGES
from graphnn.parameters.parameters import Parameters
from graphnn.reports.formats import render
from graphnn.runs.data import TrainingData
from graphnn.runs.files import RunFiles
from graphnn.runs.progress import Progress
from graphnn.runs.reading import print_notes
from graphnn.runs.run import TrainingRun
from graphnn.specification.spec import Spec
from graphnn.storage.weights import WeightsFile, assign, class_names, load_weights
from graphnn.text.numbers import count_text
from graphnn.text.terminal import complain, note, terminal_width
from graphnn.training.checkpoint import load_checkpoint


@frozen_dataclass(kw_only=True)
class TrainingRequest:
    """What to train, and how.

    document: the file that `spec` was read from. output: the file for the weights. resume: continue the run in the
    output's folder. init_from: a file of weights to start from. limit: the most samples of each part. test: whether
    to measure on the test part at the end. dry_run: build everything, run one batch, and write nothing.
    again: the command that resumes the run, for messages; None: an interrupted run is not saved.
    """

    document: Path
    spec: Spec
    output: Path
    resume: bool = False
    init_from: Path | None = None
    data_dir: Path | None = None
    limit: int | None = None
    test: bool = True
    dry_run: bool = False
    threads: int | None = None
    kernels: str | None = None
    again: str | None = None


def train(request: TrainingRequest, progress: Progress) -> bool:
    """Train, and return whether the run has finished; False where it was interrupted.

    Raises GraphError and its subclasses; faults of the request are raised before anything is written.
    """
    spec = request.spec
    graph = build_graph(spec)
    print_notes(spec, graph)
    description = describe(spec, graph, request.kernels)
    progress.line(render(description_report(description), width=terminal_width()))
    refuse_training(request.document, description)
    outputs = RunFiles(request.output)
    outputs.check(data=Path(spec.data["path"]) if spec.data["path"] else None)
    if request.resume and not outputs.checkpoint.exists():
        raise WeightsError(f"{outputs.checkpoint}: no such file, so there is no run to resume; start without --resume")
    start = load_checkpoint(outputs.checkpoint) if request.resume else None
    if not request.dry_run:
        outputs.check_free()
        if start is None and outputs.last.exists():
            complain(
                f"{outputs.folder} holds an unfinished run, which this one replaces; --resume would go on with it."
            )
    initial = None if request.init_from is None else load_weights(request.init_from, check_finite=True)
    data = TrainingData.load(
        spec,
        graph,
        data_dir=request.data_dir,
        limit=request.limit,
        test=request.test,
        show_progress=progress.live,
    )
    if request.limit is not None:
        progress.line(limit_line(data))
    parameters = unset(graph) if start is not None else first_parameters(graph, spec.training["seed"], data)
    if initial is not None:
        for text in start_notes(initial, data):
            note(f"{initial.path}: {text}")
        start_from(initial, parameters, progress)
    with Engine(
        graph,
        parameters,
        batch_size=spec.training["batch_size"],
        threads=request.threads,
        seed=spec.training["seed"],
        kernels=kernels_for(graph, request.kernels),
    ) as engine:
        run = TrainingRun(spec, graph, parameters, engine, data, outputs, progress)
        if start is not None:
            run.resume(*start)
        if request.dry_run:
            run.dry()
            return True
        return run.complete(again=request.again)


def limit_line(data: TrainingData) -> str:
    """Return the line on what a limit has left of the training part."""
    labels = data.training.y
    classes = f", of {count_text(len(np.unique(labels)))} classes" if labels.dtype.kind in "iu" else ""
    return f"--limit {data.limit}: {count_text(len(labels))} samples of the training part{classes}.\n"


def refuse_training(document: Path, description: Description) -> None:
    """Raise GraphError where training needs more memory than this machine has."""
    what = f"{document}: training this network at a batch size of {description.batch_size:,} takes"
    advice = "inspect shows where it goes; try a smaller training.batch_size, or fewer units and filters"
    refuse_too_large(description.training_bytes, what, advice)


def first_parameters(graph: Graph, seed: int, data: TrainingData) -> Parameters:
    """Return the parameters before the first step; images are loaded only for initializers that need them."""
    if not needs_images(graph):
        return initialise(graph, seed)
    images, _ = data.training.take(np.arange(min(IMAGES, len(data.training))), graph.input_shape)
    return initialise(graph, seed, images=images)


def start_notes(initial: WeightsFile, data: TrainingData) -> list[str]:
    """Return sentences on how the data differ from those that initial weights were trained on.

    Raises DataError where the classes have another order, or the inputs another scale.
    """
    known = Provenance.from_meta(initial.meta, initial.path)
    constants = initial.meta.get("normalisation")
    try:
        return start_differences(
            known,
            data.provenance,
            normalisations=(None if constants is None else Normalisation.from_json(constants), data.normalisation),
            classes=(class_names(initial), data.classes),
            validated=data.validation is not None,
        )
    except DataError as error:
        raise DataError(*(f"{initial.path}: {problem}" for problem in error.problems)) from error


def start_from(initial: WeightsFile, parameters: Parameters, progress: Progress) -> None:
    """Copy the arrays that fit from a weights file, and print all mismatches. Raises WeightsError where none fits."""
    report = assign(parameters, initial.arrays, strict=False, file=initial.path)
    total = len(parameters.named())
    progress.line(f"{initial.path}: {len(report.matched)} of {total} parameters of the network taken from it")
    for line in report.lines():
        progress.line(f"  {line}")
    progress.line()
