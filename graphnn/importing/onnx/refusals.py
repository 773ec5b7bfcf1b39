"""Operations of ONNX that no document can say, and the nearest that it can."""

from collections.abc import Mapping

from graphnn.importing.onnx.graph import Operation
from graphnn.text.suggestions import quoted

NO_RECURRENCE = "networks here have no memory of the samples before; there is no recurrent layer"
NO_SEQUENCES = "there are vectors and images C×H×W here, and no sequences"
NO_INTEGERS = "the network is quantised; import the one in float32 that it was made from"
NO_CONTROL = "what is computed may not depend on the sample; export the graph for inference, without branches"
SMOOTH = "the nearest layers are ReLU, SiLU and GELU; the network must be trained again with one of them"

REFUSALS: Mapping[str, str] = {
    **dict.fromkeys(("LSTM", "GRU", "RNN", "Scan", "Loop"), NO_RECURRENCE),
    **dict.fromkeys(("Attention", "MultiHeadAttention", "RotaryEmbedding", "Einsum"), NO_SEQUENCES),
    **dict.fromkeys(("If", "Optional", "SequenceConstruct"), NO_CONTROL),
    **dict.fromkeys(
        (
            "QuantizeLinear",
            "DequantizeLinear",
            "DynamicQuantizeLinear",
            "QLinearConv",
            "QLinearMatMul",
            "ConvInteger",
            "MatMulInteger",
        ),
        NO_INTEGERS,
    ),
    **dict.fromkeys(
        ("HardSwish", "HardSigmoid", "Mish", "Softplus", "Softsign", "Selu", "Celu", "ThresholdedRelu"), SMOOTH
    ),
    "Concat": "results are joined end to end; branches here are added: use a Residual, and train the network so",
    "ConvTranspose": "there is no transposed convolution; images become smaller here, never larger",
    "Resize": "there is no layer that enlarges images",
    "Upsample": "there is no layer that enlarges images",
    "DepthToSpace": "there is no layer that enlarges images",
    "SpaceToDepth": "there is no such layer; a Conv2D with strides makes images smaller",
    "InstanceNormalization": "the nearest are BatchNormalization, and LayerNormalization over all values of a sample",
    "GroupNormalization": "the nearest are BatchNormalization, and LayerNormalization over all values of a sample",
    "RMSNormalization": "the nearest is LayerNormalization, which also subtracts the mean",
    "LRN": "the nearest is BatchNormalization; the network must be trained again with it",
    "LpNormalization": "the nearest is LayerNormalization",
    "GlobalLpPool": "the nearest is GlobalAveragePooling",
    "LpPool": "the nearest are MaxPooling2D and AveragePooling2D",
    "Hardmax": "leave it out: predict names the most probable class",
    "ArgMax": "leave it out: predict names the most probable class; export the network with its probabilities",
    "TopK": "leave it out: predict names the most probable classes; export the network with its probabilities",
    "ZipMap": "export the network without it (zipmap=False), with its probabilities alone",
    "Gather": "a part of a result is taken; every layer here takes all of what the one before gives",
    "Slice": "a part of a result is taken; every layer here takes all of what the one before gives",
    "Split": "a result is cut in parts; every layer here takes all of what the one before gives",
    "Expand": "a result is repeated to fit another; the two branches of a Residual have one shape",
    "Tile": "a result is repeated; no layer here does that",
    "ReduceSum": "the nearest is GlobalAveragePooling, the mean over an image",
    "ReduceMax": "the nearest are GlobalAveragePooling, and MaxPooling2D of the size of the image",
}


MOVING = ("Concat", "Gather", "Slice", "Split", "Expand", "Tile")  # computes shapes, too


def is_fault_anywhere(operation: Operation) -> bool:
    """Whether an operation that cannot be said is one wherever it stands, also behind another fault."""
    return bool(operation.domain) or (operation.type in REFUSALS and operation.type not in MOVING)


def nearest(operation: Operation) -> str:
    """Return why an operation cannot be said, and what is the nearest that can."""
    if operation.domain:
        return (
            f"is an operation of {quoted(operation.domain)}, not of ONNX itself; export the graph without the changes "
            "that a runtime makes to it"
        )
    return REFUSALS.get(operation.type, "no layer of a document computes this")
