"""PyTorch files: a state_dict, or a checkpoint with one. No pickle is run: torch reads them with `weights_only`."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphnn.errors import GraphError, WeightsError
from graphnn.importing.reading import check_memory, file_content, first_line, import_problem
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.modules import grouped, uncounted
from graphnn.importing.weights.number_types import converted, refuse_parameter
from graphnn.text.suggestions import quoted
from graphnn.types import Array

OLDEST = (2, 6)
COPIES = 3  # of the weights in memory while a file is read
SAVE = 'torch.save(model.state_dict(), "weights.pt")'
WHERE = (  # a checkpoint keeps its weights, the likeliest first
    *("state_dict", "model_state_dict", "model", "module", "net", "network", "weights", "params", "state"),
    *("model_ema", "ema", "ema_state_dict", "state_dict_ema"),
)
OTHER = re.compile(r"optim|sched|scaler|rng|loss|criterion|hyper|callback|loops|epoch", re.IGNORECASE)
WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and torch.compile, before each name
DEEPEST = 4  # dictionaries in each other


def read_state_dict(path: Path) -> ForeignFile:
    """Read a file of PyTorch's that holds arrays by name.

    Raises GraphError where torch is missing or too old, and WeightsError where the file is damaged, holds a whole
    module or other objects, or no arrays by name.
    """
    torch = imported_torch(path)
    data = file_content(path, COPIES)
    check_archive(data, path)
    tensors, where, ignored = found_state(loaded(torch, data, path), torch, path)
    names = unwrapped(tensors)
    arrays, unread, total = {}, [], 0
    for name, tensor in zip(names, tensors.values(), strict=True):
        total += 4 * tensor.numel()
        check_memory(total, path)
        array = as_array(torch, tensor, name, path)
        if array is None:
            unread.append(name)
        else:
            arrays[name] = array
    found = grouped(arrays, keras=False)
    kind = "PyTorch state_dict" if not where else f'PyTorch checkpoint, its "{where}"'
    notes: tuple[str, ...] = ()
    if ignored:
        listed = " and ".join(f'"{each}"' for each in ignored)
        notes = (f'the weights are those of "{where}"; {listed} in it could be meant, too',)
    return ForeignFile(
        path,
        kind,
        found.modules,
        (*found.others, *uncounted(unread)),
        ordered=list(arrays) != sorted(arrays),  # what was sorted by name has lost the order of definition
        notes=notes,
    )


def imported_torch(path: Path) -> Any:
    """Return the module torch. Raises GraphError where it is missing or so old that its files could run code."""
    try:
        import torch
    except ImportError as problem:
        # The extra has one of 2.6 or later: before, a file could run code in spite of weights_only, CVE-2025-32434.
        raise GraphError(f"{path}: reading files of PyTorch needs torch{import_problem(problem, 'torch')}") from problem
    found = re.match(r"(\d+)\.(\d+)", torch.__version__)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        raise GraphError(
            f"{path}: torch {torch.__version__} could run code in it, which 2.6 and later refuse; upgrade torch, or "
            "save the weights as safetensors"
        )
    return torch


def check_archive(data: bytes, path: Path) -> None:
    """Raise WeightsError for a zip archive that torch.save has not written, or that holds a program."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
            small = sum(member.file_size for member in members) <= len(data)
            broken = archive.testzip() if stored and small else None  # torch does not look at the checksums
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, EOFError, OSError) as problem:
        raise WeightsError(f"{path}: the file of PyTorch is damaged or truncated: {first_line(problem)}") from problem
    names = [member.filename for member in members]
    if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
        raise WeightsError(
            f"{path}: is a TorchScript program, which is never run; save its weights: "
            f'torch.save(torch.jit.load("{path.name}").state_dict(), "weights.pt")'
        )
    if not any(name.endswith("data.pkl") for name in names):
        raise WeightsError(f"{path}: is a zip archive, but none of torch.save: it has no data.pkl")
    if not stored:
        raise WeightsError(f"{path}: is compressed, which torch.save never does; load and save it again")
    if not small:
        raise WeightsError(f"{path}: the file of PyTorch is damaged: its parts are larger than the whole")
    if broken is not None:
        raise WeightsError(f"{path}: the file of PyTorch is damaged: the checksum of {quoted(broken)} is another")


def loaded(torch: Any, data: bytes, path: Path) -> Any:
    """Return what a file holds, of which nothing is run. Raises WeightsError."""
    import pickle

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        text = str(problem)
        found = re.search(r"GLOBAL ([\w.]+)", text)
        if found is None:
            raise WeightsError(f"{path}: is no file of PyTorch's, or is damaged: {detail(text)}") from problem
        raise WeightsError(
            f"{path}: holds Python objects ({found[1][:80]}), which are never loaded, because that runs code; where "
            f"the file was made, save the weights alone: {SAVE}"
        ) from problem
    except (
        Exception
    ) as problem:  # torch raises nearly anything for a damaged file: IndexError, KeyError, RuntimeError, …
        what = first_line(problem)
        raise WeightsError(
            f"{path}: is no file of PyTorch's, or is damaged: {what.partition('. This is')[0]}"
        ) from problem


def detail(text: str) -> str:
    """Return what torch says of a file that is no pickle of weights, without its advice to load it nevertheless."""
    found = re.search(r"WeightsUnpickler error:\s*(.*)", text)
    return (found[1] if found else text.partition(".")[0])[:120].strip()


def found_state(content: Any, torch: Any, path: Path) -> tuple[dict[str, Any], str, list[str]]:
    """Return the tensors by name of what a file holds, under which keys they stand, and which others could be meant.

    Raises WeightsError where there are none.
    """
    if isinstance(content, torch.Tensor):
        raise WeightsError(f"{path}: holds a single tensor, where tensors by name are needed; {SAVE}")
    states = {where: state for where, state in dictionaries(content, torch) if not OTHER.search(where)}
    if "" in states:
        return states[""], "", []
    ranked = sorted(states, key=lambda where: (rank(where), where.count("."), len(where)))
    if not ranked:
        held = listed_keys(content)
        raise WeightsError(f"{path}: holds no tensors by name{held}; {SAVE}")
    return states[ranked[0]], ranked[0], ranked[1:4]


def dictionaries(content: Any, torch: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the dictionaries with tensors by name that are in what a file holds, each with its keys: model.encoder."""
    waiting, seen = [(content, "", 0)], set[int]()
    while waiting:
        value, where, depth = waiting.pop()
        if not isinstance(value, Mapping) or depth > DEEPEST or id(value) in seen:  # one may be in others many times
            continue
        seen.add(id(value))
        named = {name: each for name, each in value.items() if isinstance(name, str)}
        tensors = {name: each for name, each in named.items() if isinstance(each, torch.Tensor)}
        if any(each.dim() for each in tensors.values()):
            yield where, tensors
        else:
            waiting += [(each, f"{where}.{name}" if where else name, depth + 1) for name, each in named.items()]


def rank(where: str) -> int:
    """Return how far down a place is among the likely ones."""
    first = where.partition(".")[0]
    return WHERE.index(first) if first in WHERE else len(WHERE)


def listed_keys(content: Any) -> str:
    """Return what a file holds instead of tensors by name, for a message."""
    if isinstance(content, Mapping):
        return (
            f": its keys are {', '.join(quoted(str(key)) for key in list(content)[:5])}" if content else ": it is empty"
        )
    return f", but a {type(content).__name__}"


def unwrapped(names: Mapping[str, Any]) -> list[str]:
    """Return names without what DataParallel and torch.compile put before each of them."""
    result = list(names)
    while any(result and all(name.startswith(each) or name in ("n_averaged",) for name in result) for each in WRAPPERS):
        start = next(each for each in WRAPPERS if result[-1].startswith(each))
        result = [name.removeprefix(start) for name in result]
    return result


def as_array(torch: Any, tensor: Any, name: str, path: Path) -> Array | None:
    """Return a tensor as float32; None for one of other numbers that is no parameter. Raises WeightsError."""
    plain = tensor.layout == torch.strided and not tensor.is_quantized and tensor.device.type == "cpu"
    dtype = str(tensor.dtype).removeprefix("torch.")
    if not plain or dtype not in ("float32", "float64", "float16", "bfloat16"):
        refuse_parameter(dtype if plain else f"a {tensor.device.type} tensor, {dtype}, {tensor.layout}", name, path)
        return None
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise WeightsError(
            f"{path}: {quoted(name)} is said to have {tensor.numel():,} values, more than the file holds"
        )
    wide = tensor.detach().float() if dtype == "bfloat16" else tensor.detach()
    return converted(wide.numpy(), name, path)
