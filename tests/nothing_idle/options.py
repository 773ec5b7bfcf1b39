"""The table of options: a command line with each of them, and what it brings that there is not without.

Test modules read this file with runpy, because they cannot import each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NET, DIGITS, TABLE, NUMBERS = (
    "net.json",
    "digits.json",
    "table.json",
    "numbers.json",
)  # in the folder of the test, with their weights


@dataclass(frozen=True)
class Option:
    """value: what follows the option. brings: words of the output, or a file that is written, neither without it.

    Where it is "", the output just differs.

    to: the arguments of the command beside it.
    """

    value: str
    brings: str
    to: str = NET


# What changes how fast a command is, how much memory it takes or how its progress looks, and no result; what goes on
# until Ctrl-C; and what says what is so anyway.
ELSEWHERE: Mapping[str, str] = {
    "--help": "tests/commands/test_main.py",
    "--threads": "tests/engine/test_workers.py",
    "--kernels": "tests/commands/test_kernels.py",
    "--plain": "tests/commands/test_closed_terminal.py",
    "--batch-size": "tests/commands/test_evaluate.py",
    "--watch": "tests/commands/test_inspect_watch.py",
    "--stdio": "tests/language_server/test_server.py",
    "--data-dir": "tests/commands/test_image_folders.py",
    "--plugin": "tests/commands/test_train_plugin.py",
    "--rounds": "tests/benchmark/test_measuring.py",
    "--seconds": "tests/benchmark/test_measuring.py",
    "--against": "tests/benchmark/test_measuring.py",
    "--host": "tests/commands/test_serve.py",
    "--port": "tests/commands/test_serve.py",
    "--workers": "tests/serving/test_load.py",
    "--max-batch": "tests/serving/test_load.py",
    "--batch-wait-ms": "tests/serving/test_batching.py",
    "--max-body": "tests/serving/test_limits.py",
    "--max-pixels": "tests/serving/test_limits.py",
    "--max-files": "tests/serving/test_limits.py",
    "--max-queue": "tests/serving/test_limits.py",
    "--max-held": "tests/serving/test_limits.py",
    "--read-timeout": "tests/serving/test_limits.py",
    "--timeout": "tests/serving/test_limits.py",
    "--allow-origin": "tests/serving/test_predict.py",
    "--allow-host": "tests/serving/test_askers.py",
    "--access-log": "tests/serving/test_predict.py",
}
OTHER = f"{NUMBERS} --port 0"  # with what follows, weights that do not fit, so that the server ends at once
NEW = "net.onnx --output new.json --replace"
SEARCH = f"{NET} --variants search.json --limit 20"
LARGE = f"{DIGITS} --plan --set training.batch_size=65536"  # a batch of several lanes
X, PICTURE = f"{NET} x.npy", f"{DIGITS} dark.png"
OPTIONS: Mapping[str, Mapping[str, Option]] = {
    "inspect": {
        "--set": Option("layers[0].units=5", "5 units"),
        "--format": Option("json", '"layers": ['),
        "--plan": Option("", "scratch"),
        "--workers": Option("2", "efficiency", f"{NET} --plan"),
        "--machines": Option("2", "Gbit/s", f"{LARGE} --workers 2"),
        "--network": Option("25", "25 Gbit/s", f"{LARGE} --workers 2 --machines 2"),
        "--expand": Option("", '"layers": ['),
        "--weights": Option("net.npz", "deviation"),
        "--write-schema": Option("schema.json", "schema.json", ""),
    },
    "train": {
        "--set": Option("training.epochs=2", "epoch 2/2"),
        "--output": Option("other.npz", "other.npz"),
        "--resume": Option("1", "goes on from run 1", f"{NET} --set training.epochs=3"),
        "--init-from": Option("net.npz", "2 of 2 parameters of the network taken from it"),
        "--init-map": Option("map.json", "map.json", f"{NET} --init-from net.safetensors"),
        "--limit": Option("20", "--limit 20: "),
        "--dry-run": Option("", "Nothing was written"),
        "--no-test": Option("", "Final validation loss"),
        "--seed": Option("7", "training.seed=7"),
        "--plot": Option("curves.png", "curves.png"),
        "--tensorboard": Option("events", "events"),
        "--quiet": Option("", ""),
    },
    "export": {
        "--set": Option("layers[0].units=5", "do not fit", f"{NET} --to onnx"),
        "--to": Option("svg", "net.svg"),
        "--output": Option("other.onnx", "other.onnx", f"{NET} --to onnx"),
        "--weights": Option("missing.npz", "missing.npz", f"{NET} --to onnx"),
        "--verify": Option("5", "5 samples of the test part", f"{NET} --to onnx"),
        "--quantize": Option("int8", "net.int8.onnx", f"{NET} --to onnx"),
        "--replace": Option("", "", f"{NET} --to safetensors"),
        "--format": Option("json", '"target": "svg"', f"{NET} --to svg"),
    },
    "import": {
        "--output": Option("other.json", "other.npz", "net.onnx"),
        "--into": Option("net.json", "module in the file", "net.safetensors --replace"),
        "--replace": Option("", "largest difference", "net.onnx"),
        "--classes": Option("a,b", "", NEW),
        "--softmax": Option("", "", NEW),
        "--data": Option("missing.npz", "missing.npz", NEW),
        "--scale": Option("255", "", NEW),
        "--mean": Option("0.5", "", NEW),
        "--std": Option("0.5", "", NEW),
        "--format": Option("json", '"layers":', NEW),
    },
    "evaluate": {
        "--set": Option("layers[0].units=5", "do not fit"),
        "--weights": Option("copy.npz", "samples, copy.npz"),
        "--split": Option("train", "train part"),
        "--float16": Option("half.npz", "half.npz"),
        "--format": Option("csv", "class,precision"),
    },
    "predict": {
        "--set": Option("layers[0].units=5", "do not fit", X),
        "--weights": Option("none.npz", "none.npz", X),
        "--top": Option("2", "%  ", X),
        "--invert": Option("", "", f"{DIGITS} light.png --show"),
        "--as-is": Option("", "", f"{PICTURE} --show"),
        "--show": Option("", "+----", PICTURE),
        "--save-input": Option("seen.png", "seen.png", PICTURE),
        "--output": Option("answers.csv", "answers.csv", f"{TABLE} table.csv"),
        "--format": Option("json", '"predictions"', X),
        "--files-from": Option("list.txt", "second.npy[0]", X),
    },
    "runs": {
        "--set": Option("training.epochs=5", "training.epochs 1"),
        "--output": Option("none.npz", "none.runs"),
        "--promote": Option("1", "holds the weights of run 1 already"),
        "--only": Option("2", "no run 2"),
        "--plot": Option("picture.png", "picture.png"),
        "--remove": Option("1", "removed"),
        "--format": Option("json", '"state"'),
    },
    "compare": {
        "--set": Option("training.epochs=2", "0002"),
        "--variants": Option("variants.json", "larger"),
        "--vary": Option("layers[0].units=3,3", ""),
        "--seeds": Option("1,2", "±"),
        "--test": Option("", ""),
        "--output": Option("kept", "kept"),
        "--limit": Option("20", ""),
        "--search": Option("optuna", "1 of 1: ", f"{SEARCH} --trials 1"),
        "--trials": Option("2", "2 of 2: ", f"{SEARCH} --search optuna"),
        "--at-once": Option("1", "one at a time", f"{SEARCH} --search optuna --trials 1"),
        "--jobs": Option("2", "seed 2 begins", f"{NET} --seeds 1,2"),
        "--scheduler": Option("nowhere.json", "--scheduler nowhere.json: no such file"),
        "--format": Option("json", '"variant": "as it is"'),
        "--markdown": Option("", "|"),
    },
    "report": {
        "--set": Option("layers[0].units=5", "do not fit"),
        "--output": Option("page.html", "page.html"),
        "--weights": Option("none.npz", "none.npz"),
        "--split": Option("train", "training part"),
    },
    "benchmark": {
        "--set": Option("training.batch_size=5", "batch of 5", f"{NET} --quick"),
        "--batch-sizes": Option("7", "batch of 7", f"{NET} --quick"),
        "--nodes": Option("", "dense_1", f"{NET} --quick"),
        "--quick": Option("", "its figures mean nothing", f"{NET} --rounds 7"),
        "--json": Option("", '"machine"', f"{NET} --quick"),
    },
    "serve": {
        "--set": Option("layers[0].units=5", "is 5×4 in the network", f"{OTHER} --weights net.npz"),
        "--weights": Option("none.npz", "none.npz", f"{OTHER} --set layers[0].units=5"),
    },
    "run": {},
    "lsp": {},
}
# Options that would change nothing beside others: refused, or told of, with these words.
REFUSED: Mapping[str, str] = {
    "inspect --write-schema s.json --plan": "--plan is for a document, and changes nothing with --write-schema",
    "inspect --write-schema s.json --format json": "--format is for a document, and changes nothing",
    f"inspect {NET} --workers 2": "--workers is for --plan, and changes nothing without it",
    f"inspect {NET} --plan --machines 2": "--machines is for --workers N, and changes nothing without it",
    f"inspect {NET} --plan --workers 2 --network 10": "--network is for --machines N, and changes nothing without it",
    "inspect --write-schema s.json --set a=1": "--set is for a document, and changes nothing",
    f"train {NET} --data-dir . --dry-run": '--data-dir changes nothing: "npz" is read from data.path; leave it out',
    f"train {NET} --init-map map.json": "--init-map is for --init-from FILE, and changes nothing without it",
    f"train {NET} --quiet --seed 3 --set training.seed=5": "--set training.seed=5 is undone by --set training.seed=3",
    f"inspect {NET} --set name=a --set name=b": "note: --set name=a is undone by --set name=b; leave one of them out",
    f"predict {X} --invert": "--invert is for pictures; arrays are taken as they are",
    f"predict {X} --as-is": "--as-is: pictures are only resized for this network",
    f"predict {X} --show": "--show: an input is 4 numbers, and no picture",
    f"predict {X} --output a.csv --format json": "a.csv: is written as csv, after its suffix, not as json",
    f"predict {NUMBERS} x.npy --top 2": "--top is for classes, but the outputs of this network are numbers",
    f"predict {TABLE} table.csv --top 2": "--top is for pictures and arrays",
    f"predict {TABLE} table.csv --output a.csv --format csv": "--output writes a table like the one that is read",
    f"runs {NET} --promote 1 --only 1": "--only is for the list of runs, and changes nothing with --promote",
    f"compare {NET} --markdown --format json": "not allowed with argument --markdown",
    f"benchmark {NET} --quick --rounds 3": "--quick has one short round; leave it out, or --rounds and --seconds",
    "run unittest relu --threads 2": "--threads is for the trainings, mnist and cifar, and changes nothing in a check",
    "run unittest relu --data-dir .": "--data-dir is for the trainings, mnist and cifar",
}
