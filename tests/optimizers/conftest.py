"""What tests of optimizers share."""

import numpy as np
import pytest


@pytest.fixture
def sequence():
    """Return the values of one parameter after each gradient: sequence(optimizer, start, gradients)."""

    def run(optimizer, start, gradients):
        updater = optimizer.get_parameter_updater((1, 1))
        values, value = [], np.array([[start]])
        for gradient in gradients:
            value = updater(value, np.array([[gradient]]))
            values.append(float(value[0, 0]))
        return values

    return run
