"""Exports every network of models/ to every target, compares them on 200 samples, and keeps the figures for a README.

    .venv/bin/python tests/readme/exports.py --data-dir DATA [NAME…]

writes exports.json, from which `pytest --update-golden` makes the table. Networks whose weights are not in models/ are
trained for a moment: on digits, MNIST and CIFAR-10 from DATA, on random pictures and a random table where the data are
the user's own. NAME: of documents to measure anew; without, all.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).with_name("exports.json")
SAMPLES = 200
COLUMNS = ("document", "target", "size", "largest difference", f"same class of {SAMPLES}", "seconds")
INT8 = "onnx, int8"
# Small steps, and so many that the running statistics of normalisations become those of the samples.
SHORT = ("training.epochs=1", "training.batch_size=20", "optimizer.learning_rate=0.002")


def table() -> str:
    """Return the table of what was measured."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for row in json.loads(KEPT.read_text(encoding="utf-8")):
        size = " + ".join(f"{each / 1024:,.0f} KiB" for each in row["bytes"])
        known = row["largest_difference"] is not None
        difference = f"{row['largest_difference']:.1e}" if known else "–"
        same = "–" if row["same_class"] is None else str(row["same_class"])
        document = f"`{row['document']}.json`{' ¹' if row['trained_here'] else ''}"
        lines.append(f"| {document} | {row['target']} | {size} | {difference} | {same} | {row['seconds']:.1f} |")
    return "\n".join(lines)


BLOCKS: dict[str, Callable[[], str]] = {"exports": table}
FILES = {"exports": "models/README.md"}


def graphnn(*arguments: str | Path) -> str:
    """Run a command and return its output."""
    command = [sys.executable, "-m", "graphnn", *map(str, arguments)]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}")
    return ran.stdout


def measured(document: Path, folder: Path, data: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of a network for every target, and for ONNX in integers of 8 bits."""
    from graphnn.exporting.base import TARGETS, Exporter

    copy = folder / document.name
    shutil.copy(document, copy)
    trained_here = not document.with_suffix(".npz").exists()
    if trained_here:
        own_data(folder, json.loads(copy.read_text(encoding="utf-8")))
        changes = [part for change in SHORT for part in ("--set", change)]
        graphnn("train", copy, "--data-dir", data, *changes, "--limit", "600", "--no-test", "--quiet")
    else:
        shutil.copy(document.with_suffix(".npz"), copy.with_suffix(".npz"))
    targets = [name for name, target in TARGETS.items() if isinstance(target, Exporter)]
    for name in (*targets, *([INT8] if "onnx" in targets else [])):
        target = name.partition(",")[0]
        options = ["--quantize", "int8"] if name == INT8 else []
        if TARGETS[target].computes:
            options += ["--verify", str(SAMPLES), "--data-dir", str(data)]
        begun = time.perf_counter()
        text = graphnn("export", copy, "--to", target, "--format", "json", *options)
        seconds, found = time.perf_counter() - begun, json.loads(text)
        compared = found["compared"] or {"largest_difference": None, "same_class": None}
        yield {
            "document": document.stem,
            "target": name,
            "trained_here": trained_here,
            "bytes": [each["bytes"] for each in found["files"]],
            "largest_difference": compared["largest_difference"],
            "same_class": compared["same_class"],
            "seconds": round(seconds, 1),
        }


def own_data(folder: Path, values: dict[str, Any]) -> None:
    """Make random data where a document is for the user's own."""
    rng, data = np.random.default_rng(0), values["data"]
    if data["dataset"] == "csv":
        inputs, classes = values["input"]["shape"][0], values["layers"][-2]["units"]
        rows = ["a,b,c,d,e,f,g"[: 2 * inputs] + data["target"]]
        for _ in range(1200):
            numbers = rng.normal(20, 5, inputs)
            rows.append(",".join([*(f"{each:.3f}" for each in numbers), f"kind{numbers.argmax() % classes}"]))
        (folder / data["path"]).write_text("\n".join(rows), encoding="utf-8")
    if data["dataset"] == "images":
        from PIL import Image

        units = next(layer["units"] for layer in reversed(values["layers"]) if "units" in layer)
        for number in range(units):
            place = folder / data["path"] / f"kind{number}"
            place.mkdir(parents=True)
            for picture in range(1200 // units):
                pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
                Image.fromarray(pixels).resize((64, 64)).save(place / f"{picture}.png")


def main() -> None:
    """Measure, and keep what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    documents = sorted((ROOT / "models").glob("*.json"))
    for document in documents:
        if arguments.names and document.stem not in arguments.names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows = list(measured(document, Path(folder), arguments.data_dir.resolve()))
        for row in rows:
            print(row, flush=True)
        known = [row for row in known if row["document"] != document.stem] + rows
        order = [each.stem for each in documents]
        known.sort(key=lambda row: order.index(row["document"]))
        KEPT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
