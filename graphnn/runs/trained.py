"""Loading a document together with its trained weights, for evaluate and predict."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnn.datasets.agreement import class_names_note, is_bytes, part_indices, split_note, test_note
from graphnn.datasets.base import Dataset, facts_of
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.describe.kernels import document_kernels
from graphnn.describe.limits import refuse_inference
from graphnn.errors import DataError, WeightsError
from graphnn.evaluation.inputs import Reader
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.class_weights import recorded
from graphnn.graph.graph import Graph, named_parameters
from graphnn.graph.initialisation import unset
from graphnn.kernels.choice import is_there
from graphnn.kernels.kernels import Kernels
from graphnn.model.arrays import in_form
from graphnn.parameters.parameters import Parameters
from graphnn.pictures.ink_form import InkForm
from graphnn.pictures.resizing import RESIZES
from graphnn.runs.data_notes import print_split_note
from graphnn.runs.promotion import latest_whole
from graphnn.runs.reading import DocumentSource, command_line, document_command, has_place, read_document
from graphnn.runs.store import numbers_text, store_of
from graphnn.runs.training_of_weights import normalisation_of, note_differences
from graphnn.specification.spec import Spec
from graphnn.specification.split_seed import both_older
from graphnn.storage.weights import assign, class_names, load_weights, weights_path
from graphnn.text.shell import file_word
from graphnn.text.terminal import note
from graphnn.training.samples import Samples
from graphnn.types import Array

CLOSE = 0.01  # relative, and absolute, difference of losses: weights may have been rounded to float16 since
PARTS = ("test", "validation", "train")
TEST_SPLIT = "test_split"


@frozen_dataclass
class Trained:
    """A trained network. normalisation and classes are those that the weights were trained with.

    provenance: what they were trained on, as far as it is known. meta: all metadata of the weights file.
    """

    spec: Spec
    graph: Graph
    parameters: Parameters
    weights: Path
    normalisation: Normalisation
    classes: tuple[str, ...] | None
    provenance: Provenance | None
    meta: Mapping[str, Any]

    @property
    def in_bytes(self) -> bool:
        """Whether the training inputs were 0…255, like the values of pictures, as far as it is known."""
        known = self.provenance
        if known is not None and known.range is not None:
            return is_bytes(known.range, known.dtype)
        facts = facts_of(self.spec.data["dataset"])
        return facts is not None and facts.bytes

    def in_values_of_data(self, results: list[tuple[str, Array]]) -> list[tuple[str, Array]]:
        """Return outputs, each with its label; of a network that gives back its inputs, in the values of the data."""
        if not self.spec.learns_inputs:
            return results
        return [(label, self.normalisation.restored(y[None])[0]) for label, y in results]

    def kernels(self, name: str | None = None) -> Kernels:
        """Return the kernels of that name, by default those of the training; see `trained_kernels`."""
        return trained_kernels(self.spec, self.graph, self.meta, name)

    @property
    def resize(self) -> str:
        """How pictures came to the network's size in the training; "stretch" where they are not from files."""
        document = self.meta.get("document")
        data = document.get("data") if isinstance(document, dict) else None
        known = data.get("resize") if isinstance(data, dict) else None
        return known if isinstance(known, str) and known in RESIZES else str(self.spec.data.get("resize", "stretch"))

    @property
    def input_dtype(self) -> str:
        """The type of the training inputs, as they are stored; float32 where it is not known."""
        known = None if self.provenance is None else self.provenance.dtype
        return known or "float32"

    @property
    def ink(self) -> InkForm | None:
        """How the data set holds the ink of handwriting, for pictures to be prepared so; None: they are resized."""
        facts = facts_of(self.spec.data["dataset"])
        return None if facts is None or facts.shape != self.normalisation.shape else facts.ink

    def reader(self, *, invert: bool = False, as_is: bool = False, most_pixels: int | None = None) -> Reader:
        """Return what reads inputs for the network.

        invert, most_pixels: as in Reader. as_is: whether pictures are only resized.
        """
        facts = facts_of(self.spec.data["dataset"])
        return Reader(
            data_shape=self.normalisation.shape,
            input_shape=self.spec.input_shape,
            bytes_in_data=self.in_bytes,
            light_on_dark=facts is not None and facts.light_on_dark,
            invert=invert,
            ink=None if as_is else self.ink,
            resize=self.resize,
            provenance=self.provenance,
            most_pixels=most_pixels,
        )

    @property
    def table(self) -> TableEncoding | None:
        """How the columns of a table became inputs in the training; None for other data."""
        return None if self.provenance is None else self.provenance.table

    @property
    def data_settings(self) -> Mapping[str, Any]:
        """The document's section `data`, by which a test part is drawn as in the training of the weights.

        Otherwise, with another seed or fraction in the document, it would hold samples that they were trained on.
        """
        here, known, document = self.spec.data, self.provenance, self.meta.get("document")
        drawn = facts_of(here["dataset"]) is None and here.get("test_path") is None
        if known is None or known.seed is None or known.dataset != here["dataset"] or not drawn:
            return here
        trained = document.get("data", {}) if isinstance(document, dict) else {}
        there = {key: trained[key] for key in (TEST_SPLIT,) if key in trained}
        return {key: value for key, value in here.items() if key != TEST_SPLIT} | {"seed": known.seed} | there

    def test_part_note(self) -> str | None:
        """Return a sentence where the test part is drawn otherwise than the document says; see `data_settings`."""
        here, used = self.spec.data, self.data_settings
        if all(here.get(key) == used.get(key) for key in ("seed", TEST_SPLIT)):
            return None
        fraction = f", data.test_split {used[TEST_SPLIT]:g}" if TEST_SPLIT in used else ""
        return f"the test part is that of the training of the weights: data.seed {used['seed']}{fraction}"

    def part(self, data: Dataset, name: str) -> Samples:
        """Return one of PARTS of the whole data set, normalised and split as in training.

        Notes are printed on stderr where the data, or the split, are not those of the document. Raises DataError where
        the weights know no such part of these data, or the data have other classes or inputs of another scale.
        """
        older = both_older(self.spec, self.meta.get("document"))
        fraction, seed = self.spec.data["validation_split"], (self.spec.training if older else self.spec.data)["seed"]
        shape = self.normalisation.shape
        try:
            notes = [class_names_note(self.classes, data.classes)]
            if name == "test":
                notes += [self.test_part_note() if data.test_drawn else None, test_note(data, self.provenance)]
                part = Samples(
                    in_form(data.x_test, shape),
                    data.y_test,
                    normalisation=self.normalisation,
                    learns_inputs=self.spec.learns_inputs,
                )
            else:
                if self.provenance is None:
                    print_split_note(self.spec)
                notes.append(split_note(self.provenance, name, fraction=fraction, seed=seed))
                dataset = self.spec.data["dataset"]
                chosen = part_indices(data, self.provenance, name, name=dataset, fraction=fraction, seed=seed)
                part = Samples(
                    in_form(data.x_train, shape),
                    data.y_train,
                    chosen,
                    self.normalisation,
                    learns_inputs=self.spec.learns_inputs,
                )
        except DataError as error:
            raise DataError(*(f"{self.weights}: {problem}" for problem in error.problems)) from error
        for text in filter(None, notes):
            note(f"{self.weights}: {text}")
        return part

    def recorded_note(self, name: str, loss: float) -> str | None:
        """Return a sentence where the loss over "test" or "validation" is not the one that the weights' file records.

        It is for weights of older versions, which do not say on what data, and with what limit, they were trained.
        """
        if self.provenance is None or self.provenance.digests or name == "train":
            return None
        figures = self.meta.get("metrics")
        figures = figures.get(name) if isinstance(figures, dict) else None
        before = figures.get("loss") if isinstance(figures, dict) else None
        if not isinstance(before, float) or math.isclose(loss, before, rel_tol=CLOSE, abs_tol=CLOSE):
            return None
        return (
            f"the loss over the {name} part was {before:.4f} after the training and is {loss:.4f} now: "
            "the data, --limit or the document were others"
        )


def load_trained(source: DocumentSource, weights: Path | None, command: str) -> Trained:
    """Return the network of a document with its weights; print a note where these come from another document.

    weights: their file, by default the one beside the document. command: the name of the present one, for messages.
    Raises WeightsError where the file is missing, or does not fit, before any memory for the network is allocated.
    """
    spec = read_document(source)
    graph = build_graph(spec)
    path = weights or weights_beside(source.file, "--weights")
    if weights is None and not path.exists():
        raise WeightsError(f"{path}: no such file; {how_to_get(path, source.file, command)}")
    refuse_foreign(path, source.file, command)
    shapes = {name: parameter.shape for name, parameter in named_parameters(graph.nodes).items()}
    file = load_weights(path, check_finite=True, expected=shapes, network=str(source.file))
    kernels = trained_kernels(spec, graph, file.meta)
    refuse_inference(graph, spec.training["batch_size"], kernels, str(source.file))
    parameters = unset(graph)
    assign(parameters, file.arrays, file=path)
    if file.note is not None:
        note(f"{path}: {file.note}")
    note_differences(spec, file)
    names, provenance = class_names(file), Provenance.from_meta(file.meta, path)
    facts = facts_of(spec.data["dataset"])
    graph, unweighted = recorded(graph, file.meta, names if facts is None else facts.classes)
    if unweighted is not None:
        note(f"{path}: {unweighted}")
    return Trained(spec, graph, parameters, path, normalisation_of(spec, file), names, provenance, file.meta)


def refuse_foreign(weights: Path, document: Path, command: str) -> None:
    """Raise WeightsError where weights are a file of another library, with the command that makes them an .npz."""
    if weights.suffix != ".npz":
        from graphnn.importing.weights.weight_files import is_foreign  # for such names only

        if is_foreign(weights):
            line = f"{command_line('import', command)} {file_word(weights)} --into {file_word(document)}"
            raise WeightsError(f"{weights}: is a file of another library; {line} makes it an .npz")


def trained_kernels(spec: Spec, graph: Graph, meta: Mapping[str, Any], name: str | None = None) -> Kernels:
    """Return the kernels of that name, by default those that trained the weights, so that their figures repeat.

    Where these are not known, or not there, they are those that would train the document. meta: of the weights file.
    """
    recorded = meta.get("kernels")
    if name is None and isinstance(recorded, str) and is_there(recorded):
        name = recorded
    return document_kernels(spec, graph, name)


def how_to_get(weights: Path, document: Path, command: str) -> str:
    """Return how the weights of a document come to their place, in words. command: the name of the present one."""
    store = store_of(weights)
    known = [run.number for run in store.runs() if run.best_weights() is not None]
    if not known:
        return f"train it first: {document_command('train', command, document)}"
    whole = latest_whole(store)
    number = known[-1] if whole is None else whole.number
    have = "has" if len(known) == 1 else "have"
    return f"{numbers_text(known)} {have} weights: {document_command('runs', command, document)} --promote {number}"


def weights_beside(document: Path, option: str = "--output") -> Path:
    """Return the default path of a document's weights. option: of the command line, which names another.

    Raises WeightsError where nothing can lie beside the document, because it comes from a pipe.
    """
    if not has_place(document):
        raise WeightsError(
            f"{document}: the weights lie beside the document, but this is no file on a disk; name theirs with {option}"
        )
    return weights_path(document)
