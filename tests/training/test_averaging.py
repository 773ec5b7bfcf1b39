"""Averages of the weights: by hand, against float64, and what a run makes of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphnn.averaging.base import Averaging
from graphnn.averaging.exponential import ExponentialAveraging
from graphnn.averaging.lookahead import Lookahead
from graphnn.errors import DataError
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.parameters.parameter import Parameter, Role
from graphnn.parameters.parameters import Parameters
from graphnn.schedules.cosine import Cosine
from graphnn.training.average import Average
from graphnn.training.second_values import BLOCK, SecondValues
from graphnn.training.trainer import Trainer


def parameters(size: int = 2) -> Parameters:
    """Return weights and running means of `size`, all 0."""
    zeros: Any = None
    own = [
        Parameter("weights", (size,), zeros, Role.WEIGHT),
        Parameter("mean", (size,), zeros, Role.STATISTIC),
    ]
    return Parameters({"a": own})


def arrays(made: Parameters) -> list[Any]:
    return [made.values["a"]["weights"], made.values["a"]["mean"]]


def test_an_exponential_average_by_hand() -> None:
    """d is (1 + k)/(10 + k) first: 2/11, then 3/12, then the decay, 0.25 + 0.001."""
    made = parameters()
    average = Average(ExponentialAveraging(decay=0.251), made)
    average.begin()
    seen = []
    for step, weight in enumerate((11.0, 22.0, 8.0), start=1):
        for array in arrays(made):
            array[...] = weight
        average.step_done(step, 3)
        seen.append([float(values[0]) for values in average.arrays.values()])
    # 9 = 9/11 * 11; 18.75 = 9/4 + 3/4 * 22; 10.69825 = 0.251 * 18.75 + 0.749 * 8
    assert seen == [pytest.approx([each, each], rel=1e-6) for each in (9, 18.75, 10.69825)]
    assert arrays(made)[0].tolist() == [8, 8]  # training goes on with the weights themselves


def test_an_average_is_taken_every_few_steps() -> None:
    made = parameters()
    average = Average(ExponentialAveraging(decay=0.5, every=2), made)
    average.begin()
    arrays(made)[0][...] = 11
    average.step_done(1, 9)
    assert average.arrays["parameters"][0] == 0
    average.step_done(2, 9)
    assert average.arrays["parameters"][0] == pytest.approx(9)  # the first averaging: d = 2/11


def test_lookahead_by_hand() -> None:
    """Every 2 of 4 steps; d = 0.5²·(t/4)³: 1/32 after 2 steps, 1/4 after 4."""
    made = parameters()
    weights, mean = arrays(made)
    weights[...], mean[...] = 1, 2
    average = Average(Lookahead(every=2, decay=0.5), made)
    average.begin()
    weights[...], mean[...] = 33, 34
    average.step_done(1, 4)
    assert (weights[0], mean[0]) == (33, 34)
    average.step_done(2, 4)
    assert (weights[0], mean[0]) == (32, 33)  # 1/32 * 1 + 31/32 * 33
    weights[...], mean[...] = 40, 41
    average.step_done(3, 4)
    average.step_done(4, 4)
    assert (weights[0], mean[0]) == (38, 39)  # 1/4 * 32 + 3/4 * 40


def test_lookahead_ends_with_the_slow_weights_as_they_stand() -> None:
    made = parameters()
    weights, mean = arrays(made)
    average = Average(Lookahead(every=2, decay=0.5), made)
    average.begin()
    weights[...] = 32
    average.step_done(2, 3)
    slow = float(weights[0])
    weights[...], mean[...] = 7, 7
    average.step_done(3, 3)
    assert (weights[0], mean[0]) == (slow, 0)


@pytest.mark.parametrize("kind", [ExponentialAveraging, Lookahead])
def test_an_averaging_that_never_comes_is_refused(rig: Any, kind: type[Any]) -> None:
    """What is kept would be the weights that the run began with."""
    steps = rig.trainer().total_steps
    rig.trainer(averaging=kind(every=steps))
    with pytest.raises(DataError, match=f"averaging every {steps + 1} steps never happens in a run of {steps};"):
        rig.trainer(averaging=kind(every=steps + 1))


@pytest.mark.parametrize("averaging", [ExponentialAveraging(every=3), Lookahead(every=3)])
def test_averages_follow_the_formula_in_float64(averaging: Averaging) -> None:
    rng = np.random.default_rng(3)
    total, size = 25, BLOCK + 37  # more than a block, and not a multiple
    made = parameters(size)
    for array in arrays(made):
        array[...] = rng.normal(size=size)
    average = Average(averaging, made)
    average.begin()
    slow = [array.astype(np.float64) for array in arrays(made)]
    fast = [array.copy() for array in slow]
    for step in range(1, total + 1):
        for array, exact in zip(arrays(made), fast, strict=True):
            move = rng.normal(size=size).astype(np.float32)
            array += move
            exact += move
        average.step_done(step, total)
        if step % 3 == 0:
            k = step / 3
            kept = 0.95**3 * (step / 25) ** 3 if averaging.type == "lookahead" else min(0.999, (1 + k) / (10 + k))
            for exact, each in zip(fast, slow, strict=True):
                each *= kept
                each += (1 - kept) * exact
                if averaging.type == "lookahead":
                    exact[...] = each
    own = [values[: len(exact)] for values, exact in zip(average.arrays.values(), slow, strict=True)]
    for values, exact in zip(own, slow, strict=True):
        np.testing.assert_allclose(values, exact, rtol=1e-4, atol=1e-5)
    if averaging.type == "lookahead":
        assert [array.tobytes() for array in arrays(made)] == [values.tobytes() for values in own]


def test_second_values_in_any_memory_order() -> None:
    made = parameters(1)
    made.running["b/kernel"] = np.arange(24, dtype=np.float32).reshape(4, 3, 2).transpose(2, 0, 1)
    second = SecondValues(made)
    second.take()
    kept = made.running["b/kernel"].copy()
    made.running["b/kernel"] += 1
    second.exchange()
    assert np.array_equal(made.running["b/kernel"], kept)
    second.exchange()
    assert np.array_equal(made.running["b/kernel"], kept + 1)
    second.mix(0.25)
    second.put()
    assert np.array_equal(made.running["b/kernel"], kept + 0.75)


def test_equal_values_stay_equal_to_the_last_bit() -> None:
    made = parameters(1000)
    arrays(made)[0][...] = np.random.default_rng(1).normal(size=1000)
    second = SecondValues(made)
    second.take()
    before = made.vector.tobytes()
    second.mix(0.3, back=True)
    assert made.vector.tobytes() == second.arrays["parameters"].tobytes() == before


AVERAGINGS = [ExponentialAveraging(decay=0.9), ExponentialAveraging(decay=0.9, every=3), Lookahead(every=4)]


def outcome(trainer: Trainer) -> list[bytes]:
    """Return what a run ends with: the weights as they are kept."""
    with trainer.kept.final():
        return [array.tobytes() for array in trainer.parameters.named().values()]


def records(trainer: Trainer) -> list[Any]:
    return [replace(record, seconds=0, images_per_second=0) for record in trainer.history]


class Stopper:
    """Asks to stop after so many steps."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 7, 8, 11, 12, 16, 17])
@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_a_run_that_is_stopped_and_restored_ends_with_the_same_bits(rig: Any, averaging: Averaging, after: int) -> None:
    rig.schedule, rig.epochs, rig.validation = Cosine, 2.5, None
    whole = rig.trainer(averaging=averaging)
    assert whole.run()
    stopped = rig.trainer(averaging=averaging)
    assert not stopped.run(Stopper(after))
    assert stopped.steps_done == after
    state = stopped.state()
    assert {"average/parameters", "average/running/layer_1/running_mean"} <= state.arrays.keys()
    state = replace(state, arrays={name: array.copy() for name, array in state.arrays.items()})
    again = rig.trainer(averaging=averaging)
    again.restore(state)
    assert again.run()
    assert outcome(again) == outcome(whole)
    assert records(again) == records(whole)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_processes_see_the_averages(rig: Any, averaging: Averaging) -> None:
    one = rig.trainer(averaging=averaging)
    rig.threads = 2
    two = rig.trainer(averaging=averaging)
    assert (one.engine.threads, two.engine.threads) == (1, 2)
    one.run()
    two.run()
    assert outcome(one) == outcome(two)
    assert records(one) == records(two)


def test_what_is_validated_is_the_average_and_training_goes_on_without_it(rig: Any) -> None:
    plain, averaged = rig.trainer(), rig.trainer(averaging=ExponentialAveraging(decay=0.9))
    plain.run()
    averaged.run()
    assert averaged.parameters.vector.tobytes() == plain.parameters.vector.tobytes()
    assert [record.training for record in averaged.history] == [record.training for record in plain.history]

    def measured() -> float:
        return CrossEntropy()(rig.validation.y, averaged.engine.predict(rig.validation.x))

    final = averaged.history[-1].validation
    assert final is not None
    assert measured() != pytest.approx(final["loss"], rel=1e-5)
    with averaged.kept.final():
        assert measured() == pytest.approx(final["loss"], rel=1e-5)
    averaged.kept.settle()
    assert measured() == pytest.approx(final["loss"], rel=1e-5)


def test_a_stop_during_validation_leaves_the_weights_as_they_were(rig: Any) -> None:
    trainer = rig.trainer(averaging=ExponentialAveraging())
    asked = iter([False] * 7 + [True])
    entered = []
    plain = trainer.kept.validated

    @contextmanager
    def spy() -> Iterator[None]:
        before = trainer.parameters.vector.tobytes()
        with plain():
            assert trainer.parameters.vector.tobytes() != before
            yield
        entered.append(trainer.parameters.vector.tobytes() == before)

    trainer.kept.validated = spy
    assert not trainer.run(lambda: next(asked))
    assert entered == [True]


def test_what_depends_on_the_length_of_a_run(rig: Any) -> None:
    for averaging, depends in ((None, False), (ExponentialAveraging(), False), (Lookahead(), True)):
        assert rig.trainer(averaging=averaging).kept.depends_on_length is depends
