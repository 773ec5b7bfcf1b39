"""compare after anything that may have gone before: each cell of its table is that of an undisturbed comparison."""

import json
import random
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs.store import store_of

Run = Callable[..., Any]
ORDINARY, LONG = 2, 40
COMMON = ("--limit", "120", "--kernels", "numpy")
CHANGES: dict[str, dict[str, Any]] = {
    "narrow": {"layers.hidden.units": 4},
    "shorter": {"training.epochs": 2},
    "longer": {"training.epochs": 4},
    "best": {"training.keep_best": "validation_loss", "optimizer.learning_rate": 0.5},
    "average": {"training.averaging": {"type": "exponential", "decay": 0.5}, "evaluation.every": 2},
    "stopped": {
        "training.early_stopping": {"monitor": "validation_loss", "patience": 1},
        "optimizer.learning_rate": 1.0,
    },
    "wild": {"optimizer": {"type": "SGD", "learning_rate": 1e30}},
    "seen twice": {"evaluation.test_time_augmentation": "flip"},
    "the same": {"layers.hidden.units": 16},
}
DISTURBED = """
import os, signal, sys
from graphnn.commands.main import main
from graphnn.engine.engine import Engine

owner, name = {"step": (Engine, "train_step"), "file": (os, "replace")}[sys.argv[1]]
former, left = getattr(owner, name), int(sys.argv[2])

def disturbed(*arguments, **options):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), int(sys.argv[3]))
    return former(*arguments, **options)

setattr(owner, name, disturbed)
sys.exit(main(sys.argv[4:]))
"""


class Sequence:
    """Random commands about one document, in a folder of its own."""

    def __init__(self, folder: Path, small: dict[str, Any], draw: random.Random, graphnn: Run, python: Run) -> None:
        self.draw, self.graphnn, self.python = draw, graphnn, python
        self.document = folder / "net.json"
        small["input"]["shape"] = [1, 8, 8]
        small["layers"].insert(0, {"type": "Flatten"})
        small["training"]["batch_size"] = 32
        self.document.write_text(json.dumps(small))
        self.said: list[str] = []  # the commands so far, for messages

    def options(self) -> list[str]:
        """Draw the options of a comparison."""
        names = self.draw.sample(sorted(CHANGES), self.draw.randint(0, 3))
        found = ["--seeds", ",".join(map(str, self.draw.sample(range(3), self.draw.randint(1, 2))))]
        if names:
            file = self.document.with_name(f"{'-'.join(names).replace(' ', '_')}.json")
            file.write_text(json.dumps({"variants": [{"name": name, "set": CHANGES[name]} for name in names]}))
            found += ["--variants", str(file)]
        return [*found, *(["--test"] if self.draw.random() < 0.3 else [])]

    def compared(self, options: list[str]) -> None:
        """Compare, and find what an undisturbed comparison finds in a folder of its own."""
        self.said.append(f"compare {options}")
        fresh = self.document.with_name(f"fresh{len(self.said)}")
        code, rows, err = self.table(*options)
        assert code in (0, 3), (err, self.said)
        assert (code, rows) == self.table(*options, "--output", str(fresh))[:2], self.said

    def table(self, *options: str) -> tuple[int, str, str]:
        """Return the exit code, the rows without times, and stderr of a comparison."""
        done = self.graphnn("compare", self.document, *COMMON, "--format", "csv", *options)
        return done.returncode, re.sub(r",[^,\n]*$", "", done.stdout, flags=re.MULTILINE), done.stderr

    def step(self) -> None:
        """Do something at random."""
        train = ["train", str(self.document), "--quiet", *COMMON, "--seed", str(self.draw.randrange(3))]
        change = self.draw.choice([{}, *CHANGES.values()])
        train += [word for key, value in change.items() for word in ("--set", f"{key}={json.dumps(value)}")]
        train += ["--no-test"] if self.draw.random() < 0.5 else []
        kind = self.draw.randrange(8)
        if kind < 3:
            self.disturbed(self.draw.choice([train, ["compare", str(self.document), *COMMON, *self.options()]]))
        elif kind == 3:
            self.damaged()
        elif kind == 4:
            self.undisturbed([*train, "--resume"])
        elif kind == 5 and self.document.with_suffix(".npz").exists():
            self.undisturbed([*train, "--init-from", str(self.document.with_suffix(".npz"))])
        elif kind == 6:
            self.undisturbed(train)
            self.undisturbed([*train, "--resume", "--set", "training.epochs=4"])
        else:
            self.compared(self.options())

    def undisturbed(self, command: list[str]) -> None:
        """Run a command, which may refuse to do what it is told."""
        self.said.append(" ".join(command))
        assert self.graphnn(*command).returncode in (0, 2, 3), self.said

    def disturbed(self, command: list[str]) -> None:
        """Run a command that is killed or interrupted at a step, or killed before a file gets its name."""
        kind, number = self.draw.choice([("step", signal.SIGKILL), ("step", signal.SIGINT), ("file", signal.SIGKILL)])
        count = self.draw.randint(1, 16)
        self.said.append(f"{number.name} at {kind} {count}: {' '.join(command)}")
        done = self.python("-c", DISTURBED, kind, str(count), str(int(number)), *command)
        assert done.returncode in (0, 2, 3, 130, -signal.SIGKILL), (done.stderr, self.said)

    def damaged(self) -> None:
        """Remove a file of a run, or cut its end off."""
        runs = store_of(self.document).runs()
        files = [
            file for run in runs for file in (run.weights, run.checkpoint, run.facts_file, run.document, run.history)
        ]
        there = [file for file in files if file.exists()]
        if there:
            file = self.draw.choice(there)
            self.said.append(f"damaged {file}")
            if self.draw.random() < 0.5:
                file.unlink()
            else:
                file.write_bytes(file.read_bytes()[:-20])


SEEDS = [pytest.param(seed, marks=[] if seed < ORDINARY else pytest.mark.long) for seed in range(ORDINARY + LONG)]


@pytest.mark.parametrize("seed", SEEDS)
def test_each_cell_is_that_of_an_undisturbed_comparison(
    seed: int, tmp_path: Path, small: dict[str, Any], graphnn: Run, python: Run
) -> None:
    sequence = Sequence(tmp_path, small, random.Random(seed), graphnn, python)
    for _ in range(3 if seed < ORDINARY else 8):
        sequence.step()
    sequence.compared(["--seeds", "0,1,2"])
    sequence.compared(sequence.options())
