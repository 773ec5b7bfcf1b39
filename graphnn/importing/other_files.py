"""Files of networks that are not ONNX: how to make an ONNX file of them."""

from collections.abc import Mapping
from pathlib import Path

from graphnn.errors import WeightsError

PYTORCH = 'in PyTorch, torch.onnx.export(model, (x,), "net.onnx") writes ONNX, with one sample or more as x'
KERAS = 'in Keras, model.export("net.onnx", format="onnx") writes ONNX'
WEIGHTS = "weights alone go into a document by --into SPEC.json"
TENSORFLOW = "python -m tf2onnx.convert writes ONNX of it"
ADVICE: Mapping[str, str] = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), f"{PYTORCH}; {WEIGHTS}"),
    **dict.fromkeys((".keras", ".h5", ".hdf5"), f"{KERAS}; {WEIGHTS}"),
    **dict.fromkeys((".pb", ".tflite"), TENSORFLOW),
    ".safetensors": "these are weights without a network; name a document for them: --into SPEC.json",
    ".npz": "these are weights of graphnn; their document stands beside them",
    ".json": "this is a document; it needs no import",
}


def check_kind(path: Path) -> None:
    """Raise WeightsError for a file whose name says that it is of another kind, with the way from it to ONNX."""
    advice = ADVICE.get(path.suffix.lower())
    if advice is not None:
        raise WeightsError(f"{path}: import takes ONNX files; {advice}")
