"""graphnn: an interpreter for neural networks written as JSON documents. Here are the public names, nothing else."""

import importlib
from typing import TYPE_CHECKING, Any

from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_affine import RandomAffine
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.errors import DataError, DivergenceError, GraphError, Problem, ShapeError, SpecError, WeightsError
from graphnn.graph.graph import Graph, Node, build_graph, initialise
from graphnn.layers.average_pooling_2d import AveragePooling2D
from graphnn.layers.base import BatchwiseLayer, Layer, register
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.built import BuiltLayer
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.elu import ELU
from graphnn.layers.flatten import Flatten
from graphnn.layers.gelu import GELU
from graphnn.layers.global_average_pooling import GlobalAveragePooling
from graphnn.layers.layer_normalization import LayerNormalization
from graphnn.layers.leaky_relu import LeakyReLU
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.layers.scale import Scale
from graphnn.layers.sigmoid import Sigmoid
from graphnn.layers.silu import SiLU
from graphnn.layers.softmax import Softmax
from graphnn.layers.tanh import Tanh
from graphnn.losses.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from graphnn.optimizers import SGD, Adam, AdamW, Muon, Optimizer, RMSprop, SGDMomentum
from graphnn.optimizers.groups import ParameterGroup
from graphnn.parameters.parameter import Parameter
from graphnn.schedules.schedules import Constant, Cosine, OneCycle, PiecewiseLinear, ReduceOnPlateau, Schedule, Step
from graphnn.specification.spec import Spec, parse_spec, read_spec, spec_from_values
from graphnn.training.averaging import Averaging, ExponentialAveraging, Lookahead
from graphnn.training.monitor import EarlyStopping
from graphnn.version import __version__

if TYPE_CHECKING:
    from graphnn.model.model import Model

__all__ = [
    "ELU",
    "GELU",
    "SGD",
    "Adam",
    "AdamW",
    "AveragePooling2D",
    "Averaging",
    "BatchNormalization",
    "BatchwiseLayer",
    "BinaryCrossEntropy",
    "BuiltLayer",
    "Constant",
    "Conv2D",
    "Cosine",
    "CrossEntropy",
    "Cutout",
    "DataError",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "ExponentialAveraging",
    "Flatten",
    "GlobalAveragePooling",
    "Graph",
    "GraphError",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Lookahead",
    "Loss",
    "MaxPooling2D",
    "MeanSquaredError",
    "Model",
    "Muon",
    "Node",
    "OneCycle",
    "Optimizer",
    "Parameter",
    "ParameterGroup",
    "PiecewiseLinear",
    "Problem",
    "RMSprop",
    "RandomAffine",
    "RandomFlip",
    "RandomTranslate",
    "ReLU",
    "ReduceOnPlateau",
    "Residual",
    "SGDMomentum",
    "Scale",
    "Schedule",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Spec",
    "SpecError",
    "Step",
    "Tanh",
    "WeightsError",
    "__version__",
    "build_graph",
    "initialise",
    "parse_spec",
    "read_spec",
    "register",
    "spec_from_values",
]


def __getattr__(name: str) -> Any:
    """Import Model when it is first asked for: it brings the engine and the data sets, which inspect does without."""
    if name == "Model":
        return importlib.import_module("graphnn.model.model").Model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
