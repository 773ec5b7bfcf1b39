"""What is told of a network at /model and on the page: its inputs, classes and figures."""

from typing import Any

from graphnn.describe.memory import parameter_count
from graphnn.pictures.resizing import MODES
from graphnn.serving.limits import Limits
from graphnn.serving.served import Served
from graphnn.types import shape_text

FIGURES = ("accuracy", "macro_f1", "f1", "roc_auc", "r2", "mean_absolute_error", "loss")  # the first of them are shown
LABELS = {"roc_auc": "ROC AUC", "f1": "F1", "macro_f1": "macro F1", "r2": "R²"}
SHARES = ("accuracy", "macro_f1", "f1")
SHOWN = 2


def facts_of_served(served: Served, limits: Limits) -> dict[str, Any]:
    """Return the facts as JSON values."""
    trained = served.trained
    shape = trained.normalisation.shape
    table = trained.table
    pictures = len(shape) == 3 and shape[0] in MODES
    return {
        "name": trained.spec.name,
        "description": trained.spec.description or "",
        "kind": "table" if table is not None else "pictures" if pictures else "arrays",
        "input_shape": list(shape),
        "classes": list(class_labels(served)) if served.has_classes else None,
        "columns": [] if table is None else [column_facts(column) for column in table.columns],
        "handwriting": trained.ink is not None,
        "light_on_dark": trained.reader().light_on_dark,
        "parameters": sum(parameter_count(node, trainable=True) for node in trained.graph.nodes),
        "figures": figures(trained.meta.get("metrics")),
        "kernels": served.kernels.name,
        "weights": f"sha256:{served.digest}",
        "sample": shape_text(shape),
        "limits": {"body": limits.body, "pixels": limits.pixels, "files": limits.files},
    }


def class_labels(served: Served) -> tuple[str, ...]:
    """Return the names of the classes, or their numbers where they have none."""
    count = int(served.trained.graph.output_shape[0])
    known = served.trained.classes
    if known is not None:
        return tuple(known)
    return ("no", "yes") if count == 1 else tuple(map(str, range(count)))


def column_facts(column: Any) -> dict[str, Any]:
    """Return what a form needs to know of a column."""
    return {
        "name": column.name,
        "kind": column.kind,
        "categories": list(column.categories),
        "mean": column.mean,
    }


def figures(metrics: Any) -> list[dict[str, str]]:
    """Return the figures of the training over the test part, or else the validation part, as texts."""
    found = metrics if isinstance(metrics, dict) else {}
    part = next((part for part in ("test", "validation") if isinstance(found.get(part), dict)), None)
    if part is None:
        return []
    values = {name: value for name in FIGURES if isinstance(value := found[part].get(name), float)}
    return [
        {
            "name": LABELS.get(name, name.replace("_", " ")),
            "part": part,
            "value": f"{100 * value:.1f} %" if name in SHARES else f"{value:.4g}",
        }
        for name, value in list(values.items())[:SHOWN]
    ]
