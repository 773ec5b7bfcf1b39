"""A training from its document on: which parameters it starts from."""

import numpy as np

from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.initializers.base import IMAGES
from graphnn.layers.conv2d import Conv2D
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.runs.data import TrainingData
from graphnn.runs.training import first_parameters
from graphnn.training.samples import Samples

rng = np.random.default_rng(0)


def data_of(count: int) -> TrainingData:
    """Return training images, augmented, in another order than they are stored in."""
    x = rng.integers(0, 256, (count, 1, 4, 4)).astype(np.uint8)
    normalisation = Normalisation.fit(x, "per_channel")
    chosen = rng.permutation(count)
    training = Samples(x, np.zeros(count), chosen, normalisation).augmented([RandomTranslate(3, padding="zeros")], 0)
    return TrainingData(training, None, None, None, normalisation, Provenance(None))


def test_weights_that_come_from_images_come_from_the_first_ones_as_they_are() -> None:
    """Without augmentation, normalised, in the order of the training part."""
    graph = chain([("white", Conv2D(8, kernel_size=2, initializer="patch_whitening"))], (1, 4, 4), MeanSquaredError())
    data = data_of(IMAGES + 7)
    assert data.training.indices is not None
    stored = data.training.x[data.training.indices[:IMAGES]]
    expected = initialise(graph, 0, images=data.normalisation.apply(stored, (1, 4, 4)))
    np.testing.assert_array_equal(first_parameters(graph, 0, data).vector, expected.vector)
