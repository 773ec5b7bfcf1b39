"""Carries out trainings one after the other: in this process alone or, started by mpirun, as one rank of a job.

`python trainings.py JOBS.json`, with a list of what to do, of which each has the arguments of train in "line" and,
where other ranks differ, theirs in "other"; in "stop" the number of the question whether to stop that is answered with
yes; and in "patch" a module, a name and the value that this has in other ranks. JOBS.RANK.json then says of each its
exit code, the number of questions and what was printed on stderr. With "lanes", batches are cut into that many, and
these into pieces of 3 samples, so that small ones keep several ranks busy.
"""

import io
import json
import sys
from contextlib import redirect_stderr
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from graphnn.commands import train
from graphnn.engine import inference, plan
from graphnn.engine.cut import Cut
from graphnn.machine.launchers import launched
from graphnn.runs.stopping import StopRequest

RANK = launched()[1]


def carry_out(job: dict[str, Any]) -> dict[str, Any]:
    """Carry out one training."""
    asked, said = 0, io.StringIO()

    def ask(_: StopRequest) -> bool:
        nonlocal asked
        asked += 1
        return asked == job.get("stop")

    module, name, value = job.get("patch") or ("sys", "ps1", "")
    differs = RANK > 0 and "patch" in job
    line = job.get("other", job["line"]) if RANK else job["line"]
    with redirect_stderr(said), patch.object(StopRequest, "__call__", lambda request: ask(request)):
        try:
            with patch.object(import_module(module), name, value, create=True) if differs else redirect_stderr(said):
                code = train.main(line)
        except SystemExit as end:
            code = int(end.code or 0)
    return {"code": code, "questions": asked, "said": said.getvalue()}


def main(file: Path) -> None:
    """Carry out all."""
    work = json.loads(file.read_text(encoding="utf-8"))
    lanes = work["lanes"]
    if lanes:
        plan.cut_of = lambda stages, batch_size: Cut(batch_size, min(lanes, batch_size))  # type: ignore[attr-defined]
        inference.inference_piece = lambda nodes, most: min(3, most)  # type: ignore[attr-defined]
        plan.training_piece = lambda nodes, most: min(3, most)  # type: ignore[attr-defined]
    done = [carry_out(job) for job in work["jobs"]]
    file.with_suffix(f".{RANK}.json").write_text(json.dumps(done), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
