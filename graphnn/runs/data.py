"""TrainingData: the data of a run, loaded, checked against the network, split, and normalised by the training part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from graphnn.augmentation.base import augmentations_from
from graphnn.datasets.agreement import numbered
from graphnn.datasets.base import DATASETS, Dataset, SettingError, check_input_shape
from graphnn.datasets.batches import split
from graphnn.datasets.data_memory import DataMemory, data_memory
from graphnn.datasets.digest import TEST, TRAINING
from graphnn.datasets.limit import classes_text, limited
from graphnn.datasets.loading import as_path, load
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.describe.limits import refuse_too_large
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.class_weights import data_findings, has_class_weights, with_class_weights
from graphnn.graph.findings import image_findings
from graphnn.graph.graph import Graph
from graphnn.graph.learnt_inputs import check_inputs_as_targets
from graphnn.losses.base import LOSSES
from graphnn.metrics.outputs import Classes
from graphnn.runs.data_notes import print_data_notes, print_split_note
from graphnn.specification.schema_problems import Finding, in_order
from graphnn.specification.spec import Spec
from graphnn.text.suggestions import quoted
from graphnn.text.terminal import note
from graphnn.text.working import working
from graphnn.training.length import Length, check_batches
from graphnn.training.samples import Samples
from graphnn.types import Array

PICTURES, TABLES = "pictures", "tables"
CHANNELS = (1, 3)  # of pictures, grey or colour


@frozen_dataclass
class TrainingData:
    """The parts of the data that a run uses; validation and test are None where it uses none.

    provenance: what weights say that they were trained on. limit: that of --limit.
    """

    training: Samples
    validation: Samples | None
    test: Samples | None
    classes: Sequence[str] | None
    normalisation: Normalisation
    provenance: Provenance
    limit: int | None = None

    @property
    def takes(self) -> str:
        """What a user would give a network that was trained on this: PICTURES, TABLES, or neither.

        Neither, too, where it gives its inputs back: what `predict` says of one are as many numbers.
        """
        if self.training.learns_inputs:
            return ""
        if self.provenance.table is not None:
            return TABLES
        sample = self.training.x.shape[1:]
        return PICTURES if len(sample) == 3 and sample[0] in CHANNELS else ""

    @property
    def parts(self) -> list[Samples]:
        """The training part, and those of validation and test that there are."""
        return [part for part in (self.training, self.validation, self.test) if part is not None]

    @property
    def most(self) -> int:
        """The number of samples in the largest part."""
        return max(map(len, self.parts))

    def weighted(self, spec: Spec, graph: Graph) -> Graph:
        """Return the graph with the class weights of its loss as numbers, "balanced" ones by the training part.

        Raises DataError, with positions in the document, where a class is weighed that the data do not have.
        """
        if not has_class_weights(graph.loss):
            return graph
        findings = list(data_findings(graph.loss, graph.output_shape, self.classes))
        if findings:
            raise DataError(*in_order(spec.document, findings))
        return with_class_weights(graph, self.training.all_targets, self.classes)

    @classmethod
    def load(cls, spec: Spec, graph: Graph, *, data_dir: Path | None, limit: int | None, test: bool) -> Self:
        """Return the data of a document. Raises DataError.

        limit: the most samples used of each part; None: all. test: whether to include the test part.
        """
        seed = spec.data["seed"]
        print_split_note(spec)
        whole = stored(spec, data_dir)
        check_fit(spec, graph, whole)
        dataset = limited(whole, limit, seed)
        if limit is not None and not spec.learns_inputs and (text := classes_text(whole, dataset, limit)):
            note(f"{text} are among the training samples")
        if not spec.learns_inputs:
            graph.check_targets(f"{whole.name}: y_train", dataset.y_train)
        fraction = spec.data["validation_split"]
        draw = seed if fraction else spec.training["seed"]  # with no validation part, of the order of all samples alone
        chosen, held_out = split(
            dataset.y_train, fraction, draw, stratified=dataset.stratified, own=dataset.own_validation
        )
        run_length(spec, graph, len(chosen))
        print_data_notes(spec, graph, dataset, chosen, held_out, limit=limit)
        normalisation = fitted(spec, dataset, chosen)
        check_shares(spec, graph, dataset)
        if test and not spec.learns_inputs:
            graph.check_targets(f"{whole.name}: y_test", dataset.y_test)
        part = partial(Samples, normalisation=normalisation, learns_inputs=spec.learns_inputs)
        training = part(dataset.x_train, dataset.y_train, chosen)
        provenance = Provenance.of(
            spec.data["dataset"],
            whole,
            seed=seed,
            validation_split=fraction,
            limit=None if dataset.x_train is whole.x_train else limit,
        )
        if provenance.digests[TRAINING] == provenance.digests[TEST]:
            note(f"{whole.name}: the test part is the training part, so that its figures say nothing of new samples")
        return cls(
            training=training.augmented(augmentations_from(spec.data["augment"]), spec.training["seed"]),
            validation=part(dataset.x_train, dataset.y_train, held_out) if len(held_out) else None,
            test=part(dataset.x_test, dataset.y_test) if test else None,
            classes=dataset.classes,
            normalisation=normalisation,
            provenance=provenance,
            limit=limit,
        )


def check_fit(spec: Spec, graph: Graph, dataset: Dataset) -> None:
    """Raise DataError, with positions in the document, where the network or an augmentation cannot take the samples.

    So it does where there are fewer outputs than classes that have names.
    """
    try:
        check_input_shape(spec.data["dataset"], dataset.shape, spec.input_shape)
    except DataError as error:
        columns = "" if dataset.table is None else f": the columns give so many features: {dataset.table.said()}"
        raise DataError(spec.problem(("input", "shape"), f"{error}{columns}")) from None
    findings = [*image_findings(spec, dataset.shape), *class_findings(graph, dataset)]
    if findings:
        raise DataError(*in_order(spec.document, findings))


def check_shares(spec: Spec, graph: Graph, dataset: Dataset) -> None:
    """Raise DataError, with its position in the document, where inputs as targets must lie in 0…1 and do not."""
    for name, x in (("x_train", dataset.x_train), ("x_test", dataset.x_test)):
        try:
            check_inputs_as_targets(graph.loss, spec.data["normalize"], name, x)
        except DataError as error:
            raise DataError(spec.problem(("data", "normalize"), f"{dataset.name}: {error}")) from None


def class_findings(graph: Graph, dataset: Dataset) -> Iterator[Finding]:
    """Yield a finding where there are fewer outputs than classes, for a loss that needs one for each."""
    classes, outputs = dataset.classes or (), graph.output_shape[0]
    if graph.loss.outputs is not Classes or outputs >= len(classes) or (dataset.table is None and numbered(classes)):
        return
    names = listed([quoted(name) for name in classes])
    count = "1 output" if outputs == 1 else f"{outputs:,} outputs"
    message = f"the network has {count} for {len(classes):,} classes, {names}"
    last = next((node.path for node in reversed(graph.nodes) if hasattr(node.layer, "units")), None)
    yield Finding(("data", "path") if last is None else (*last, "units"), f"{message}; write {len(classes)} units")


def fitted(spec: Spec, dataset: Dataset, chosen: Array) -> Normalisation:
    """Return the normalisation by the samples `chosen`. Raises DataError, with its position in the document."""
    try:
        with working(f"computing the normalisation of {dataset.name}"):
            return Normalisation.fit(dataset.x_train, spec.data["normalize"], chosen, dataset.features)
    except DataError as error:
        raise DataError(spec.problem(("data", "normalize"), f"{dataset.name}: {error}")) from None


def run_length(spec: Spec, graph: Graph, count: int) -> Length:
    """Return the length of a run on `count` samples to train on.

    Raises DataError, with its position in the document, where a batch of the batch size has too few.
    """
    training = spec.training
    try:
        length = Length(count, training["batch_size"], training["epochs"], training["drop_last"])
        check_batches(graph, length)
    except DataError as error:
        raise DataError(spec.problem(("training", "batch_size"), str(error))) from None
    return length


def data_of(spec: Spec) -> DataMemory:
    """Return the memory that a document's samples take; nothing is loaded."""
    return data_memory(spec.data["dataset"], as_path(spec.data["path"]), labelled=not spec.learns_inputs)


def stored(
    spec: Spec,
    data_dir: Path | None,
    *,
    table: TableEncoding | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Dataset:
    """Return a document's data set, not normalised. Raises DataError, and GraphError where too little memory is left.

    It has no classes where its labels are not used.
    table: how the columns of a table become features, as in the training of weights; None: as the table says. settings:
    those of the document's data, where some are to be those of the training of weights.
    The notes of the data set are printed on stderr.
    """
    if spec.data["path"] is None:  # the sizes of the user's arrays are compared where they are read
        refuse_too_large(data_of(spec).loading, f"{spec.data['dataset']}: loading takes", "end other programs")
    try:
        with working(f"reading {spec.data['path'] or spec.data['dataset']}"):
            dataset = load(
                spec.data["dataset"],
                path=spec.data["path"],
                data_dir=data_dir,
                outputs=None if spec.learns_inputs else LOSSES[spec.loss.type].outputs,
                settings=settings or spec.data,
                table=table,
            )
    except SettingError as error:
        raise DataError(*(spec.problem(("data", error.key), str(problem)) for problem in error.problems)) from error
    known = DATASETS.find(spec.data["dataset"])
    if (
        data_dir is not None and known.takes_path and not known.mapped
    ):  # mapped pictures are decoded into a folder there
        note(f"--data-dir changes nothing: {quoted(known.name)} is read from data.path; leave it out")
    for text in dataset.notes:
        note(text)
    return replace(dataset, classes=None) if spec.learns_inputs else dataset
