"""The results of a benchmark as tables for people."""

import os
import platform
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_info

from graphnn.benchmark.measure import Comparison, Scaling, SideResult
from graphnn.benchmark.nodes import NodeTime, NodeTimes
from graphnn.engine.workers import available_cores
from graphnn.text.numbers import bytes_text, count_text
from graphnn.text.tables import Column, table

T = TypeVar("T")


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, cores, other work before (load average of a minute), versions."""
    blas = [f"{each['internal_api']} {each['version']}" for each in threadpool_info() if each["user_api"] == "blas"]
    return {
        "processor": processor(),
        "cores": str(available_cores()),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": ", ".join(dict.fromkeys(blas)) or "unknown",
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
    }


def processor() -> str:
    """Return the processor's name where the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - one line is wanted of a file without size
            names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
            return next(names, platform.machine())
    except OSError:  # not Linux
        return platform.processor() or platform.machine()


def machine_text(facts: dict[str, str]) -> str:
    """Return the machine in one line."""
    return (
        f"{facts['processor']}, {facts['cores']} cores, load {facts['load']} before; "
        f"Python {facts['python']}, numpy {facts['numpy']}, {facts['blas']}"
    )


def comparison_text(name: str, found: Comparison, width: int | None = None) -> str:
    """Return training and prediction of all sides, and how ours compares with the fastest of the others."""
    threads = f"{found.threads} thread{'s' * (found.threads > 1)}"
    lines = [f"{name}: batch of {count_text(found.batch_size)}, {threads}"]
    if found.differences:
        within = ", ".join(f"{max(own.values()):.0e} in {dtype}" for dtype, own in found.differences.items())
        lines.append(f"the same loss, gradients and outputs as PyTorch {found.torch_version}: within {within}")
    for what, more in (("training", MORE), ("prediction", ())):
        columns, rows = [Column(what), *RATES, *more], [cells(found, side, what) for side in found.sides]
        if len(found.sides) == 1:  # nothing to compare with
            place = columns.index(RATIO)
            columns, rows = without(columns, place), [without(row, place) for row in rows]
        lines += ["", *table(columns, rows, width)]
    return "\n".join([*lines, "", *verdict(found)]).rstrip() + "\n"


RATIO = Column("our time\n/ its time", right=True)
RATES = (Column("images/s", right=True), Column("ms", right=True), Column("spread", right=True), RATIO)
MORE = (Column("peak\nmemory", right=True), Column("start to\nfirst step", right=True))


def without(items: list[T], place: int) -> list[T]:
    """Return all but the one at a place."""
    return [*items[:place], *items[place + 1 :]]


def cells(found: Comparison, side: SideResult, what: str) -> list[str]:
    """Return the row of one side in "training" or "prediction"."""
    times = getattr(side, what)
    ratio = "" if side is found.ours else f"{found.ratio(what, side):.2f}"
    row = [side.name, rate_text(times.rate), ms_text(times.median), f"±{times.spread:.0%}", ratio]
    if what == "training":
        row += ["" if side.peak_bytes is None else bytes_text(side.peak_bytes), f"{side.started:.2f} s"]
    return row


def verdict(found: Comparison) -> list[str]:
    """Return how our times and memory compare with the best of the others."""
    lines = []
    for what in ("training", "prediction"):
        fastest = found.fastest(what)
        if fastest is None:
            continue
        for ours in found.own:
            ratio = found.ratio(what, fastest, ours)
            lines.append(f"{ours.name}: {what} takes {ratio:.2f} of the time of the fastest, {fastest.name}")
    peaks = [side.peak_bytes for side in found.others if side.peak_bytes is not None]
    for ours in found.own if peaks else ():
        if ours.peak_bytes is not None:
            share = ours.peak_bytes / min(peaks)
            lines.append(f"{ours.name}: training takes {share:.2f} of the memory of the one with the least")
    return lines


def growth_text(name: str, found: Sequence[Comparison]) -> str:
    """Return our time for one image by batch size, relative to that at 128 or else at the first."""
    base = next((each for each in found if each.batch_size == 128), found[0])
    columns = (
        Column("batch", right=True),
        Column("training,\nµs an image", right=True),
        Column(f"of that\nat {base.batch_size}", right=True),
        Column("prediction,\nµs an image", right=True),
        Column(f"of that\nat {base.batch_size}", right=True),
    )
    rows = [
        [
            count_text(each.batch_size),
            *growth_cells(each.ours.training.rate, base.ours.training.rate),
            *growth_cells(each.ours.prediction.rate, base.ours.prediction.rate),
        ]
        for each in found
    ]
    return "\n".join([f"{name}: growth with the batch", "", *table(columns, rows)]) + "\n"


def growth_cells(rate: float, base: float) -> tuple[str, str]:
    """Return microseconds an image, and how that compares."""
    return f"{1e6 / rate:,.1f}", f"{base / rate:.2f}"


def scaling_text(name: str, found: Scaling) -> str:
    """Return images/s by threads."""
    first = found.rates[min(found.rates)]
    most = max(found.rates)
    rows = [(f"{n} thread{'s' * (n > 1)}", rate_text(rate), f"{rate / first:.2f}") for n, rate in found.rates.items()]
    rows.append((f"{most} processes of one thread", rate_text(found.together), f"{found.together / first:.2f}"))
    columns = (Column("training"), Column("images/s", right=True), Column("times", right=True))
    end = f"{most} threads do {found.share:.0%} of what {most} independent processes of one thread do together"
    return "\n".join([f"{name}: threads", "", *table(columns, rows), "", end]) + "\n"


NODES = (
    Column("node", least=9, middle=True),
    Column("type", least=11),
    Column("forward\nms", right=True),
    Column("backward\nms", right=True),
    Column("of the\nstep", right=True),
    Column("forward\nGFLOP/s", right=True),
    Column("backward\nGFLOP/s", right=True),
    Column("of the\nGEMM peak", right=True),
)


def nodes_text(name: str, batch_size: int, found: NodeTimes, width: int | None = None) -> str:
    """Return the table of nodes; GFLOP/s count the operations of the formula, which Winograd needs fewer of."""
    rows = [node_row(node, found) for node in found.nodes]
    for label, seconds in (("loss", found.loss), ("update", found.update), ("the engine itself", found.rest)):
        rows.append([label, "", ms_text(seconds), "", f"{seconds / found.step:.1%}", "", "", ""])
    lines = [
        f"{name}: where the time of a training step goes, batch of {count_text(batch_size)}, 1 thread",
        f"GEMM peak of this run: {giga(found.peak)} GFLOP/s (one operation is a multiplication or an addition)",
        "",
        *table(NODES, rows, width, ruled=True),
        f"one step: {ms_text(found.step)} ms, {rate_text(batch_size / found.step)} images/s",
    ]
    return "\n".join(lines) + "\n"


def node_row(node: NodeTime, found: NodeTimes) -> list[str]:
    """Return the cells of one node; work is shown where there is any."""
    both, work = node.forward + node.backward, node.forward_work + node.backward_work
    return [
        node.name,
        node.type,
        ms_text(node.forward),
        ms_text(node.backward),
        f"{both / found.step:.1%}",
        giga(node.forward_work / node.forward) if node.forward_work else "",
        giga(node.backward_work / node.backward) if node.backward_work else "",
        f"{work / both / found.peak:.0%}" if work else "",
    ]


def giga(multiply_adds: float) -> str:
    """Return multiply-adds a second as GFLOP/s."""
    gigaflops = 2e-9 * multiply_adds
    return f"{gigaflops:.0f}" if gigaflops >= 10 else f"{gigaflops:.1f}"


def ms_text(seconds: float) -> str:
    """Return milliseconds with three digits or so."""
    ms = 1000 * seconds
    return f"{ms:,.1f}" if ms >= 100 else f"{ms:.2f}" if ms >= 1 else f"{ms:.3f}"


def rate_text(rate: float) -> str:
    """Return a rate without digits that mean nothing."""
    return count_text(round(rate)) if rate >= 10 else f"{rate:.1f}"
