"""How long runs are, against counts by hand."""

import pytest

from graphnn.errors import DataError
from graphnn.specification.sections import Section
from graphnn.training.length import Length, same_rates, total_steps


def test_whole_epochs() -> None:
    length = Length(53, 8, 3)
    assert (length.steps_per_epoch, length.total_steps, length.records, length.total_samples) == (7, 21, 3, 159)
    assert [length.steps(epoch) for epoch in range(4)] == [7, 7, 7, 0]
    assert [length.samples_after(steps) for steps in (0, 1, 6, 7)] == [0, 8, 48, 53]


def test_the_last_epoch_may_be_a_part_of_one() -> None:
    length = Length(53, 8, 2.5)
    assert (length.steps_per_epoch, length.total_steps, length.records) == (7, 18, 3)  # 17.5 steps, rounded up
    assert [length.steps(epoch) for epoch in range(4)] == [7, 7, 4, 0]
    assert length.total_samples == 53 + 53 + 4 * 8
    assert Length(53, 8, 0.01).total_steps == 1
    assert Length(53, 8, 0.01).records == 1


def test_a_part_may_round_up_to_the_whole() -> None:
    length = Length(53, 8, 1.9)  # 13.3 steps
    assert (length.total_steps, length.records, length.total_samples) == (14, 2, 106)


def test_the_smaller_last_batch_can_be_left_out() -> None:
    length = Length(53, 8, 2, drop_last=True)
    assert (length.steps_per_epoch, length.total_steps, length.total_samples) == (6, 12, 96)
    assert length.samples_after(6) == 48
    assert Length(56, 8, 1, drop_last=True).steps_per_epoch == 7


def test_decimal_numbers_count_as_they_are_written() -> None:
    assert total_steps(1.1, 10) == 11  # 1.1 * 10 is 11.000000000000002
    assert total_steps(9.9, 391) == 3871  # 3870.9
    assert total_steps(3, 7) == 21
    assert total_steps(1e-9, 7) == 1


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(DataError, match="no sample to train on"):
        Length(0, 8, 1)
    with pytest.raises(DataError, match="has 7 samples, less than one batch of 8; take"):
        Length(7, 8, 1, drop_last=True)


def test_rates_are_the_same_up_to_the_step_from_which_they_differ() -> None:
    """Of 8 steps, 0 to 4 are at the full rate, of 16 steps 0 to 8: five updates are alike, the sixth is not."""
    schedule = Section("piecewise_linear", {"points": ((0, 1), (0.5, 1), (1, 0))}, ())
    section = Section("SGD", {"learning_rate": 0.5, "schedule": schedule}, ())
    for lengths in ((2, 4), (4, 2)):
        assert [same_rates(section, *lengths, 4, updates) for updates in (0, 4, 5, 6)] == [True, True, True, False]
    group = {"match": "a/*", "learning_rate_scale": 1.0, "schedule": schedule}
    section = Section("SGD", {"learning_rate": 0.5, "schedule": None}, ())
    assert [same_rates(section, 2, 4, 4, updates) for updates in (8, 9)] == [True, False]  # the shorter has 8
    section = Section("SGD", {"learning_rate": 0.5, "schedule": None, "groups": (group,)}, ())
    assert [same_rates(section, 2, 4, 4, updates) for updates in (5, 6)] == [True, False]
