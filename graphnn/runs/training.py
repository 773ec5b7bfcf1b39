"""train: a whole training from a document to its weights, with all checks before the first step."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from graphnn.describe.describe import Description, describe, training_bytes
from graphnn.describe.kernels import document_kernels
from graphnn.describe.limits import refuse_too_large
from graphnn.describe.report import description_report
from graphnn.document.document import read_document as read_text
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.class_weights import is_balanced
from graphnn.graph.first_statistics import first_statistics_note
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import initialise, needs_images, unset
from graphnn.initializers.base import IMAGES
from graphnn.kernels.kernels import Kernels
from graphnn.layers.settings import added_fragments
from graphnn.parameters.parameters import Parameters
from graphnn.reports.formats import render
from graphnn.runs.class_weights import absent_note, balanced_lines
from graphnn.runs.data import TrainingData, data_of
from graphnn.runs.dry_run import dry_run
from graphnn.runs.facts import FINISHED
from graphnn.runs.folder import Mark, RunFolder
from graphnn.runs.initial_weights import read_initial, start_from, start_notes
from graphnn.runs.joint_training import STOPPING, JointStart, threads_of_rank
from graphnn.runs.older import take_over
from graphnn.runs.place import RunPlace
from graphnn.runs.progress import Progress
from graphnn.runs.promotion import Destination
from graphnn.runs.reading import DocumentSource, print_notes, read_document
from graphnn.runs.run import TrainingRun, trainer_of
from graphnn.runs.side_products import SideProduct
from graphnn.runs.standing import weights_meta
from graphnn.runs.stopping import StopRequest
from graphnn.runs.store import NotWritableError, RunStore
from graphnn.specification.spec import Spec, make_spec
from graphnn.storage.regular_files import is_file
from graphnn.text.colour import has_colour
from graphnn.text.numbers import count_text
from graphnn.text.terminal import heard_by, note, terminal_width
from graphnn.training.checkpoint import RunSettings, load_checkpoint

LATEST = "latest"


@frozen_dataclass(kw_only=True)
class TrainingRequest:
    """What to train, and how.

    source: the document. store: the folder of its runs. destination: where the weights are found afterwards; None: in
    the run's folder only. resume: the number of the run to continue, or LATEST; None: a new one. init_from: a file of
    weights to start from. init_map: which of its modules is which layer. limit: the most samples of each part. test:
    whether to measure on the test part at the end. dry_run: build everything, run one batch, and write nothing.
    command: how this training was started, for its facts. again: returns the command that resumes the run of a number;
    None: an interrupted run is not saved. taken, after: as in RunPlace. stop: what stops it, besides its end.
    """

    source: DocumentSource
    store: RunStore
    destination: Destination | None = None
    resume: int | str | None = None
    init_from: Path | None = None
    init_map: Path | None = None
    data_dir: Path | None = None
    limit: int | None = None
    test: bool = True
    dry_run: bool = False
    threads: int | None = None
    kernels: str | None = None
    command: str = ""
    again: Callable[[int], str] | None = None
    taken: Callable[[], bool] | None = None
    outputs: Sequence[SideProduct] = ()
    after: Callable[[Path, str], Sequence[str]] | None = None
    stop: StopRequest | None = None


def train(request: TrainingRequest, progress: Progress, joint: JointStart | None = None) -> bool:
    """Train, and return whether the run has finished; False where it was interrupted.

    joint: with the ranks that train together, each of which makes this call; None: this process alone. Raises TakenRun
    where another process trains the run, GraphError and its subclasses; faults of the request before anything is
    written.
    """
    joint = joint or JointStart(None)
    if joint.follows:
        follow(request, joint)
        return True
    with heard_by(progress.log.add):
        return trained(request, progress, joint)


def follow(request: TrainingRequest, joint: JointStart) -> None:
    """Train as one of several ranks, led by rank 0, which alone writes and prints."""
    spec = read_document(request.source)
    graph = build_graph(spec)
    data = TrainingData.load(spec, graph, data_dir=request.data_dir, limit=request.limit, test=request.test)
    graph = data.weighted(spec, graph)
    kernels = joint.reach(request.source, spec, data, graph)
    with engine_of(request, spec, graph, unset(graph), data, kernels, joint) as engine:
        trainer_of(spec, engine, data)
        engine.supply(*data.parts)
        engine.follow()


def engine_of(
    request: TrainingRequest,
    spec: Spec,
    graph: Graph,
    parameters: Parameters,
    data: TrainingData,
    kernels: Kernels,
    joint: JointStart,
) -> Engine:
    """Return the engine of a training."""
    return Engine(
        graph,
        parameters,
        batch_size=spec.training["batch_size"],
        samples=data.most,
        threads=request.threads or threads_of_rank(joint.ranks),
        seed=spec.training["seed"],
        kernels=kernels,
        ranks=joint.ranks,
    )


def trained(request: TrainingRequest, progress: Progress, joint: JointStart) -> bool:
    """Train as `train` does, without a log of messages. joint: with the other ranks, if there are any."""
    for output in request.outputs:
        output.check()
    spec = read_document(request.source)
    changed = changes(request.source, spec)
    graph = build_graph(spec)
    print_notes(spec, graph)
    description = describe(spec, graph, request.kernels)
    report = description_report(description)
    table, coloured = (render(report, width=terminal_width(), colour=each) for each in (False, has_colour(sys.stdout)))
    try:
        refuse_training(request, spec, graph, description)
    except GraphError:
        progress.line(table, coloured)  # which shows where the memory goes
        raise
    check_outputs(request, Path(spec.data["path"]) if spec.data["path"] else None)
    if not request.dry_run:
        request.store.tidy()
        if request.destination is not None:
            for text in take_over(request.destination.weights, request.store):
                note(text)
    resumed = None
    if request.resume is not None:
        resumed = request.store.to_resume(request.resume if isinstance(request.resume, int) else None)
        resumed.check()
    mark = None if resumed is None else resumed.mark()
    start = None if resumed is None else load_checkpoint(resumed.checkpoint)
    initial = None
    if request.init_from is not None:
        initial = read_initial(request.init_from, request.init_map, spec, graph, dry_run=request.dry_run)
    progress.line(table, coloured)
    data = TrainingData.load(
        spec,
        graph,
        data_dir=request.data_dir,
        limit=request.limit,
        test=request.test,
    )
    graph = weighted(spec, graph, data, progress)
    if request.limit is not None:
        progress.line(limit_line(data))
    parameters = unset(graph) if start is not None else first_parameters(graph, spec.training["seed"], data)
    if initial is not None and request.init_from is not None:
        for text in start_notes(initial, data):
            note(f"{request.init_from}: {text}")
        start_from(initial, request.init_from, parameters, progress, whole=request.dry_run)
    unmeasured = first_statistics_note(spec, graph, parameters) if start is None else None
    if unmeasured is not None:
        note(unmeasured)
    run_place = place(request, spec, changed, resumed, mark)
    kernels = kernels_of(request, spec, graph, data, None if start is None else start[1])
    kernels = joint.reach(request.source, spec, data, graph, kernels)
    stop = request.stop or (None if joint.ranks is None else StopRequest(more=STOPPING))
    with engine_of(request, spec, graph, parameters, data, kernels, joint) as engine:
        run = TrainingRun(spec, graph, parameters, engine, data, run_place, progress, request.outputs, stop)
        engine.supply(*data.parts)
        engine.lead()
        if joint.ranks is not None:
            cores = "1 core" if engine.threads == 1 else f"{engine.threads} cores"
            progress.line(f"{joint.ranks.size} ranks train together, this one on {cores}.")
        if start is not None:
            run.resume(*start)
        if request.dry_run:
            dry_run(run.trainer, data)
            return True
        return run.complete()


def weighted(spec: Spec, graph: Graph, data: TrainingData, progress: Progress) -> Graph:
    """Return the graph with class weights as numbers, and print those that were counted. Raises DataError."""
    result = data.weighted(spec, graph)
    if is_balanced(graph.loss):
        for line in balanced_lines(result.loss, data):
            progress.line(line)
        absent = absent_note(graph, data)
        if absent is not None:
            note(absent)
    return result


def kernels_of(
    request: TrainingRequest, spec: Spec, graph: Graph, data: TrainingData, started: RunSettings | None
) -> Kernels:
    """Return the kernels to train with. started: the settings of a run that goes on, with the kernels it began with."""
    name = request.kernels or (None if started is None else started.kernels)
    parts = (data.training, data.validation)
    loaded = sum(len(part) for part in parts if part is not None)
    return document_kernels(spec, graph, name, limit=request.limit, loaded=loaded)


def check_outputs(request: TrainingRequest, data: Path | None) -> None:
    """Raise WeightsError where the run's files or its weights could not be written; writes nothing.

    data: the file of the data set. A dry run, which writes nothing, is told of a place that is not writable in a note.
    """
    checks: list[Callable[[], object]] = [request.store.check]
    if request.destination is not None:
        weights = request.destination.weights
        checks = [partial(request.destination.check, data=data), *checks, partial(weights_meta, weights)]
    for check in checks:
        try:
            check()
        except NotWritableError as error:
            if not request.dry_run:
                raise
            note(f"{error}; a training would be refused")


def place(
    request: TrainingRequest, spec: Spec, changed: tuple[str, ...], resumed: RunFolder | None, mark: Mark | None
) -> RunPlace:
    """Return where the run keeps its files: a run whose end is there, and that goes on, does so in a new folder.

    changed: the options that made the spec another than that of the document. mark: that of the checkpoint to go on
    from, as it was read.
    """
    finished = resumed is not None and is_over(resumed, spec.training["epochs"])
    return RunPlace(
        store=request.store,
        destination=request.destination,
        resumed=None if finished else resumed,
        goes_on_from=resumed if finished else None,
        init_from=None if request.init_from is None else str(request.init_from),
        command=request.command,
        mark=mark,
        changes=changed,
        again=request.again,
        taken=request.taken,
        after=request.after,
    )


def is_over(run: RunFolder, epochs: float) -> bool:
    """Whether a run is finished or, killed after its weights were written, gets more epochs than it was to have."""
    facts = run.facts()
    return facts.state == FINISHED or (is_file(run.weights) and epochs > facts.epochs)


def changes(source: DocumentSource, spec: Spec) -> tuple[str, ...]:
    """Return the options that made the spec another than that of the document as it is written."""
    if not source.overrides:
        return ()
    try:
        document = read_text(source.file) if source.text is None else source.text
        written = make_spec(document, (), added_fragments()).resolved()
    except SpecError:  # only the changes have made it right
        written = {}
    return () if written == spec.resolved() else tuple(f"--set {override}" for override in source.overrides)


def limit_line(data: TrainingData) -> str:
    """Return the line on what a limit has left of the training part."""
    labels = data.training.y
    known = labels.dtype.kind in "iu" and not data.training.learns_inputs
    classes = f", of {count_text(len(np.unique(labels)))} classes" if known else ""
    return f"--limit {data.limit}: {count_text(len(labels))} samples of the training part{classes}.\n"


def refuse_training(request: TrainingRequest, spec: Spec, graph: Graph, description: Description) -> None:
    """Raise GraphError where training, with its data, needs more memory than is left.

    A batch has no more samples than the data, as far as their number is known before they are loaded.
    """
    data = data_of(spec)
    most = min(each for each in (description.batch_size, data.samples, request.limit) if each is not None)
    needed = description.training_bytes
    if most < description.batch_size:
        needed = training_bytes(spec, graph, most, request.kernels)
    what = f"{request.source.file}: training this network at a batch size of {most:,} takes"
    advice = "inspect shows where it goes; try a smaller training.batch_size, or fewer units and filters"
    refuse_too_large(needed, what, advice, data=data.stored)


def first_parameters(graph: Graph, seed: int, data: TrainingData) -> Parameters:
    """Return the parameters before the first step; images are loaded only for initializers that need them."""
    if not needs_images(graph):
        return initialise(graph, seed)
    images, _ = data.training.take(np.arange(min(IMAGES, len(data.training))), graph.input_shape)
    return initialise(graph, seed, images=images)
