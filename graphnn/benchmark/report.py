"""The results of a benchmark as reports."""

from collections.abc import Iterator, Sequence
from typing import Any

from graphnn.benchmark.measure import Comparison, Scaling, SideResult
from graphnn.benchmark.nodes import NodeTime, NodeTimes
from graphnn.benchmark.values import comparison_values, node_values, scaling_values
from graphnn.reports.kinds import BYTES, COUNT, MILLISECONDS, RATE, Kind, milliseconds_text, rate_text
from graphnn.reports.report import Column, Lines, Report, Table
from graphnn.text.numbers import count_text


def giga_text(multiply_adds: float) -> str:
    """Return multiply-adds a second as GFLOP/s."""
    gigaflops = 2e-9 * multiply_adds
    return f"{gigaflops:.0f}" if gigaflops >= 10 else f"{gigaflops:.1f}"


RATIO = Kind(lambda ratio: f"{ratio:.2f}", right=True)
SPREAD = Kind(lambda share: f"±{share:.0%}", right=True)
SECONDS = Kind(lambda seconds: f"{seconds:.2f} s", right=True)
MICROSECONDS = Kind(lambda rate: f"{1e6 / rate:,.1f}", right=True)  # of images/s, the time for one of them
WHOLE_PERCENT = Kind(lambda share: f"{share:.0%}", right=True)
TENTH_PERCENT = Kind(lambda share: f"{share:.1%}", right=True)
GIGA = Kind(giga_text, right=True)

RATES = (Column("images/s", RATE), Column("ms", MILLISECONDS), Column("spread", SPREAD))
OURS_BY_THEIRS = Column("our time\n/ its time", RATIO)
START = (Column("peak\nmemory", BYTES), Column("start to\nfirst step", SECONDS))
NODES = (
    Column("node", least=9, middle=True),
    Column("type"),
    Column("forward\nms", MILLISECONDS),
    Column("backward\nms", MILLISECONDS),
    Column("of the\nstep", TENTH_PERCENT),
    Column("forward\nGFLOP/s", GIGA),
    Column("backward\nGFLOP/s", GIGA),
    Column("of the\nGEMM peak", WHOLE_PERCENT, optional=True),
)


def comparison_report(name: str, found: Comparison) -> Report:
    """Return training and prediction of all sides, and how ours compares with the fastest of the others."""
    threads = f"{found.threads} thread{'s' * (found.threads > 1)}"
    heading = [f"{name}: batch of {count_text(found.batch_size)}, {threads}"]
    if found.differences:
        within = ", ".join(f"{max(largest.values()):.0e} in {dtype}" for dtype, largest in found.differences.items())
        heading.append(f"the same loss, gradients and outputs as PyTorch {found.torch_version}: within {within}")
    sides = [sides_table(found, what) for what in ("training", "prediction")]
    return Report([Lines(heading), *sides, Lines(list(verdict(found)))], comparison_values(found))


def sides_table(found: Comparison, what: str) -> Table:
    """Return the table of all sides in "training" or "prediction"; without ratios where there is one side only."""
    columns = [Column(what), *RATES]
    if len(found.sides) > 1:
        columns.append(OURS_BY_THEIRS)
    if what == "training":
        columns += START
    return Table(columns, [tuple(side_cells(found, side, what)) for side in found.sides])


def side_cells(found: Comparison, side: SideResult, what: str) -> Iterator[Any]:
    """Yield the cells of one side in "training" or "prediction"."""
    times = getattr(side, what)
    yield from (side.name, times.rate, times.median, times.spread)
    if len(found.sides) > 1:
        yield None if side is found.ours else found.ratio(what, side)
    if what == "training":
        yield from (side.peak_bytes, side.started)


def verdict(found: Comparison) -> Iterator[str]:
    """Yield how our times and memory compare with the best of the others."""
    for what in ("training", "prediction"):
        fastest = found.fastest(what)
        if fastest is None:
            continue
        for ours in found.our_sides:
            ratio = found.ratio(what, fastest, ours)
            yield f"{ours.name}: {what} takes {ratio:.2f} of the time of the fastest, {fastest.name}"
    peaks = [side.peak_bytes for side in found.others if side.peak_bytes is not None]
    for ours in found.our_sides if peaks else ():
        if ours.peak_bytes is not None:
            share = ours.peak_bytes / min(peaks)
            yield f"{ours.name}: training takes {share:.2f} of the memory of the one with the least"


def growth_report(name: str, found: Sequence[Comparison]) -> Report:
    """Return our time for one image by batch size, relative to that at 128 or else at the first.

    It has no data, because those of the comparisons contain everything.
    """
    base = next((each for each in found if each.batch_size == 128), found[0])
    relative = Column(f"of that\nat {base.batch_size}", RATIO)
    columns = (
        Column("batch", COUNT),
        Column("training,\nµs an image", MICROSECONDS),
        relative,
        Column("prediction,\nµs an image", MICROSECONDS),
        relative,
    )
    rows = [
        (
            each.batch_size,
            each.ours.training.rate,
            base.ours.training.rate / each.ours.training.rate,
            each.ours.prediction.rate,
            base.ours.prediction.rate / each.ours.prediction.rate,
        )
        for each in found
    ]
    return Report([Lines([f"{name}: growth with the batch"]), Table(columns, rows)])


def scaling_report(name: str, found: Scaling) -> Report:
    """Return the report of training speed by number of threads."""
    first = found.rates[min(found.rates)]
    most = max(found.rates)
    rows = [(f"{n} thread{'s' * (n > 1)}", rate, rate / first) for n, rate in found.rates.items()]
    rows.append((f"{most} processes of one thread", found.together, found.together / first))
    columns = (Column("training"), Column("images/s", RATE), Column("times", RATIO))
    end = f"{most} threads do {found.share:.0%} of what {most} independent processes of one thread do together"
    return Report([Lines([f"{name}: threads"]), Table(columns, rows), Lines([end])], scaling_values(found))


def nodes_report(name: str, batch_size: int, found: NodeTimes) -> Report:
    """Return the table of nodes; GFLOP/s count the operations of the formula, of which Winograd needs fewer."""
    rows = [node_cells(node, found) for node in found.nodes]
    for label, seconds in (("loss", found.loss), ("update", found.update), ("the engine itself", found.rest)):
        rows.append((label, "", seconds, None, seconds / found.step, None, None, None))
    heading = [
        f"{name}: where the time of a training step goes, batch of {count_text(batch_size)}, 1 thread",
        f"GEMM peak of this run: {giga_text(found.peak)} GFLOP/s (one operation is a multiplication or an addition)",
    ]
    end = f"one step: {milliseconds_text(found.step)} ms, {rate_text(batch_size / found.step)} images/s"
    return Report([Lines(heading), Table(NODES, rows, foot=[Lines([end])])], node_values(found))


def node_cells(node: NodeTime, found: NodeTimes) -> tuple[Any, ...]:
    """Return the cells of one node; those of its work are empty where it has no multiply-adds."""
    both, work = node.forward + node.backward, node.forward_work + node.backward_work
    return (
        node.name,
        node.type,
        node.forward,
        node.backward,
        both / found.step,
        node.forward_work / node.forward if node.forward_work else None,
        node.backward_work / node.backward if node.backward_work else None,
        work / both / found.peak if work else None,
    )
