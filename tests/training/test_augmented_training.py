"""Training on augmented images: the same bits however the work is shared out, and wherever it is taken up again."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.datasets.preparation import Normalisation
from graphnn.engine import formation as formation_module
from graphnn.engine import plan
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.cut import Cut
from graphnn.engine.engine import Engine
from graphnn.errors import DivergenceError
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.optimizers.sgd import SGD
from graphnn.schedules.constant import Constant
from graphnn.training import trainer as trainer_module
from graphnn.training.options import TrainingOptions
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer

SHAPE = (3, 7, 5)
X = np.random.default_rng(2).integers(0, 256, (33, *SHAPE), np.uint8)
AUGMENTATIONS = (RandomFlip("alternating"), RandomTranslate(2), Cutout(3))


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make trainers of one small network, whose steps of 8 images are cut into 3 lanes, of pieces of 1 or 2."""
    monkeypatch.setattr(plan, "cut_of", lambda stages, batch_size: Cut(batch_size, 3))
    monkeypatch.setattr(plan, "training_piece", lambda nodes, block: 2)
    with ExitStack() as stack:

        def trainer(threads: int = 1, augment: Any = AUGMENTATIONS) -> Trainer:
            layers = [Conv2D(filters=4), BatchNormalization(), Flatten(), Dense(units=3), Softmax()]
            graph = chain([(str(number), layer) for number, layer in enumerate(layers)], SHAPE, CrossEntropy())
            parameters = initialise(graph, 1)
            engine = stack.enter_context(Engine(graph, parameters, batch_size=8, threads=threads))
            normalisation = Normalisation("unit", SHAPE, (0.0,), (255.0,))
            samples = Samples(X, np.arange(33) % 3, np.arange(32, 2, -1), normalisation).augmented(augment, 9)
            options = TrainingOptions(epochs=3, batch_size=8, seed=9)
            return Trainer(engine, SGD(0.05), Constant(), options, samples, samples)

        yield trainer


def trained(trainer: Trainer) -> Any:
    """Train to the end and return the parameters."""
    assert trainer.run()
    return trainer.parameters.vector.copy()


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("forked", [True, False])
def test_no_number_of_threads_or_processes_changes_a_bit(
    make: Any, threads: int, forked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trained(make())
    if not forked:
        monkeypatch.setattr(formation_module, "can_fork", lambda: False)
    np.testing.assert_array_equal(trained(make(threads)), expected)
    assert not np.array_equal(trained(make(threads, augment=())), expected)


def test_a_run_that_is_resumed_within_an_epoch_draws_what_it_would_have_drawn(make: Any) -> None:
    expected = trained(make())
    for after in (2, 4, 6):
        asked = iter([False] * after + [True])
        stopped = make(2)
        assert not stopped.run(lambda asked=asked: next(asked))
        state = stopped.state()
        again = make()
        again.restore(replace(state, arrays={name: array.copy() for name, array in state.arrays.items()}))
        np.testing.assert_array_equal(trained(again), expected)


def test_validation_sees_images_as_they_are(make: Any) -> None:
    trainer = make()
    trainer.run()
    x, y = replace(trainer.training, augmenter=None).take(np.arange(30), SHAPE)
    sums = trainer.engine.evaluate(ArrayBatch(x, y))
    assert trainer.history[-1].validation == trainer.graph.summarise(sums, 30)


def test_what_went_wrong_is_looked_for_in_the_augmented_batch(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is no number for the second batch of the second epoch."""
    trainer, seen = make(), []
    step = trainer.engine.train_step

    def spoiled(batch: Any, *, epoch: int, **options: Any) -> Any:
        sums = step(batch, epoch=epoch, **options)
        if (epoch, options["step"]) == (1, 1):
            seen.append(batch.source.take(batch.positions, SHAPE, epoch)[0])
            sums[0] = np.nan
        return sums

    def culprit(engine: Engine, batch: Any, loss: float, *, epoch: int, step: int) -> str:
        seen.append(batch.x)
        return "found"

    monkeypatch.setattr(trainer.engine, "train_step", spoiled)
    monkeypatch.setattr(trainer_module, "culprit", culprit)
    with pytest.raises(DivergenceError, match="in epoch 2 of 3, step 2 of 4: found"):
        trainer.run()
    np.testing.assert_array_equal(seen[1], seen[0])
