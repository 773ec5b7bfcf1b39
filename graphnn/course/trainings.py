"""The two trainings of the assignment: arrays in, trained model out; the networks of models/mnist.json, cifar10.json.

x_train, x_valid: N×C×H×W or N×(C·H·W), not normalised or normalised as you like. y_train, y_valid: labels N, or one-hot
rows N×10. observer, threads: as in `Model.fit`. They raise DataError where the arrays do not fit.
"""

import math
from typing import Any

import numpy as np

from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.course.optimizers import SGDMomentum
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.global_average_pooling import GlobalAveragePooling
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.schedules.one_cycle import OneCycle
from graphnn.training.observer import Observer
from graphnn.types import Shape


def train_mnist_model(
    x_train: Any,
    y_train: Any,
    x_valid: Any,
    y_valid: Any,
    *,
    epochs: float = 24,
    observer: Observer | None = None,
    threads: int | None = None,
) -> Model:
    """Return a network of three dense layers, trained to read handwritten digits of 28×28 pixels."""
    model = Model(
        CrossEntropy(),
        SGDMomentum(0.1, 0.9, weight_decay=0.0001),
        OneCycle(peak=0.25),
        name="course_mnist",
        normalize="per_channel",
        augment=[RandomTranslate(1, padding="zeros")],
    )
    model.add(Dense(256, input_shape=(784,)))
    model.add(ReLU())
    model.add(Dense(128))
    model.add(ReLU())
    model.add(Dense(10))
    model.add(Softmax())
    x_train, x_valid = (as_images(x, (1, 28, 28)) for x in (x_train, x_valid))
    model.fit(x_train, y_train, 128, epochs, x_valid, y_valid, observer=observer, threads=threads)
    return model


def train_cifar10_model(
    x_train: Any,
    y_train: Any,
    x_valid: Any,
    y_valid: Any,
    *,
    epochs: float = 20,
    observer: Observer | None = None,
    threads: int | None = None,
) -> Model:
    """Return a network of six convolutions, trained to tell apart colour photographs of 3×32×32."""
    model = Model(
        CrossEntropy(),
        SGDMomentum(0.1, 0.9, weight_decay=0.0005),
        OneCycle(peak=0.25),
        name="course_cifar10",
        normalize="per_channel",
        augment=[RandomFlip(), RandomTranslate(4, padding="zeros")],
    )
    for filters in (32, 64, 128):
        for number in (1, 2):
            first = filters == 32 and number == 1
            model.add(Conv2D(filters, use_bias=False, input_shape=(3, 32, 32) if first else None))
            model.add(BatchNormalization())
            model.add(ReLU())
        model.add(MaxPooling2D() if filters < 128 else GlobalAveragePooling())
    model.add(Dropout(0.2))
    model.add(Dense(10))
    model.add(Softmax())
    x_train, x_valid = (as_images(x, (3, 32, 32)) for x in (x_train, x_valid))
    model.fit(x_train, y_train, 128, epochs, x_valid, y_valid, observer=observer, threads=threads)
    return model


def as_images(x: Any, shape: Shape) -> Any:
    """Return vectors, and images without an axis of channels, as images of `shape`, N×C×H×W; all else as it is."""
    x = None if x is None else np.asarray(x)
    if x is None or math.prod(x.shape[1:]) != math.prod(shape):
        return x
    channels, height, width = shape
    planes_only = channels == 1 and x.shape[1:] in ((height, width), (height, width, 1))
    return x.reshape(-1, *shape) if x.ndim == 2 or planes_only else x
