"""What Optuna does for a search: proposals that follow from the results alone, pruning by the median, importance."""

import random
from collections.abc import Mapping

import optuna as package
import pytest

from graphnn.runs.search_study import LEAST_RESULTS, Pruning, Study, Values
from graphnn.specification.search_ranges import Range

RANGES = (
    Range("a.rate", "rate", low=0.001, high=1, log=True),
    Range("b.units", "units", low=8, high=64, step=8, whole=True),
    Range("c", "c", choices=("x", "null")),
    Range("d", "d", low=0, high=0.9),
)
FIRST: Values = (0.05, 16, "null", 0.5)


def study(**changes: object) -> Study:
    """Return a study of all kinds of ranges."""
    given = {"higher_is_better": True, "seed": 3, "at_once": 4, "first": FIRST, **changes}
    return Study(RANGES, **given)  # type: ignore[arg-type]


def proposals(study: Study, count: int, at_once: int) -> list[Values]:
    """Return what is proposed where the result of each trial is told when `at_once` - 1 later ones are under way."""
    asked = list[Values]()
    for number in range(count):
        if number >= at_once:
            rate = float(asked[number - at_once][0])
            pruned = number % 3 == 0
            study.tell(number - at_once, {1: rate, 2: rate / 2}, None if pruned else rate)
        asked.append(study.ask())
    return asked


def test_what_is_proposed_follows_from_the_seed_and_the_results() -> None:
    first, again = (proposals(study(), 16, 4) for _ in range(2))
    assert first == again
    assert first[0] == FIRST
    assert proposals(study(seed=4), 16, 4)[1] != first[1]
    assert proposals(study(seed=2**40 + 3), 16, 4) == first
    alone = proposals(study(at_once=1), 16, 1)
    assert alone[:8] == first[:8]  # drawn at random
    assert alone != first
    low = proposals(study(higher_is_better=False), 16, 4)
    assert low[:8] == first[:8]
    assert low != first


def test_a_value_is_one_of_its_range() -> None:
    for rate, units, choice, drop in proposals(study(first=None), 12, 4):
        assert 0.001 <= float(rate) <= 1
        assert units in range(8, 65, 8)
        assert choice in ("x", "null")
        assert 0 <= float(drop) <= 0.9


def curves(count: int, seed: int) -> list[dict[int, float]]:
    """Return figures by epoch of some trials."""
    random.seed(seed)
    return [{epoch: random.random() + epoch / 10 for epoch in range(1, 11)} for _ in range(count)]


def finished(curve: Mapping[int, float]) -> package.trial.FrozenTrial:
    """Return a trial that has finished, as Optuna has it."""
    return package.trial.create_trial(value=curve[10], intermediate_values=dict(curve))


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_an_epoch_is_judged_by_the_median_of_earlier_trials_after_a_fifth_of_the_epochs(direction: str) -> None:
    known = curves(7, 1)
    better = max if direction == "maximize" else min
    ends = set()
    for curve in curves(20, 2):
        judge = Pruning([finished(each) for each in known], direction, 10)
        went_on = [judge.goes_on(epoch, figure) for epoch, figure in curve.items()]
        expected, best = None, curve[1]
        for epoch in range(1, 11):
            best = better(best, curve[epoch])
            median = sorted(each[epoch] for each in known)[3]
            if epoch > 2 and best != better(best, median) and expected is None:
                expected = epoch
        assert judge.after == expected
        assert went_on == [expected is None or epoch < expected for epoch in range(1, 11)]
        assert [*judge.curve] == list(range(1, (expected or 10) + 1))
        ends.add(expected)
    assert len(ends) > 1


def test_nothing_is_judged_before_enough_trials_have_finished_nor_epochs_without_a_figure() -> None:
    few = Pruning([finished(each) for each in curves(LEAST_RESULTS - 1, 1)], "maximize", 10)
    assert all(few.goes_on(epoch, 0.0) for epoch in range(1, 10))
    judge = Pruning([finished(each) for each in curves(LEAST_RESULTS, 1)], "maximize", 10)
    assert all(judge.goes_on(epoch, None) for epoch in range(1, 8))
    assert not judge.goes_on(8, 0.0)
    assert (judge.after, judge.curve) == (8, {8: 0.0})


def test_importance_is_known_from_ten_finished_trials_that_differ() -> None:
    one = study(at_once=1)
    for number in range(14):
        rate = float(one.ask()[0])
        one.tell(number, {}, rate if number % 4 else None)
        assert (one.importance() == {}) == (number < 13), number
    found = one.importance()
    assert next(iter(found)) == "a.rate"
    assert sum(found.values()) == pytest.approx(1)
    equal = study(at_once=1)
    for number in range(12):
        equal.ask()
        equal.tell(number, {}, 0.5)
    assert equal.importance() == {}
