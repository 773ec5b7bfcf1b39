"""A dry run: one batch forward and backward."""

import time

import numpy as np

from graphnn.engine.batch import SourceBatch
from graphnn.metrics.figures import figure
from graphnn.runs.data import TrainingData
from graphnn.text.terminal import showable
from graphnn.training.trainer import Trainer


def dry_run(trainer: Trainer, data: TrainingData) -> None:
    """Run one batch forward and backward, and print the result; write nothing. Raises DivergenceError."""
    count = min(trainer.options.batch_size, len(data.training))
    start = time.perf_counter()
    sums = trainer.engine.train_step(SourceBatch(data.training, np.arange(count)), epoch=0, step=0)
    seconds = time.perf_counter() - start
    trainer.check_step(np.arange(count), sums)
    norm = float(np.linalg.norm(trainer.parameters.gradient.astype(np.float64)))
    loss = trainer.graph.summarise(sums, count, training=True)["loss"]
    parts = [f"{len(data.training):,} samples to train on"]
    parts += [f"{len(data.validation):,} to validate"] if data.validation else []
    parts += [f"{len(data.test):,} to test"] if data.test else []
    print(showable(f"Dry run: {', '.join(parts)}."))
    print(
        showable(
            f"One batch of {count:,}, forward and backward: loss {figure('loss', loss)}, "
            f"norm of the gradient {norm:.3g}, {seconds:.3f} s. Nothing was written."
        )
    )
