"""The assignment's words, as README.md beside this file lists them, and its checks, run by `run.py unittest`."""

from graphnn.course.optimizers import SGD, SGDMomentum
from graphnn.course.trainings import train_cifar10_model, train_mnist_model
from graphnn.kernels import col2im, determine_padding, get_im2col_indices, im2col
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.flatten import Flatten
from graphnn.layers.global_average_pooling import GlobalAveragePooling
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model

__all__ = [
    "SGD",
    "BatchNormalization",
    "Conv2D",
    "CrossEntropy",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling",
    "MaxPooling2D",
    "Model",
    "ReLU",
    "SGDMomentum",
    "Softmax",
    "col2im",
    "determine_padding",
    "get_im2col_indices",
    "im2col",
    "train_cifar10_model",
    "train_mnist_model",
]
