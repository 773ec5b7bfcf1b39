"""Files of weights of other libraries: which one a file is, by its content, and its reader."""

from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.importing.reading import SUFFIXES, file_start
from graphnn.importing.weights.foreign_file import ForeignFile

ZIP, HDF5, NUMPY = b"PK", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY"
PICKLES = (b"\x80", b"(", b"]", b"}")
KNOWN = ".npz, .safetensors, .pt, .pth, .bin, .onnx, .keras and .weights.h5"
OTHERS = {
    ".pb": "a graph of TensorFlow; save the model as .keras or .weights.h5",
    ".tflite": "a program for TensorFlow Lite; save the model as .keras or .weights.h5",
    ".mlmodel": "a model of Core ML; convert it to ONNX",
    ".gguf": "a file of llama.cpp, whose numbers are quantized",
    ".msgpack": "a file of Flax; save its arrays as safetensors",
    ".caffemodel": "a file of Caffe; convert it to ONNX",
    ".pkl": "a pickle, which is never loaded, because loading one runs code; save the arrays as safetensors or .npz",
    ".json": "a document, which holds no weights; name the .npz that training wrote",
}


def is_foreign(path: Path) -> bool:
    """Whether a file is to be read as that of another library: any but an .npz, by its content, or else its name.

    A file that is not there is foreign where its name says so.
    """
    if not path.is_file():
        return path.suffix.lower() in SUFFIXES[1:]
    start = file_start(path, 4)
    if start.startswith(ZIP):
        return not is_npz(path)
    return path.suffix.lower() != ".npz"


def is_npz(path: Path) -> bool:
    """Whether a zip archive is one of numpy's, or a damaged one that its name calls so."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # damaged in any way: its reader says how
        return path.suffix.lower() == ".npz"
    return all(name.endswith(".npy") for name in names)


def read_foreign(path: Path) -> ForeignFile:
    """Read a file of another library. Raises GraphError where a package for that is missing, and WeightsError."""
    start = file_start(path, 16)
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        # Here and below: what reads one kind of file, not all.
        from graphnn.importing.weights.initializers_file import read_onnx_weights

        return read_onnx_weights(path)
    if start.startswith(HDF5) or suffix in (".keras", ".h5", ".hdf5"):
        from graphnn.importing.weights.keras_file import read_keras_weights

        return read_keras_weights(path)
    if suffix == ".safetensors" or start[8:9] == b"{":
        from graphnn.importing.weights.safetensors_file import read_safetensors

        return read_safetensors(path)
    if suffix in (".pt", ".pth", ".bin", ".ckpt") or start.startswith(ZIP):
        from graphnn.importing.weights.state_dict_file import read_state_dict

        return read_state_dict(path)
    if suffix in OTHERS:
        raise WeightsError(f"{path}: is {OTHERS[suffix]}")
    if start.startswith(NUMPY):
        raise WeightsError(f"{path}: a single .npy array, where arrays by name are needed")
    if start.startswith(PICKLES[0]):
        raise WeightsError(f"{path}: is a pickle; if torch.save wrote it, call it {path.stem}.pt")
    raise WeightsError(f"{path}: is no file of weights that is known; {KNOWN} are")
