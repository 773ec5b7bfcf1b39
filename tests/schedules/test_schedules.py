"""Learning-rate schedules, step by step, against literals."""

import json
import math

import pytest

from graphnn.schedules.base import SCHEDULES
from graphnn.schedules.constant import Constant
from graphnn.schedules.cosine import Cosine
from graphnn.schedules.one_cycle import OneCycle
from graphnn.schedules.piecewise_linear import PiecewiseLinear
from graphnn.schedules.reduce_on_plateau import ReduceOnPlateau
from graphnn.schedules.step import Step


def scales(schedule, steps_per_epoch, total):
    return [schedule.scale(step, steps_per_epoch, total) for step in range(total)]


def test_constant():
    assert scales(Constant(), 2, 4) == [1, 1, 1, 1]


def test_warm_up_is_linear_from_zero():
    assert scales(Constant(warmup_epochs=2), 2, 6) == [0.25, 0.5, 0.75, 1, 1, 1]


def test_warm_up_of_a_part_of_an_epoch():
    assert scales(Constant(warmup_epochs=0.5), 8, 6) == [0.25, 0.5, 0.75, 1, 1, 1]
    assert scales(Constant(warmup_epochs=0.625), 4, 4) == pytest.approx([0.4, 0.8, 1, 1])  # 2.5 steps


def test_step():
    assert scales(Step(every=1, factor=0.5), 2, 6) == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert scales(Step(every=2), 2, 6) == pytest.approx([1, 1, 1, 1, 0.1, 0.1])
    assert scales(Step(every=1, factor=0.5, warmup_epochs=2), 2, 6) == [0.25, 0.5, 0.375, 0.5, 0.25, 0.25]


def test_cosine():
    half = math.sqrt(0.5) / 2
    assert scales(Cosine(), 2, 4) == pytest.approx([1, 0.5 + half, 0.5, 0.5 - half])
    assert scales(Cosine(final_scale=0.2), 2, 4) == pytest.approx([1, 0.6 + 0.8 * half, 0.6, 0.6 - 0.8 * half])
    assert Cosine(final_scale=0.2).scale(4, 2, 4) == pytest.approx(0.2)


def test_cosine_after_warm_up_spans_the_rest():
    half = math.sqrt(0.5) / 2
    expected = [0.5, 1, 1, 0.5 + half, 0.5, 0.5 - half]
    assert scales(Cosine(warmup_epochs=1), 2, 6) == pytest.approx(expected)


def test_warm_up_longer_than_the_run():
    assert scales(Cosine(warmup_epochs=4), 2, 4) == pytest.approx([1 / 8, 2 / 8, 3 / 8, 4 / 8])
    assert Cosine(warmup_epochs=1).scale(2, 2, 2) == pytest.approx(0)


def test_one_cycle():
    expected = [0.1, 0.55, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    assert scales(OneCycle(), 2, 8) == pytest.approx(expected)
    assert scales(OneCycle(warmup_epochs=1, peak=0.9), 2, 8) == pytest.approx(expected)


def test_one_cycle_with_other_ends():
    expected = [0.5, 0.75, 1, 0.8, 0.6, 0.4]
    assert scales(OneCycle(start_scale=0.5, peak=1 / 3, final_scale=0.2), 3, 6) == pytest.approx(expected)


def test_one_cycle_with_its_top_at_an_end():
    assert scales(OneCycle.from_checked(peak=0), 2, 4) == pytest.approx([1, 0.75, 0.5, 0.25])
    assert scales(OneCycle.from_checked(peak=1), 2, 4) == pytest.approx([0.1, 0.325, 0.55, 0.775])


def test_piecewise_linear():
    rise_and_fall = PiecewiseLinear(points=((0, 0.2), (0.25, 1), (1, 0.25)))
    assert scales(rise_and_fall, 3, 8) == pytest.approx([0.2, 0.6, 1, 0.875, 0.75, 0.625, 0.5, 0.375])
    assert rise_and_fall.scale(8, 3, 8) == pytest.approx(0.25)


def test_piecewise_linear_stays_where_it_is_outside_its_points():
    schedule = PiecewiseLinear(points=[[0.25, 2], [0.75, 1]])
    assert scales(schedule, 2, 8) == pytest.approx([2, 2, 2, 1.75, 1.5, 1.25, 1, 1])


def test_reduce_on_plateau():
    """The lowest loss is 2; 2 and 3 are two epochs without a lower one; 1 is lower; then again two epochs without."""
    schedule = ReduceOnPlateau(factor=0.5, patience=2)
    heard = []
    for loss in (2.0, 2.0, 3.0, 2.5, 1.0, 1.5, 1.0, 4.0):
        schedule.observe({"loss": loss})
        heard.append(schedule.scale(7, 2, 100))
    assert heard == [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_reduce_on_plateau_by_a_figure_that_is_better_when_higher():
    """0.5 is the best until 0.7; what is undefined is no better, and neither is the same again."""
    schedule = ReduceOnPlateau(factor=0.5, patience=2, monitor="validation_macro_f1")
    heard = []
    for value in (math.nan, 0.5, 0.4, 0.7, math.nan, 0.7):
        schedule.observe({"loss": 1.0, "macro_f1": value})
        heard.append(schedule.scale(7, 2, 100))
    assert heard == [1, 1, 1, 1, 1, 0.5]


def test_reduce_on_plateau_stops_at_the_smallest_scale():
    schedule = ReduceOnPlateau(patience=1, min_scale=0.02)
    for _ in range(4):
        schedule.observe({"loss": 1.0})
    assert schedule.scale(0, 1, 10) == 0.02


def test_reduce_on_plateau_warms_up():
    schedule = ReduceOnPlateau(patience=1, factor=0.5, warmup_epochs=1)
    assert [schedule.scale(step, 2, 8) for step in range(3)] == [0.5, 1, 1]
    schedule.observe({"loss": 1.0})
    schedule.observe({"loss": 1.0})
    assert schedule.scale(4, 2, 8) == 0.5


def test_a_plateau_goes_through_a_checkpoint():
    losses = [3.0, 2.0, 2.0, 2.5, 1.0, 1.0, 1.0]
    whole = ReduceOnPlateau(patience=2)
    for loss in losses:
        whole.observe({"loss": loss})
    for cut in range(len(losses) + 1):
        first, second = ReduceOnPlateau(patience=2), ReduceOnPlateau(patience=2)
        for loss in losses[:cut]:
            first.observe({"loss": loss})
        second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
        for loss in losses[cut:]:
            second.observe({"loss": loss})
        assert second == whole
        assert second.state() == whole.state()


@pytest.mark.parametrize(
    "schedule",
    [Constant(), Step(every=2), Cosine(), OneCycle(), PiecewiseLinear(points=((0, 1), (1, 0)))],
)
def test_the_others_have_no_state(schedule):
    before = scales(schedule, 2, 10)
    schedule.observe({"loss": 1.0})
    schedule.restore(schedule.state())
    assert schedule.state() == {}
    assert scales(schedule, 2, 10) == before


def test_types_and_defaults():
    assert set(SCHEDULES) == {"constant", "step", "cosine", "one_cycle", "reduce_on_plateau", "piecewise_linear"}
    assert all(SCHEDULES[name].type == name for name in SCHEDULES)
    assert Step(every=3) == Step(warmup_epochs=0.0, every=3, factor=0.1)
    assert OneCycle() == OneCycle(start_scale=0.1, peak=0.25, warmup_epochs=None, final_scale=0.0)
    assert ReduceOnPlateau() == ReduceOnPlateau(warmup_epochs=0.0, factor=0.1, patience=3, min_scale=0.001)
