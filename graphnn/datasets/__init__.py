"""The data sets by name, and the way of their samples into a network."""

from graphnn.datasets import cifar10, digits, mnist, npz  # each registers itself
from graphnn.datasets.base import Dataset, check_input_shape, load
from graphnn.datasets.batches import epoch_order, split
from graphnn.datasets.preparation import Normalisation

__all__ = [
    "Dataset",
    "Normalisation",
    "check_input_shape",
    "cifar10",
    "digits",
    "epoch_order",
    "load",
    "mnist",
    "npz",
    "split",
]
