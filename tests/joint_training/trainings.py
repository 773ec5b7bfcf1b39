"""Carries out trainings one after the other: in this process alone or, started by mpirun, as one rank of a job.

`python trainings.py JOBS.json`, where the file has a list of {"line": arguments of train, "stop": the number of the
question whether to stop that is answered with yes, or null}. Beside it, JOBS.done.json says of each its exit code and
the number of questions. With "lanes", batches are cut into that many, and these into pieces of 3 samples, so that small
ones keep several ranks busy.
"""

import json
import sys
from pathlib import Path
from typing import Any

from graphnn.commands import train
from graphnn.engine import inference, plan
from graphnn.engine.cut import Cut
from graphnn.engine.ranks import launched
from graphnn.runs.stopping import StopRequest


def carry_out(job: dict[str, Any]) -> dict[str, int]:
    """Carry out one training."""
    asked = 0

    def ask(_: StopRequest) -> bool:
        nonlocal asked
        asked += 1
        return asked == job["stop"]

    StopRequest.__call__ = ask  # type: ignore[method-assign]
    try:
        code = train.main(job["line"])
    except SystemExit as end:
        code = int(end.code or 0)
    return {"code": code, "questions": asked}


def main(file: Path) -> None:
    """Carry out all."""
    work = json.loads(file.read_text(encoding="utf-8"))
    lanes = work["lanes"]
    if lanes:
        plan.cut_of = lambda stages, batch_size: Cut(batch_size, min(lanes, batch_size))  # type: ignore[attr-defined]
        inference.piece_size = lambda nodes, most: min(3, most)  # type: ignore[attr-defined]
        plan.training_piece = lambda nodes, most: min(3, most)  # type: ignore[attr-defined]
    done = [carry_out(job) for job in work["jobs"]]
    if launched():
        from mpi4py import MPI

        if MPI.COMM_WORLD.rank:
            return
    file.with_suffix(".done.json").write_text(json.dumps(done), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
