"""Opens the user's arrays, in one .npz file or in a folder of .npy files, and finds which of them are what."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from graphnn.datasets.array_names import meaning, suggested
from graphnn.datasets.missing_path import near
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.archives import Archive
from graphnn.storage.array_folder import SUFFIX as ARRAY_SUFFIX
from graphnn.storage.array_folder import ArrayFolder
from graphnn.text.suggestions import closest, quoted
from graphnn.types import NUMERIC

TRAIN, TEST = "train", "test"
PARTS = (TRAIN, TEST)
CLASS_NAMES = "class_names"
SUFFIX = ".npz"
MAPPED_FROM = 2**29  # bytes of inputs; fewer are loaded, which costs little and makes each batch a bit faster
WIDEST = 8  # bytes of a number in mapped inputs; wider ones are converted when they are loaded
READERS = {  # of other files that people have arrays in
    ".mat": "scipy.io.loadmat",
    ".h5": "h5py.File",
    ".hdf5": "h5py.File",
    ".pt": "torch.load",
    ".pth": "torch.load",
    ".safetensors": "safetensors.numpy.load_file",
    ".pkl": "pickle.load",
    ".pickle": "pickle.load",
    ".parquet": "pandas.read_parquet",
}
UNNAMED = re.compile(r"arr_\d+")  # what np.savez calls an array that is given without a name

ArrayFile = Archive | ArrayFolder


@frozen_dataclass
class ArrayKeys:
    """The names of the arrays of each part, of PARTS. x: inputs. y: labels or targets; empty where they are not used.

    There is only a training part where the test part is to be drawn from it.
    """

    x: dict[str, str]
    y: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all arrays, those of the training part first."""
        return tuple(each[part] for part in PARTS for each in (self.x, self.y) if part in each)


def open_arrays(path: Path) -> ArrayFile:
    """Return the opened file or folder. Raises DataError."""
    if path.is_dir():
        folder = ArrayFolder(path, DataError)
        if not folder.names:
            raise DataError(f"{path}: a folder without .npy files; x_train.npy, y_train.npy and so on are needed in it")
        return folder
    try:
        return Archive(path, DataError)
    except FileNotFoundError as problem:
        raise DataError(
            f"{path}: no such file{near(path, partial(meant_file, path))} data.path is relative to the document"
        ) from problem
    except DataError as problem:
        suffix = path.suffix.lower()
        if suffix == ARRAY_SUFFIX:
            raise DataError(f"{problem}, or the folder in which x_train.npy, y_train.npy and so on lie") from problem
        if suffix in READERS:
            store = "np.savez(file, x_train=…, y_train=…, x_test=…, y_test=…)"
            raise DataError(f"{problem}; read it by {READERS[suffix]}, and store its arrays by {store}") from problem
        raise


def keys_of(file: ArrayFile, *, labelled: bool = True) -> ArrayKeys:
    """Return the arrays of each part: x_train, y_train, x_test, y_test; or only the first two; or x and y.

    labelled: whether y is needed, which is left out otherwise. Raises DataError with every array that is missing.
    """
    if file.names and all(map(UNNAMED.fullmatch, file.names)):
        raise DataError(
            f"{file.path}: its arrays have no names, but {listed(file.names)}; store them with their names: "
            "np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)"
        )
    letters = "xy" if labelled else "x"
    others = [name for name in file.names if name != CLASS_NAMES and name not in letters]
    if not any(meaning(name)[1] for name in others):  # no name speaks of a part
        keys = {letter: {TRAIN: letter} for letter in letters}
    else:
        keys = {letter: {part: f"{letter}_{part}" for part in PARTS} for letter in letters}
        others = [name for name in others if not any(name in each.values() for each in keys.values())]
        tests = [each[TEST] for each in keys.values()]
        if not any(name in file.names for name in tests) and not suggested(tests, others):
            keys = {letter: {TRAIN: each[TRAIN]} for letter, each in keys.items()}
    missing = [name for part in PARTS for each in keys.values() if (name := each.get(part)) and name not in file.names]
    if missing:
        known = listed([name if name.isidentifier() else quoted(name) for name in file.names])
        hints, there = suggested(missing, others), f"; it has {known or 'none at all'}"
        if len(missing) == 2 and set(missing) == {"x", "y"} and not hints:
            missing = ["x_train", "y_train", "x_test", "y_test"]
        raise DataError(*(f'{file.path}: no array "{key}"{hints.get(key, there)}' for key in missing))
    return ArrayKeys(keys["x"], keys.get("y", {}))


def mapped_names(file: ArrayFile, keys: ArrayKeys) -> tuple[str, ...]:
    """Return the names of inputs that stay in the file: all that can, where the inputs are large."""
    headers = {name: file.header(name) for name in keys.x.values()}
    if sum(header.nbytes for header in headers.values()) < MAPPED_FROM:
        return ()
    suits = [name for name, each in headers.items() if each.dtype.kind in NUMERIC and each.dtype.itemsize <= WIDEST]
    return tuple(name for name in suits if file.can_map(name))


def meant_file(path: Path, beside: Sequence[Path]) -> str | None:
    """Return the name of the file or folder of arrays that a path may mean; None for none."""
    files = [file.name for file in beside if file.suffix.lower() == SUFFIX]
    folders = [file.name for file in beside if file.is_dir() and any(file.glob(f"*{ARRAY_SUFFIX}"))]
    tries = [(path.name, folders), *((f"{name}{SUFFIX}", files) for name in (path.name, path.stem))]
    return next(filter(None, (closest(name, known) for name, known in tries)), None)
