"""Run by tests in a process with Keras: loads each NAME.keras of a folder, and writes what it says of NAME.x.npy.

Where there is a NAME.fit.npy with targets, the model is trained on all samples at once before, for three steps.
"""

import sys
import warnings
from pathlib import Path

warnings.simplefilter("error")

import keras  # noqa: E402
import numpy as np  # noqa: E402

warnings.simplefilter("error")
warnings.simplefilter("ignore", DeprecationWarning)  # of Keras, which calls numpy in its old way
for file in sorted(Path(sys.argv[1]).glob("*.keras")):
    model = keras.saving.load_model(file)
    x = np.load(file.with_suffix(".x.npy"))
    targets = file.with_suffix(".fit.npy")
    if targets.exists():
        y = np.load(targets)
        model.fit(x, y, batch_size=len(x), epochs=3, shuffle=False, verbose=0)
    np.save(file.with_suffix(".y.npy"), keras.ops.convert_to_numpy(model(x, training=False)))
    names = sorted(layer.name for layer in model.layers if not layer.trainable)
    file.with_suffix(".frozen").write_text("\n".join(names), encoding="utf-8")
