"""torch: the network and its training as a Python file for PyTorch, with the weights beside it."""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from graphnn.exporting.base import TARGETS, Exported, Exporter, ExportError, ExportWishes
from graphnn.exporting.targets.safetensors import SAFETENSORS
from graphnn.exporting.torch_source.modules import CONVERSIONS
from graphnn.exporting.torch_source.source import TorchFile
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.exporting.unchanged import HEAD, check_unchanged, text_unchanged, with_digest
from graphnn.storage.replacing import replacing
from graphnn.text.installing import extra_command, missing
from graphnn.types import Array

HIDING = ("torch", "numpy", "safetensors")  # what the file imports


class Torch(Exporter):
    """A `.py` file that needs PyTorch, and a `.safetensors` file of the same name."""

    name = "torch"
    suffix = ".py"
    summary = "the network and its training as PyTorch code, with the weights beside it"
    needed: ClassVar = {"safetensors": "safetensors>=0.4"}
    conversions: ClassVar = CONVERSIONS

    def is_own(self, head: bytes) -> bool:
        return head.startswith(HEAD.encode())

    def check_place(self, path: Path, wishes: ExportWishes) -> None:
        if path.stem in HIDING or path.stem in sys.stdlib_module_names:
            advice = f"name another file by --output, such as {path.stem}_network.py"
            raise ExportError(f"{path}: would hide the module {path.stem}, which Python imports; {advice}")
        super().check_place(path, wishes)
        SAFETENSORS.check_place(path.with_suffix(SAFETENSORS.suffix), wishes)

    def write(self, network: TrainedNetwork, path: Path, wishes: ExportWishes) -> Exported:
        source, weights = TorchFile(network, path.stem), path.with_suffix(SAFETENSORS.suffix)
        refusals = list(source.refusals())
        if refusals:
            raise ExportError(*refusals)
        check_unchanged(path, text_unchanged, wishes)
        try:
            with replacing(path) as file:  # after the weights, so that both are written or neither
                file.write(with_digest(source.text()))
                file.flush()
                SAFETENSORS.write(network, weights, wishes)
        except OSError as problem:
            raise ExportError(f"{path}: cannot be written: {problem.strerror or problem}") from problem
        notes = list(source.notes())
        if (why := missing("torch")) is not None:
            found = f"torch is broken ({why})" if why else "torch is not installed"
            notes.append(f"{found}, so that nothing was compared; {extra_command('torch')}")
        return Exported((path, weights), notes=tuple(notes))

    def outputs(self, files: Sequence[Path], x: Array) -> Array | None:
        if missing("torch") is not None:
            return None
        import torch

        module: Any = imported(files[0])
        said: Array = module.predict(module.load(), torch.from_numpy(x)).numpy()
        return said


def imported(path: Path) -> Any:
    """Return the module of a Python file; it does not stay among the modules."""
    name = f"graphnn_exported_{abs(hash(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module


TORCH = TARGETS.register(Torch())
