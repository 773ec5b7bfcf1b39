"""The course's last two checks: networks that have to reach an accuracy within a time."""

import tempfile
import time
from pathlib import Path

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.progress import Progress
from graphnn.runs.promotion import Destination
from graphnn.runs.reading import DocumentSource
from graphnn.runs.store import store_of
from graphnn.runs.training import TrainingRequest, train
from graphnn.storage.weights import load_weights

MODELS = Path(__file__).parents[2] / "models"


@frozen_dataclass
class Trial:
    """A network that has to reach more than `accuracy` on the test part within `minutes`."""

    document: str
    accuracy: float
    minutes: float


TRIALS = {"mnist": Trial("mnist.json", 0.9, 10), "cifar": Trial("cifar10.json", 0.7, 60)}


@frozen_dataclass
class TrialResult:
    """What a network reached, on the test part, and how long it took."""

    trial: Trial
    accuracy: float
    minutes: float

    @property
    def passed(self) -> bool:
        """Whether it reached its accuracy in time."""
        return self.accuracy > self.trial.accuracy and self.minutes < self.trial.minutes

    def __str__(self) -> str:
        return (
            f"{'ok' if self.passed else 'FAILED'}: test accuracy {self.accuracy:.2%} "
            f"(required: more than {self.trial.accuracy:.0%}) "
            f"in {self.minutes:.1f} minutes (allowed: {self.trial.minutes:.0f})"
        )


def run_trial(trial: Trial, *, data_dir: Path | None, threads: int | None, kernels: str | None) -> TrialResult | None:
    """Train a network, leaving nothing behind, and return what it reached; None where the run was interrupted.

    Raises DataError where the network's document is not there, and what training raises.
    """
    document = MODELS / trial.document
    if not document.is_file():
        raise DataError(f"{document}: no such file; the networks are in a checkout of graphnn, not in the package")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "trial.npz"
        request = TrainingRequest(
            source=DocumentSource(document),
            store=store_of(weights),
            destination=Destination(weights, named=True),
            data_dir=data_dir,
            threads=threads,
            kernels=kernels,
        )
        if not train(request, Progress(quiet=False)):
            return None
        accuracy = load_weights(weights).meta["metrics"]["test"]["accuracy"]
    return TrialResult(trial, accuracy, (time.perf_counter() - start) / 60)
