"""The figures of the best trial of a search on the test part, which no choice was made by."""

from collections.abc import Mapping
from dataclasses import replace

from graphnn.errors import WeightsError
from graphnn.runs.comparison_training import ComparisonWork, add_figures, to_measure
from graphnn.runs.final_figures import measured_parts
from graphnn.runs.search_trial import SearchTrial


def best_on_test(work: ComparisonWork, best: SearchTrial) -> Mapping[str, Mapping[str, float | None]]:
    """Return the figures of a finished trial on the test part, by part; it is measured where its run lacks them.

    Raises GraphError where that is not possible.
    """
    assert best.training is not None
    assert best.training.known is not None
    views = best.training.settings.document["evaluation"]["test_time_augmentation"]
    training = replace(best.training, parts=measured_parts("test", views))
    run = best.training.known.run
    if not training.measured:
        found = to_measure(training)
        if found is None:
            raise WeightsError(f"{run.path}: has no weights to measure on the test part")
        add_figures(work, training, work.source(training), *found)
    figures = run.facts().figures
    return {part: figures[part] for part in training.parts}
