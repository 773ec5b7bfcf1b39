"""Numbers that stop being finite: that they are noticed, where they are said to come up, and what is advised."""

from typing import Any

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.errors import DivergenceError
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.schedules.constant import Constant
from graphnn.training.divergence import culprit, culprit_in_inference
from graphnn.training.options import TrainingOptions
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer

COUNT, FEATURES, CLASSES = 53, 6, 3


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_layer(rig: Any, threads: int) -> None:
    rig.optimizer, rig.plain, rig.threads = SGDMomentum(1e30), True, threads
    rig.batch_size, rig.training = 200, rig.problem(800)  # many pieces, so that both threads overflow
    trainer = rig.trainer()
    assert trainer.engine.threads == threads
    with pytest.raises(
        DivergenceError, match=r'in epoch 1 of 3, step \d of 4: layers\[\d\] "layer_\d" \(\w+\)'
    ) as caught:
        trainer.run()
    assert "learning rate smaller than 1e+30" in str(caught.value)
    assert "clip_norm" in str(caught.value)
    assert caught.value.exit_code == 3
    assert trainer.history == []


def test_the_layer_is_named_that_the_dropout_masks_of_the_step_make_overflow(rig: Any) -> None:
    """Two equal features, of which a sample loses one in some steps: their difference is 0 unless just one is lost."""
    layers = [Dropout(0.05), Dense(1), Dense(CLASSES), Softmax()]
    graph = chain([(f"layer_{index}", layer) for index, layer in enumerate(layers)], (2,), CrossEntropy())
    parameters = initialise(graph, 0)
    parameters.values["layer_1"]["weights"][...] = [[1, -1]]
    parameters.values["layer_2"]["weights"][...] = 3e38
    samples = Samples(np.full((40, 2), 2, np.float32), np.zeros(40, np.int64))
    still = SGD(1e-45)  # by the weights of the last layer, a larger step makes those before it overflow, too
    for seed in range(5):
        with Engine(graph, parameters, batch_size=4, threads=1, seed=seed) as engine:
            options = TrainingOptions(epochs=3, batch_size=4, seed=seed)
            trainer = Trainer(engine, still, Constant(), options, samples)
            with pytest.raises(DivergenceError, match=r'layers\[2\] "layer_2" \(Dense\) is the first whose output'):
                trainer.run()


def test_what_clips_is_not_told_to_clip(rig: Any) -> None:
    rig.optimizer, rig.plain = SGDMomentum(1e38, clip_norm=1e5), True
    with pytest.raises(DivergenceError) as caught:
        rig.trainer().run()
    assert "clip_norm" not in str(caught.value)


def test_a_gradient_that_is_not_finite_names_the_last_such_layer(rig: Any) -> None:
    rig.plain = True
    trainer = rig.trainer()
    plain_step = trainer.engine.train_step

    def spoiled(batch: Any, *, epoch: int, step: int) -> Any:
        sums = plain_step(batch, epoch=epoch, step=step)
        for node in ("layer_0", "layer_2"):
            trainer.parameters.gradients[node]["weights"][0, 0] = np.nan
        return sums

    trainer.engine.train_step = spoiled  # type: ignore[method-assign]
    with pytest.raises(DivergenceError, match=r'layers\[2\] "layer_2" \(Dense\) is the first whose gradient is not'):
        trainer.run()


def test_a_loss_that_overflows_by_itself_is_said_so(rig: Any) -> None:
    rig.regression, rig.plain, rig.validation = True, True, None
    rig.training = Samples(rig.training.x, np.full((COUNT, CLASSES), 1e200))
    with pytest.raises(DivergenceError, match="the loss itself is not"):
        rig.trainer().run()


def test_large_but_finite_gradients_go_through(rig: Any) -> None:
    rig.regression, rig.plain, rig.validation, rig.epochs = True, True, None, 1
    rig.optimizer = SGD(1e-30)
    rig.training = Samples(rig.training.x, np.full((COUNT, CLASSES), 1e25, np.float32))  # squares overflow float32
    assert rig.trainer().run()


def test_parameters_that_overflow_in_the_last_update_are_found(rig: Any) -> None:
    rig.plain, rig.batch_size, rig.validation, rig.epochs = True, COUNT, None, 1
    rig.optimizer = SGD.from_checked(learning_rate=1e45)
    trainer = rig.trainer()
    with pytest.raises(DivergenceError, match=r"layer_\d/\w+ is no longer finite after epoch 1\. Try a learning rate"):
        trainer.run()
    assert trainer.history == []


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("threads", [1, 2])
def test_running_statistics_that_overflow_are_found(rig: Any, threads: int) -> None:
    """The batch's variance overflows, and the loss does not show it: the normalised inputs are all 0."""
    layers = [("normal", BatchNormalization()), ("dense", Dense(CLASSES)), ("softmax", Softmax())]
    graph = chain(layers, (FEATURES,), CrossEntropy())
    parameters = initialise(graph, 0)
    given = rig.training
    training = Samples(given.x * np.float32(1e25), given.y)
    with Engine(graph, parameters, batch_size=COUNT, threads=threads) as engine:
        assert engine.threads == threads
        options = TrainingOptions(epochs=1, batch_size=COUNT, seed=0)
        trainer = Trainer(engine, SGD(), Constant(), options, training)
        with pytest.raises(DivergenceError, match="normal/running_variance is no longer finite after epoch 1"):
            trainer.run()


def test_where_all_is_finite_there_is_no_culprit(rig: Any) -> None:
    with pytest.raises(ValueError, match="are finite"):
        culprit(rig.trainer().engine, ArrayBatch(rig.training.x, rig.training.y), 0.5, epoch=0, step=0)


def test_a_validation_loss_that_is_not_finite_stops_the_run(rig: Any) -> None:
    x = rig.problem(11).x.copy()
    x[10] = np.inf  # in the second batch of 8
    rig.plain, rig.validation = True, Samples(x, rig.problem(11).y)
    with pytest.raises(DivergenceError, match=r'the validation loss is nan .*: layers\[0\] "layer_0" \(Dense\) is the'):
        rig.trainer().run()


def test_running_statistics_that_inference_alone_uses_are_found(rig: Any) -> None:
    """In training the same batch goes through without a trace of them."""
    trainer = rig.trainer()
    trainer.parameters.values["layer_1"]["running_variance"][:] = np.nan
    story = culprit_in_inference(trainer.engine, rig.problem(5))
    assert story.startswith('layers[1] "layer_1" (BatchNormalization) is the first')
    assert "running_variance is not, for sample 0 of 5" in story
    assert trainer.engine.first_non_finite(rig.problem(5).x, epoch=0, step=0) is None
