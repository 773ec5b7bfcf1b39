"""Reads files damaged at random, and says what became of each: loaded, or refused as it should be."""

import pickle
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from graphnn.errors import DataError

LONGEST = 700  # characters of a problem


def outcomes(
    content: bytes,
    damage: Callable[[bytes, int], bytes],
    seeds: Iterable[int],
    path: Path,
    read: Callable[[], Any],
    memory: int,
) -> Counter[str]:
    """Return how often `read` loaded and refused the file at `path`, which holds `content` with the damage of a seed.

    A refusal is a DataError of one line a problem, which names the file. Nothing may be unpickled, and Python's objects
    and numpy's arrays may take `memory` bytes. `read` returns a problem in words, or None. Raises AssertionError with
    the seeds for which that is not so.
    """
    found: Counter[str] = Counter()
    faults = []
    tracemalloc.start()
    try:
        for seed in seeds:
            path.write_bytes(damage(content, seed))
            outcome, fault = tried(path, read, memory)
            found[outcome] += 1
            if fault is not None:
                faults.append(f"seed {seed}: {fault}")
    finally:
        tracemalloc.stop()
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:20])
    return found


def named_outcomes(
    path: Path, damage: Callable[[bytes, int], bytes], seeds: Sequence[int], outcome: Callable[[], str], memory: int
) -> Counter[str]:
    """Return how often `outcome` gave each name to the file at `path`, with the damage of a seed.

    Raises AssertionError with all seeds for which it raised, or where Python's objects took `memory` bytes or more.
    """
    content, found, faults = path.read_bytes(), Counter[str](), []
    tracemalloc.start()
    try:
        for seed in seeds:
            path.write_bytes(damage(content, seed))
            try:
                found[outcome()] += 1
            except Exception as fault:  # collected, to show all of them
                faults.append(f"{damage.__name__}(…, {seed}): {type(fault).__name__}: {fault}")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not faults, f"{len(faults)} of {len(seeds)}\n" + "\n".join(faults)
    assert peak < memory
    return found


def tried(path: Path, read: Callable[[], Any], memory: int) -> tuple[str, str | None]:
    """Return what became of one file, and what is wrong with that."""
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    try:
        with patch.object(pickle, "load", unpickled), patch.object(pickle, "loads", unpickled):
            problem = read()
    except DataError as error:
        problems = [fault for fault in map(refusal_fault, error.problems) if fault]
        if str(path) not in str(error):
            problems.append(f"does not name the file: {error}")
        outcome, fault = "refused", "; ".join(problems) or None
    except Exception as error:
        outcome, fault = "fault", f"{type(error).__name__}: {error}"
    else:
        outcome, fault = "loaded", problem
    _, peak = tracemalloc.get_traced_memory()
    if peak - before > memory:
        fault = f"{fault or outcome}, and takes {peak - before:,} bytes"
    return outcome, fault


def refusal_fault(problem: object) -> str | None:
    """Return what is wrong with a problem as people read it."""
    text = str(problem)
    return f"not one short line: {text[:1000]!r}" if "\n" in text or len(text) > LONGEST else None


def unpickled(*_: object, **__: object) -> None:
    """Stand for what unpickles."""
    raise AssertionError("something was unpickled")
