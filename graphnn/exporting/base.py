"""What a target of export is: a network written for another library, or a drawing; and the registry of targets."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from graphnn.document.document import listed
from graphnn.errors import GraphError
from graphnn.exporting.branches import layer_nodes, steps_of
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.layers.base import LAYERS
from graphnn.registry import Registry
from graphnn.reports.report import Fact
from graphnn.storage.own_files import check_own_file
from graphnn.storage.replacing import replacing
from graphnn.text.installing import extra_command, missing
from graphnn.types import Array

if TYPE_CHECKING:
    from graphnn.exporting.trained_network import TrainedNetwork

REPLACING = "--replace replaces it all the same, --output names another file"
EXTRAS = {"h5py": "keras"}  # of graphnn, that bring modules; others have the name of their module


class ExportError(GraphError):
    """A network that a target cannot say, or a file that cannot be written."""


class NotInstalled(ExportError):
    """A library that a target needs is not there; the message has the command that installs it."""


@frozen_dataclass
class ExportWishes:
    """What the command line asks for beyond the target.

    samples: returns up to n samples of a part, "train", "validation" or "test", and their targets: x as they are
    stored, n×data_shape; it raises DataError where there are none, and the targets are empty where they are not known.
    quantize: the type of numbers to compute with, where not float32. replace: whether a file may be replaced that is no
    export, or was changed since it was exported.
    """

    samples: Callable[[str, int], tuple[Array, Array]] | None = None
    quantize: str | None = None
    replace: bool = False


@frozen_dataclass
class Exported:
    """What was written. files: the one that was asked for, then those beside it. facts, notes: for the user."""

    files: tuple[Path, ...]
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()


class Target(ABC):
    """A form in which networks are written, registered by its name under `--to`.

    name: under `--to`. suffix: of its files, with the dot. summary: what it is for, in a few words, for the help.
    needed: what pip installs for it, by the module that it is imported as. computes: whether its files give outputs.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    summary: ClassVar[str]
    needed: ClassVar[Mapping[str, str]] = {}
    computes: ClassVar[bool] = True

    def check_wishes(self, wishes: ExportWishes) -> None:
        """Raise ExportError where something is wished that this target cannot do."""
        if wishes.quantize is not None:
            raise ExportError(f"--quantize is for --to onnx; {self.name} keeps float32: leave it out")

    def check_installed(self) -> None:
        """Raise NotInstalled where a library that writing needs is not there."""
        found = {module: why for module in self.needed if (why := missing(module)) is not None}
        if found:
            needs = " and ".join(self.needed[module] for module in found)
            broken = "".join(f", and the {module} here is broken: {why}" for module, why in found.items() if why)
            extras = [EXTRAS.get(module, module) for module in found]
            raise NotInstalled(f"--to {self.name} needs {needs}{broken}; {extra_command(*extras)}")

    def is_own(self, head: bytes) -> bool:
        """Whether a file was written by this target, by its first bytes, so that it may be replaced."""
        return False

    def check_place(self, path: Path, wishes: ExportWishes) -> None:
        """Raise GraphError where no file could be written at a path.

        Nothing but an export is replaced, unless `wishes` allow it.
        """
        if path.suffix.lower() != self.suffix:
            raise ExportError(f"{path}: the name of this export ends in {self.suffix}; write {path.stem}{self.suffix}")
        refusal = f"is no export of graphnn to {self.name}, so it is not replaced; {REPLACING}"
        check_own_file(path, lambda head: wishes.replace or self.is_own(head), refusal)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises ExportError where it cannot be written."""
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as problem:
        raise ExportError(f"{path}: cannot be written: {problem.strerror or problem}") from problem


class DrawnTarget(Target):
    """A target that shows a graph; it needs no weights."""

    @abstractmethod
    def text(self, graph: Graph, title: str) -> str:
        """Return the text of the file."""


class Exporter(Target):
    """A target that other libraries read: the network with its weights.

    conversions: the types of layers that it can say. refusals: why it cannot say the others, by type; what to do
    instead is part of the reason. Every registered type is in one of them. Blocks are said by their branches.
    """

    conversions: ClassVar[Container[str]]
    refusals: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def write(self, network: "TrainedNetwork", path: Path, wishes: ExportWishes) -> Exported:
        """Write a network, after `check`. Raises ExportError, and leaves what was there where it does."""

    @abstractmethod
    def outputs(self, files: Sequence[Path], x: Array) -> Array | None:
        """Return what the written files give for samples, by their own library; None where that is not installed.

        x: n×data_shape, float32, not normalised. The result is compared with `TrainedNetwork.outputs`.
        """

    def check(self, graph: Graph) -> None:
        """Raise ExportError with all layers that this target cannot say."""
        problems = [self.problem(node) for node in layer_nodes(steps_of(graph))]
        found = [problem for problem in problems if problem is not None]
        if found:
            raise ExportError(*found)

    def problem(self, node: Node) -> str | None:
        """Return why a node cannot be said, with its place; None where it can be."""
        kind = node.layer.type
        if kind in self.conversions and LAYERS.is_built_in(type(node.layer)):
            return None
        why = self.refusals.get(kind, f"{kind} comes from a plugin, which {self.name} does not know")
        return f'{node.location} "{node.name}": {why}'


def target_for(path: Path, name: str | None) -> Target:
    """Return the target of that name, or the one whose files end as a path does. Raises GraphError."""
    if name is not None:
        return TARGETS.find(name)
    found = [target for target in TARGETS.values() if target.suffix == path.suffix.lower()]
    if len(found) == 1:
        return found[0]
    known = listed([f"{target.suffix} ({target.name})" for target in TARGETS.values()])
    raise ExportError(f"{path}: its name does not say what to export to: it ends in one of {known}")


TARGETS: Registry[Target] = Registry("target", "graphnn.exporting.targets", name_of=attrgetter("name"))
