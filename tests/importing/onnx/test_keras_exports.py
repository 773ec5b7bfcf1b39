"""Networks that Keras wrote, on its backend of PyTorch, give what Keras gives."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.engine.engine import Engine
from graphnn.importing.onnx.imported import ImportWishes, import_onnx
from graphnn.parameters.parameters import Parameters
from graphnn.storage.weights import assign

pytestmark = pytest.mark.skipif(find_spec("keras") is None or find_spec("torch") is None, reason="no keras, no torch")
WRITE = """
import json, sys, warnings
import keras, numpy as np
from keras import layers as L
warnings.filterwarnings("ignore")
keras.utils.set_random_seed(0)
x = inputs = L.Input((12, 12, 3))
x = L.Rescaling(1 / 255)(x)
x = L.Conv2D(4, 3, padding="same", use_bias=False)(x)
x = L.BatchNormalization()(x)
x = L.ReLU()(x)
y = L.Conv2D(4, 3, padding="same", activation="gelu")(x)
x = L.Add()([x, y])
x = L.MaxPooling2D()(x)
x = L.Conv2D(6, 3, activation="silu")(x)
x = L.Dropout(0.5)(L.Flatten()(x))
x = L.PReLU(alpha_initializer="uniform")(L.Dense(8)(x))
x = L.LeakyReLU(negative_slope=0.2)(L.Dense(8)(x))
x = L.Dense(5, activation="softmax")(x)
model = keras.Model(inputs, x)
norm = model.layers[3]
draw = np.random.default_rng(0)
norm.set_weights([draw.normal(1, 0.2, 4), draw.normal(0, 0.2, 4), draw.normal(0, 0.3, 4), draw.uniform(0.5, 2, 4)])
x = draw.uniform(0, 255, (3, 12, 12, 3)).astype("float32")
y = model(x)
model.export(sys.argv[1], format="onnx", verbose=False)
print(json.dumps([x.tolist(), keras.ops.convert_to_numpy(y).tolist()]))
"""


@pytest.mark.long
def test_a_network_of_keras(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    command = [sys.executable, "-c", WRITE, str(path)]
    env = {"KERAS_BACKEND": "torch", "PATH": "/usr/bin:/bin", "KERAS_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    x, theirs = (np.array(each, np.float32) for each in json.loads(done.stdout.splitlines()[-1]))
    imported = import_onnx(path, ImportWishes())
    types = " ".join(layer["type"] for layer in imported.values["layers"])
    assert types == (
        "Conv2D BatchNormalization ReLU Residual MaxPooling2D Conv2D SiLU Flatten Dense PReLU Dense LeakyReLU Dense "
        "Softmax"
    )
    assert imported.values["data"]["normalize"] == "unit"
    np.testing.assert_allclose(imported.meta["normalisation"]["divisor"], [255], rtol=1e-6)
    assert imported.verified.difference < 1e-5
    parameters = Parameters({node.name: node.parameters for node in imported.graph.nodes})
    assign(parameters, imported.arrays)
    samples = Normalisation.from_json(imported.meta["normalisation"]).apply(x.transpose(0, 3, 1, 2), (3, 12, 12))
    with Engine(imported.graph, parameters, batch_size=3, threads=1) as engine:
        np.testing.assert_allclose(engine.predict(samples), theirs, rtol=1e-5, atol=1e-5)
