"""The section `data` of a document, from the name of a data set or the place of files."""

import os
from pathlib import Path
from typing import Any

from graphnn.datasets.base import DATASETS, facts_of
from graphnn.errors import DataError
from graphnn.text.suggestions import unknown_name
from graphnn.types import Shape, shape_text


def data_section(text: str, folder: Path, shape: Shape) -> dict[str, Any]:
    """Return the section for a data set, or for files: .npz, or a folder of arrays or of pictures.

    folder: of the document, to which paths in it are relative. shape: of the network's input. Raises DataError.
    """
    if text in DATASETS and (facts := facts_of(text)) is not None:
        if facts.shape != shape and len(shape) != 1:
            raise DataError(
                f"--data {text}: its samples are {shape_text(facts.shape)}, the network takes {shape_text(shape)}"
            )
        return {"dataset": text}
    path = Path(text)
    if path.suffix == ".csv":
        raise DataError(f"--data {text}: a table needs a target too; leave --data out, and write its section by hand")
    if not path.exists():
        published = [name for name in DATASETS if facts_of(name) is not None]
        raise DataError(f"--data: there is no such file, and {unknown_name('data set', text, published)}")
    relative = Path(os.path.relpath(path, folder)).as_posix()
    if path.is_dir() and not list(path.glob("*.npy")):
        if len(shape) != 3:
            raise DataError(f"--data {text}: is a folder of pictures, but the network takes {shape_text(shape)}")
        grey = {"color": "grey"} if shape[0] == 1 else {}
        return {"dataset": "images", "path": relative, "size": list(shape[1:]), **grey}
    return {"dataset": "npz", "path": relative}
