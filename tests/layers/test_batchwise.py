"""What layers share whose output in training depends on sums over the batch."""

import pytest

from graphnn.errors import GraphError
from graphnn.layers.batch_normalization import BatchNormalization


def test_a_batchwise_layer_has_no_backward_in_inference(checks):
    x = checks.spread(3, 4)
    with pytest.raises(GraphError, match="no backward in inference"):
        checks.run(BatchNormalization(), x, x, training=False)
