"""Which edits of a document a run can be continued with: those with which it would have come to the same state."""

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from graphnn.engine.engine import Engine
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.optimizers.sections import optimizer_from, schedule_from
from graphnn.runs.resumable import obstacles
from graphnn.specification.spec import Spec, parse_spec
from graphnn.training.checkpoint import RunSettings, State
from graphnn.training.options import training_options
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer
from graphnn.types import Array

COSINE, LINEAR = {"type": "cosine"}, {"type": "piecewise_linear", "points": [[0, 1], [0.5, 1], [1, 0.1]]}
STEPS, PLATEAU = {"type": "step", "every": 2}, {"type": "reduce_on_plateau", "patience": 1}
PATIENT, IMPATIENT = {"patience": 3}, {"patience": 1}
EPOCH = 7  # steps
Edit = Mapping[str, Any]  # values by path; None takes one out


def samples(count: int, seed: int) -> Samples:
    """Return points whose classes cannot quite be learnt, so that validation figures go up and down."""
    draws = np.random.default_rng(seed)
    x = draws.normal(size=(count, 6)).astype(np.float32)
    return Samples(x, (x[:, :3] + 0.7 * draws.normal(size=(count, 3))).argmax(axis=1))


def spec_of(*edits: Edit) -> Spec:
    """Return the spec of a small network with edits, each on a line of its own."""
    values: dict[str, Any] = {
        "input": {"shape": [6]},
        "layers": [{"type": "Dense", "units": 7}, {"type": "ReLU"}, {"type": "Dense", "units": 3}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "Adam", "learning_rate": 0.1},
        "data": {"dataset": "npz", "path": "d.npz"},
        "training": {"epochs": 6, "batch_size": 8, "seed": 1},
        "evaluation": {},
    }
    for edit in edits:
        for path, value in edit.items():
            *sections, key = path.split(".")
            section = values
            for step in sections:
                section = section[step]
            if value is None:
                del section[key]
            else:
                section[key] = value
    return parse_spec(json.dumps(values, indent=1), "net.json")


@contextmanager
def trainer_of(spec: Spec) -> Iterator[Trainer]:
    """A trainer of the network."""
    graph = build_graph(spec)
    with Engine(graph, initialise(graph, 1), batch_size=8, seed=1) as engine:
        yield Trainer(
            engine,
            optimizer_from(spec.optimizer),
            schedule_from(spec.optimizer.options["schedule"]),
            training_options(spec),
            samples(53, 1),
            samples(20, 2),
        )


def settings(spec: Spec) -> RunSettings:
    """Return the settings of a run."""
    return RunSettings(spec.resolved(), {"training data": "a", "test data": "b"}, None, "numpy")


def result(trainer: Trainer) -> tuple[list[Any], dict[str, Array]]:
    """Return the figures of a finished run, and the values that it keeps."""
    with trainer.kept.final():
        arrays = {name: array.copy() for name, array in trainer.parameters.named().items()}
    return [(one.epoch, one.training, one.validation, one.learning_rate) for one in trainer.history], arrays


def until(spec: Spec, steps: int) -> State:
    """Return the state of a run after so many steps, or at its end."""
    with trainer_of(spec) as trainer:
        trainer.run(lambda: trainer.steps_done >= steps)
        state = trainer.state()
        return State(**{**vars(state), "arrays": {name: array.copy() for name, array in state.arrays.items()}})


def found(state: State, before: Spec, now: Spec) -> list[str]:
    """Return the obstacles; where there are none, check that the run goes on as if it had been started so."""
    with trainer_of(now) as trainer:
        problems = obstacles(state, settings(before), settings(now), now, trainer)
        if problems:
            return [str(one.without_source()) for one in problems]
        trainer.restore(state)
        trainer.run()
        continued = result(trainer)
    with trainer_of(now) as trainer:
        trainer.run()
        whole = result(trainer)
    assert continued[0] == whole[0]
    assert all(np.array_equal(array, continued[1][name]) for name, array in whole[1].items())
    return []


@pytest.mark.parametrize(
    ("before", "now", "steps"),
    [
        ({}, {"name": "other", "description": "new", "data.description": "new"}, 10),
        ({}, {"training.epochs": 9}, 10),
        ({}, {"training.epochs": 9}, 999),
        ({}, {"training.epochs": 2.5}, 10),
        ({}, {"training.epochs": 2}, 14),
        ({"optimizer.schedule": STEPS}, {"training.epochs": 9}, 30),
        ({"optimizer.schedule": PLATEAU}, {"training.epochs": 9}, 30),
        ({"optimizer.schedule": LINEAR}, {"training.epochs": 9}, 21),  # the rates fall from step 21 on
        ({"training.early_stopping": IMPATIENT}, {"training.early_stopping": PATIENT}, 999),
        ({"training.early_stopping": PATIENT}, {"training.early_stopping": None}, 999),
        ({}, {"training.early_stopping": {"patience": 6}}, 30),
        ({"training.early_stopping": PATIENT}, {"training.early_stopping": {"patience": 2, "min_delta": 0.001}}, 7),
        ({"training.keep_best": "validation_loss"}, {"training.keep_best": None}, 30),
        ({"training.keep_best": "validation_loss"}, {"training.keep_best": "validation_accuracy"}, 10),
        ({"evaluation.every": 3}, {"evaluation.every": 2}, 10),
        ({"evaluation.every": 2}, {"evaluation.every": 2, "training.epochs": 8}, 999),
    ],
)
def test_edits_that_change_nothing_of_what_is_done(before: Edit, now: Edit, steps: int) -> None:
    first = spec_of(before)
    assert found(until(first, steps), first, spec_of(before, now)) == []


@pytest.mark.parametrize(
    ("before", "now", "steps", "problem"),
    [
        (
            {},
            {"training.epochs": 2},
            15,
            "6 at the start, 2 now: the run has done 15 steps, more than the 14 of a run of 2",
        ),
        (
            {"training.epochs": 1.5},
            {"training.epochs": 3},
            999,
            "1.5 at the start, 3 now: the run has ended within epoch 2, whose other steps were left out",
        ),
        (
            {"optimizer.schedule": COSINE},
            {"training.epochs": 9},
            10,
            "6 at the start, 9 now: the learning rates of the 10 steps done would have been others, by the schedule "
            '"cosine"',
        ),
        (
            {"optimizer.schedule": LINEAR},
            {"training.epochs": 9},
            23,
            "6 at the start, 9 now: the learning rates of the 23 steps done would have been others, by the schedule "
            '"piecewise_linear"',
        ),
        (
            {"training.averaging": {"type": "lookahead"}},
            {"training.epochs": 9},
            10,
            "6 at the start, 9 now: lookahead averages by the length of the run from its first step on",
        ),
        (
            {"evaluation.every": 4},
            {"training.epochs": 9},
            999,
            "6 at the start, 9 now: epoch 6 was validated, but would not be now",
        ),
        (
            {"evaluation.every": 2},
            {"evaluation.every": 3},
            30,
            "2 at the start, 3 now: epoch 2 was validated, but would not be now",
        ),
        ({"evaluation.every": 2}, {"evaluation.every": 1}, 8, "epoch 1 was not validated, but would be now"),
        (
            {},
            {"training.early_stopping": IMPATIENT},
            999,
            '"start_from_epoch": 0} now: the run would have stopped early after epoch ',
        ),
        (
            {"training.early_stopping": PATIENT},
            {"training.early_stopping.patience": 1},
            999,
            "3 at the start, 1 now: the run would have stopped early after epoch ",
        ),
        (
            {},
            {"training.keep_best": "validation_loss"},
            30,
            'absent at the start, "validation_loss" now: the values of the best epoch so far were not kept',
        ),
        (
            {"training.keep_best": "validation_loss"},
            {"training.keep_best": "validation_accuracy"},
            999,
            "were not kept, but those of epoch ",
        ),
        ({}, {"optimizer.learning_rate": 0.2}, 3, "0.1 at the start, 0.2 now"),
    ],
)
def test_edits_that_the_steps_done_stand_against(before: Edit, now: Edit, steps: int, problem: str) -> None:
    first, second = spec_of(before), spec_of(before, now)
    (path,) = now
    (message,) = found(until(first, steps), first, second)
    position = second.document.locate(tuple(path.split(".")))
    assert position is not None
    assert message.startswith(f"net.json:{position[0]}:"), message
    assert f": {path}" in message
    assert problem in message


def test_all_obstacles_are_told_at_once_in_the_order_of_the_document() -> None:
    first = spec_of()
    now = spec_of({"training.seed": 2, "optimizer.learning_rate": 1, "training.epochs": 1})
    with trainer_of(now) as trainer:
        problems = obstacles(
            until(first, 10),
            settings(first),
            RunSettings(now.resolved(), {"training data": "c", "test data": "d"}, 5, "numba"),
            now,
            trainer,
        )
    assert [str(one.without_source()).split(": ", 1)[1] for one in problems] == [
        "optimizer.learning_rate: 0.1 at the start, 1 now",
        "training.epochs: 6 at the start, 1 now: the run has done 10 steps, more than the 7 of a run of 1",
        "training.seed: 1 at the start, 2 now",
        "none at the start, 5 now",  # --limit
        "numpy at the start, numba now",  # --kernels
    ]


def test_a_run_of_an_older_version_moved_the_statistics_of_a_frozen_layer() -> None:
    """It cannot go on with fixed ones, but with what its document meant."""
    layers = [{"type": "Dense", "units": 7}, {"type": "BatchNormalization", "trainable": False}, {"type": "ReLU"}]
    end = [{"type": "Dense", "units": 3}, {"type": "Softmax"}]
    frozen = spec_of({"layers": [*layers, *end]})
    fixed = {"gamma": False, "beta": False}
    moving = spec_of({"layers": [layers[0], {**layers[1], "trainable": fixed}, layers[2], *end]})
    state = until(moving, 10)
    older = settings(moving)
    older.document["layers"][1]["trainable"] = False  # as an older version wrote it
    with trainer_of(frozen) as trainer:
        (problem,) = obstacles(state, older, settings(frozen), frozen, trainer)
    assert "layers[1].trainable.statistics: true at the start, false now: with" in str(problem)
    assert 'write "trainable": {"gamma": false, "beta": false} to move them' in str(problem)
    with trainer_of(moving) as trainer:
        assert obstacles(state, older, settings(moving), moving, trainer) == []


def test_data_that_are_not_used_may_change() -> None:
    spec = spec_of()
    with trainer_of(spec) as trainer:
        state = until(spec, 3)
        others = RunSettings(spec.resolved(), {"training data": "a", "test data": "c"}, None, "numpy")
        (problem,) = obstacles(state, settings(spec), others, spec, trainer)
        assert str(problem) == "the test data are not those that the run was started with"
        assert obstacles(state, settings(spec), others, spec, trainer, unused={"test data"}) == []


CHOICES: Mapping[str, list[Any]] = {
    "training.epochs": [3, 4.5, 6, 8],
    "training.early_stopping": [
        None,
        {"patience": 1},
        {"patience": 2},
        {"patience": 4, "min_delta": 0.01},
        {"patience": 1, "monitor": "validation_accuracy", "start_from_epoch": 2},
    ],
    "training.keep_best": [None, "validation_loss", "validation_accuracy"],
    "evaluation.every": [1, 2, 3],
    "optimizer.schedule": [None, COSINE, LINEAR, STEPS, PLATEAU, {"type": "constant", "warmup_epochs": 2}],
    "training.averaging": [None, None, {"type": "exponential", "decay": 0.9}, {"type": "lookahead"}],
}


def try_one(seed: int) -> bool:
    """Edit a random run at a random step, and return whether it could be continued, which `found` checks."""
    draws = random.Random(seed)
    chosen = {path: draws.choice(values) for path, values in CHOICES.items()}
    edited = {path: draws.choice(CHOICES[path]) for path in draws.sample(sorted(CHOICES)[:4], draws.randint(1, 2))}
    before, now = (
        spec_of({path: value for path, value in edit.items() if value is not None})
        for edit in (chosen, {**chosen, **edited})
    )
    return found(until(before, draws.choice([3, 7, 15, 21, 30, 999])), before, now) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_random_edit(seed: int) -> None:
    assert try_one(seed) in (True, False)


@pytest.mark.long
def test_many_random_edits() -> None:
    outcomes = [try_one(seed) for seed in range(5, 1005)]
    assert 200 < sum(outcomes) < 900
