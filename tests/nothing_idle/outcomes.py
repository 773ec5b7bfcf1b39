"""What becomes of a document: trained on generated data in this process, with what is said of it.

Test modules read this file with runpy, because they cannot import each other.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.describe.describe import describe
from graphnn.describe.report import description_report
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError, SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.notes import notes
from graphnn.kernels.kernels import NUMPY
from graphnn.optimizers.sections import optimizer_from, schedule_from
from graphnn.reports.formats import render
from graphnn.runs.data import TrainingData
from graphnn.runs.final_figures import final_figures
from graphnn.runs.training import first_parameters
from graphnn.specification.spec import spec_from_values
from graphnn.text.terminal import heard_by
from graphnn.training.options import training_options
from graphnn.training.trainer import Trainer


@dataclass(frozen=True)
class Outcome:
    """numbers: a digest of trained weights, outputs and figures, "" where the document or its data are refused.

    said: the problems for which it is refused, or the notes on it, of inspect and of train.
    """

    numbers: str
    said: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether there are no weights."""
        return not self.numbers


def shown(document: Mapping[str, Any], folder: Path) -> str:
    """Return what inspect shows of a document, in words and for programs; "" where it is refused."""
    try:
        spec = spec_from_values(document, "net", folder=folder)
        report = description_report(describe(spec, build_graph(spec)))
    except SpecError:
        return ""
    return render(report) + render(report, "json")


def outcome(document: Mapping[str, Any], folder: Path, *, limit: int | None = None) -> Outcome:
    """Train a document to its end, and return what became of it. folder: what its paths are relative to."""
    said: list[str] = []
    try:
        spec = spec_from_values(document, "net", folder=folder)
        graph = build_graph(spec)
        said += [f"note: {each}" for each in notes(spec, graph)]
        with heard_by(said.append):
            data = TrainingData.load(spec, graph, data_dir=folder, limit=limit, test=True)
        graph = data.weighted(spec, graph)
        parameters = first_parameters(graph, spec.training["seed"], data)
        with Engine(
            graph,
            parameters,
            batch_size=spec.training["batch_size"],
            samples=data.most,
            threads=1,
            seed=spec.training["seed"],
            kernels=NUMPY,
        ) as engine:
            trainer = Trainer(
                engine,
                optimizer_from(spec.optimizer),
                schedule_from(spec.optimizer.options["schedule"]),
                training_options(spec),
                data.training,
                data.validation,
            )
            trainer.run()
            with trainer.kept.final():
                last = trainer.kept.record or trainer.history[-1]
                figures = final_figures(engine, spec, data, last, lambda: False)
                digest = hashlib.sha256()
                for name, array in parameters.named().items():
                    digest.update(f"{name} {array.shape}".encode())
                    digest.update(np.ascontiguousarray(array).tobytes())
                part = data.test
                x, _ = part.take(np.arange(len(part)), graph.input_shape)
                digest.update(engine.predict(x).tobytes())
    except GraphError as error:
        return Outcome("", tuple(map(str, error.problems)))
    records = [(record.training, record.validation) for record in trainer.history]
    digest.update(json.dumps([records, figures]).encode())
    return Outcome(digest.hexdigest(), tuple(said))
