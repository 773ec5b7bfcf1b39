"""What Optuna does for a search: proposals of what to try, judging epochs, and which settings matter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from graphnn.errors import GraphError
from graphnn.specification.search_ranges import Range
from graphnn.text.installing import import_remedy

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, Trial

RANDOM_TRIALS = 10  # before the first that is proposed from results
LEAST_RESULTS = 5  # from which to propose one, and to judge others by
UNJUDGED = 0.2  # of the epochs of a trial, which say little of its end
ENOUGH_FOR_IMPORTANCE = 10  # finished trials
SEEDS = 2**32  # numpy's generators take no larger ones

Curve = Mapping[int, float]  # the validation figure by epoch
Values = tuple[float | str, ...]  # what a trial tries, in the order of the ranges


def optuna() -> Any:
    """Return the package. Raises GraphError where it is not installed."""
    try:
        import optuna as package
    except Exception as problem:  # of a broken one, anything
        raise GraphError(f"--search optuna needs optuna{import_remedy(problem, 'search')}") from problem
    package.logging.set_verbosity(package.logging.WARNING)
    return package


def distribution(one: Range) -> BaseDistribution:
    """Return a range as Optuna has it."""
    kinds = optuna().distributions
    if one.choices:
        return kinds.CategoricalDistribution(one.choices)  # type: ignore[no-any-return]
    if one.whole:
        return kinds.IntDistribution(int(one.low), int(one.high), log=one.log, step=int(one.step or 1))  # type: ignore[no-any-return]
    return kinds.FloatDistribution(one.low, one.high, log=one.log, step=one.step)  # type: ignore[no-any-return]


class Study:
    """The trials of a search, in the order of their proposals.

    at_once: how many may be under way at once: a trial is proposed from the results of those before the last
    `at_once` - 1, and these are to be told first. What is proposed follows from the arguments and the results alone,
    however long each trial takes. first: what the first trial tries; None: this is drawn, too.
    """

    def __init__(
        self, ranges: Sequence[Range], *, higher_is_better: bool, seed: int, at_once: int, first: Values | None = None
    ) -> None:
        package = optuna()
        self._ranges = ranges
        self._direction = "maximize" if higher_is_better else "minimize"
        startup = max(LEAST_RESULTS, RANDOM_TRIALS + 1 - at_once)
        sampler = package.samplers.TPESampler(seed=seed % SEEDS, n_startup_trials=startup)
        self._study = package.create_study(direction=self._direction, sampler=sampler)
        self._distributions = {one.path: distribution(one) for one in ranges}
        self._asked: list[Trial] = []
        if first is not None:
            self._study.enqueue_trial({one.path: value for one, value in zip(ranges, first, strict=True)})

    def ask(self) -> Values:
        """Return what the next trial tries."""
        trial = self._study.ask(self._distributions)
        self._asked.append(trial)
        return tuple(trial.params[one.path] for one in self._ranges)

    def tell(self, number: int, curve: Curve, value: float | None) -> None:
        """Take over the result of a trial. number: from 0. value: None where it was pruned or has failed."""
        trial = self._asked[number]
        for epoch, figure in curve.items():
            trial.report(figure, epoch)
        # One that comes to nothing counts as the worst of the pruned ones, so that its like is not tried again.
        state = optuna().trial.TrialState.PRUNED if value is None else None
        self._study.tell(trial, value, state=state)

    def judge(self, epochs: float) -> Callable[[], Pruning]:
        """Return what makes a judge of the trial that was asked for last. epochs: how many it is to have."""
        state = optuna().trial.TrialState.COMPLETE
        return partial(Pruning, self._study.get_trials(states=(state,)), self._direction, epochs)

    def importance(self) -> Mapping[str, float]:
        """Return how much each setting tells the better half of the finished trials from the others; they sum to 1.

        By path, the most important first (PED-ANOVA, Watanabe et al. 2023). Nothing is known, and nothing returned,
        from fewer than ENOUGH_FOR_IMPORTANCE trials, or where all are as good, or of a single setting. The best tenth,
        which is Optuna's choice, would be two or three trials.
        """
        state = optuna().trial.TrialState.COMPLETE
        values = [trial.value for trial in self._study.get_trials(states=(state,))]
        if len(values) < ENOUGH_FOR_IMPORTANCE or len(set(values)) == 1 or len(self._ranges) == 1:
            return {}
        importance = optuna().importance
        evaluator = importance.PedAnovaImportanceEvaluator(target_quantile=0.5)
        found: Mapping[str, float] = importance.get_param_importances(self._study, evaluator=evaluator)
        return found


class Pruning:
    """Judges a trial by its epochs: it is pruned where it was never as good as half of the earlier ones at that epoch.

    The first fifth of the epochs is not judged, and nothing is before LEAST_RESULTS trials have finished. Optuna's
    MedianPruner, rather than one by successive halving, because that would prune three of four trials by their first
    epochs, in which a high learning rate or a schedule makes the best trainings look bad, and gains with hundreds of
    trials. earlier: the trials that it is compared with. after: the epoch after which it is pruned.
    """

    def __init__(self, earlier: Sequence[FrozenTrial], direction: str, epochs: float) -> None:
        package = optuna()
        unjudged = math.ceil(UNJUDGED * epochs)
        pruner = package.pruners.MedianPruner(n_startup_trials=LEAST_RESULTS, n_warmup_steps=unjudged + 1)
        study = package.create_study(direction=direction, pruner=pruner)
        study.add_trials(earlier)
        self._trial, self._seen = study.ask(), 0
        self.curve: dict[int, float] = {}
        self.compared = len(earlier)
        self.after: int | None = None

    def goes_on(self, epoch: int, figure: float | None) -> bool:
        """Take over the figure of an epoch, None where it was not validated; return whether to go on after it."""
        if figure is not None and epoch > self._seen and self.after is None:
            self._seen, self.curve[epoch] = epoch, figure
            self._trial.report(figure, epoch)
            if self._trial.should_prune():
                self.after = epoch
        return self.after is None
