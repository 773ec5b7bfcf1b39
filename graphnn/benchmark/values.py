"""The results of a benchmark as JSON values: times in milliseconds, sizes in bytes, rates a second."""

from typing import Any

from graphnn.benchmark.measure import Comparison, Scaling
from graphnn.benchmark.nodes import NodeTimes
from graphnn.benchmark.timing import Times


def comparison_values(found: Comparison) -> dict[str, Any]:
    """Return all sides at one batch size; ratios are our time divided by theirs."""
    return {
        "batch_size": found.batch_size,
        "threads": found.threads,
        "torch": found.torch_version,
        "differences": found.differences or None,
        "sides": [
            {
                "name": side.name,
                "training": times_values(side.training),
                "prediction": times_values(side.prediction),
                "peak_bytes": side.peak_bytes,
                "start_ms": 1000 * side.started,
                "training_ratio": found.ratio("training", side),
                "prediction_ratio": found.ratio("prediction", side),
            }
            for side in found.sides
        ],
        "fastest_other": {
            what: None if other is None else {"name": other.name, "ratio": found.ratio(what, other)}
            for what in ("training", "prediction")
            for other in [found.fastest(what)]
        },
    }


def times_values(times: Times) -> dict[str, Any]:
    """Return median, spread and number of steps."""
    return {
        "median_ms": 1000 * times.median,
        "spread": times.spread,
        "steps": len(times.seconds),
        "images_per_second": times.rate,
    }


def scaling_values(found: Scaling) -> dict[str, Any]:
    """Return images a second by number of threads."""
    return {
        "images_per_second": {str(threads): rate for threads, rate in found.rates.items()},
        "processes_together": found.together,
        "share": found.share,
    }


def node_values(found: NodeTimes) -> dict[str, Any]:
    """Return the nodes' times and work on a whole batch."""
    return {
        "step_ms": 1000 * found.step,
        "loss_ms": 1000 * found.loss,
        "update_ms": 1000 * found.update,
        "engine_ms": 1000 * found.rest,
        "gemm_peak_gflops": 2e-9 * found.peak,
        "nodes": [
            {
                "name": node.name,
                "type": node.type,
                "forward_ms": 1000 * node.forward,
                "backward_ms": 1000 * node.backward,
                "forward_multiply_adds": node.forward_work,
                "backward_multiply_adds": node.backward_work,
            }
            for node in found.nodes
        ],
    }
