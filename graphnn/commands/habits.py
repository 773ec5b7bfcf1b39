"""Options, arguments and commands as other programs take them, and what to write instead; read only after mistakes."""

import json
import re
from argparse import Action
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from graphnn.commands.sharing_habits import about_sharing_argument, about_sharing_command, about_sharing_option
from graphnn.specification.habits.paths import setting
from graphnn.text.shell import file_word, shell_joined
from graphnn.text.suggestions import folded

COMMANDS = {  # by names in other programs, `folded`: how a command line begins
    **dict.fromkeys(("fit", "learn", "training", "start"), "train"),
    **dict.fromkeys(("test", "eval", "validate", "score", "testing", "evaluation", "accuracy"), "evaluate"),
    **dict.fromkeys(("summary", "show", "info", "describe", "print", "check", "lint", "view", "structure"), "inspect"),
    **dict.fromkeys(("infer", "classify", "inference", "prediction", "detect"), "predict"),
    **dict.fromkeys(("sweep", "tune", "search", "grid", "hyperopt", "vary", "gridsearch"), "compare"),
    **dict.fromkeys(("bench", "profile", "time", "speed", "timing"), "benchmark"),
    **dict.fromkeys(("list", "ls", "log", "logs", "history", "experiments"), "runs"),
    **dict.fromkeys(("html", "visualize", "visualise", "visualization"), "report"),
    "unittest": "run unittest",
    "help": "--help",
    "version": "--version",
}
PLOTS = ("plot", "curves", "graph", "chart", "tensorboard")
NO_GPU = "leave it out: there is no GPU here, all cores compute"
FEWER = " (--threads N for fewer)"
SHORT = {
    "-e": "--epochs",
    "-b": "--batch-size",
    "-o": "--output",
    "-v": "--verbose",
    "-q": "--quiet",
    "-j": "--jobs",
}
GPUS = (
    "gpu gpus device devices cuda usegpu usecuda nocuda cpu accelerator gpuid gpuids fp16 amp mixedprecision precision"
)
RANKS = (  # of torchrun, accelerate, horovodrun, lightning and mpirun, as folded names
    "nprocpernode nproc nnodes numnodes numprocesses numprocs numproc nprocs np ranks worldsize nummachines machines "
    "hosts hostfile masteraddr masterport rdzvendpoint rdzvbackend noderank localrank distributed ddp strategy mpi "
    "cluster"
)
ONE_OF_RANKS = "noderank localrank masterport"  # whose numbers do not count ranks
DOCUMENTS = "config cfg model spec document net network arch architecture json yaml file"
WEIGHTS = "weights checkpoint ckpt load pretrained modelpath initfrom init loadweights weightsfile params"
INPUTS = "input inputs image images img picture source test"
RENAMED = {  # by names in other programs, `folded`: options here, of which the command takes the first that it knows
    **dict.fromkeys(("workers", "numworkers", "njobs", "jobs"), ("--jobs", "--threads")),
    **dict.fromkeys(("parallel", "concurrency", "maxconcurrent", "maxconcurrenttrials"), ("--jobs",)),
    **dict.fromkeys(("ntrials", "numtrials", "maxtrials", "numsamples", "niter"), ("--trials",)),
    **dict.fromkeys(("optuna", "hpo", "hyperopt", "tune", "tuner", "sweep", "searchalg"), ("--search",)),
    **dict.fromkeys(("schedulerfile", "schedulerip", "address", "dask", "distributed", "cluster"), ("--scheduler",)),
    **dict.fromkeys(("nthreads", "numthreads", "cores"), ("--threads",)),
    **dict.fromkeys(("outputdir", "outdir", "savedir", "out", "save", "savepath", "savemodel"), ("--output",)),
    **dict.fromkeys(("resumefrom", "continue", "restart", "restore", "lastcheckpoint"), ("--resume", "--weights")),
    **dict.fromkeys(WEIGHTS.split(), ("--weights", "--init-from")),
    **dict.fromkeys(("logdir", "tb", "tensorboarddir", "logs"), ("--tensorboard",)),
    **dict.fromkeys(("data", "datapath", "dataroot", "root", "datafolder"), ("--data-dir",)),
    **dict.fromkeys(("seed", "nseeds", "repeat", "repeats"), ("--seeds",)),
    **dict.fromkeys(("json", "asjson"), ("--format json",)),
    **dict.fromkeys(("markdown", "md"), ("--format markdown",)),
    **dict.fromkeys(("csv",), ("--format csv",)),
    **dict.fromkeys(("silent", "noprogress", "noverbose"), ("--quiet",)),
    **dict.fromkeys(("nobar", "noprogressbar", "nocolor"), ("--plain", "--quiet")),
    **dict.fromkeys(("maxsamples", "subset", "samples", "numsamples", "fraction"), ("--limit",)),
    **dict.fromkeys(("debug", "fastdevrun", "check", "noop"), ("--dry-run",)),
    **dict.fromkeys(("curves", "figure", "plotfile"), ("--plot",)),
    **dict.fromkeys(("backend", "engine"), ("--kernels",)),
    **dict.fromkeys(("param", "override", "define", "hparam", "hparams"), ("--set",)),
}
VALUES = {
    "--output": "W.npz",
    "--weights": "W.npz",
    "--init-from": "FILE",
    "--tensorboard": "FOLDER",
    "--threads": "4",
    "--jobs": "4",
    "--trials": "30",
    "--search": "optuna",
    "--scheduler": "tcp://HOST:8786",
}
WITHOUT_VALUE = ("--quiet", "--plain", "--dry-run", "--resume")


def about_option(option: str, value: str | None, known: Mapping[str, Action], line: str) -> str | None:
    """Return what to write instead of an option; None for one that no table has.

    value: the argument after it, or after its "=", if it may be its value. known: options of the command. line: how
    the command is called, without arguments.
    """
    if (advice := about_sharing_option(option, value, known)) is not None:
        return advice
    option = SHORT.get(option, option)
    if option in known:
        return f"write {with_value(option, value, known)}"
    name = folded(option.lstrip("-"))
    for other in RENAMED.get(name, ()):
        if other.split()[0] in known:
            return f"write {with_value(other, value, known)}"
    if name in GPUS.split():
        return f"{NO_GPU}{FEWER if '--threads' in known else ''}"
    if name in RANKS.split() and line.endswith(("train", "train.py")):
        count = value if value is not None and value.isdecimal() and name not in ONE_OF_RANKS.split() else "2"
        return f"for several machines, write mpirun -n {count} {line} NAME.json"
    if name in ("verbose", "v", "loglevel", "progress"):
        return "leave it out: all is shown" + (" unless --quiet is given" if "--quiet" in known else "")
    if name in DOCUMENTS.split():
        return (
            f"write the document without an option: {line} {'NAME.json' if value is None else file_word(Path(value))}"
        )
    if name in INPUTS.split() and line.endswith(("predict", "predict.py")):
        file = "FILE" if value is None else file_word(Path(value))
        return f"write the file after the document, without an option: {line} NAME.json {file}"
    if name in WEIGHTS.split():
        return "leave it out: no weights are needed"
    changed = setting(name, value) if "--set" in known else None
    return None if changed is None else f"write --set {shell_joined([changed])}"


def with_value(option: str, value: str | None, known: Mapping[str, Action]) -> str:
    """Return an option with its value, or with an example of one."""
    if option == "--resume" and value is not None and value.isdecimal():
        return f"--resume {value}"
    if option in WITHOUT_VALUE or " " in option:
        return option
    example = option in known and known[option].metavar
    if option == "--output" and example == VALUES[option] and value is not None and not value.endswith(".npz"):
        return f"--output {file_word(Path(value) / 'NAME.npz')}"
    if option == "--set":
        return "--set PATH=VALUE, as in --set training.epochs=5"
    shown = (
        (example if option == "--output" and isinstance(example, str) else VALUES.get(option, "VALUE"))
        if value is None or option == "--search"
        else value
    )
    return f"{option} {shell_joined([shown])}"


def about_argument(argument: str, argv: Sequence[str], known: Collection[str]) -> str | None:
    """Return what to write instead of an argument such as "epochs=5"; None for others. argv: all arguments."""
    if (advice := about_sharing_argument(argument, argv, known)) is not None:
        return advice
    name, equals, value = argument.partition("=")
    if not equals or "--set" not in known or not name or argument.startswith("-"):
        return None
    changed = argument if "." in name or "[" in name else setting(name, value)
    return None if changed is None else f"write --set {shell_joined([changed])}"


def about_set(after: Sequence[str]) -> str | None:
    """Return what to write instead of --set with blanks in its value, by the arguments after it; None without any."""
    if not after or after[0].startswith("-"):
        return None
    first, *rest = after[:3]
    name, equals, value = first.partition("=")
    if equals and (value or not rest or not is_json(rest[0])):
        return None
    if not equals and rest[:1] == ["="]:
        rest = rest[1:]
    elif not equals and rest and rest[0].startswith("="):
        rest = [rest[0][1:]]
    given = rest[0] if rest and not rest[0].startswith("--") and not Path(rest[0]).is_file() else None
    written = f"{name}={'VALUE' if given is None else given}"
    short = None if "." in name or "[" in name else setting(name, given)
    return f"write it without blanks: --set {shell_joined([short or written])}"


def is_json(text: str) -> bool:
    """Return whether a text is a value of JSON, and no name of a file."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return not Path(text).exists()


def about_second_command(argv: Sequence[str], known: Collection[str]) -> str | None:
    """Return what to write instead of the name of a command in the place of a document; None for other arguments."""
    if not argv or argv[0] not in known or Path(argv[0]).exists():
        return None
    return f"write graphnn {shell_joined(argv)}"


def about_seeds(text: str) -> str | None:
    """Return seeds as they are written, for "0-2", "0..2" or "0 1 2"; None for others."""
    if match := re.fullmatch(r"\s*\[?(\d{1,4})\s*(?:-|\.\.+|–|to)\s*(\d{1,4})\]?\s*", text):
        first, last = int(match[1]), int(match[2])
        if 0 < last - first < 100:
            return ",".join(map(str, range(first, last + 1)))
    if match := re.fullmatch(r"\s*(\d{1,4}):(\d{1,4})\s*|\s*range\((\d{1,4})\s*,\s*(\d{1,4})\)\s*", text):
        first, last = int(match[1] or match[3]), int(match[2] or match[4])
        if 0 < last - first < 100:
            return ",".join(map(str, range(first, last)))
    numbers = re.findall(r"\d{1,16}", text)
    return ",".join(numbers) if numbers and re.fullmatch(r"[\[(\s]*\d+([\s,;]+\d+)*[\s,\])]*", text) else None


def about_command(name: str, rest: Sequence[str], known: Collection[str]) -> str | None:
    """Return what to write instead of a command that is not known; None where no table has it."""
    if folded(name) in COMMANDS:
        return f"write graphnn {shell_joined([*COMMANDS[folded(name)].split(), *rest])}"
    if folded(name) in PLOTS:
        document = next((one for one in rest if one.endswith(".json")), "NAME.json")
        return f"write graphnn {shell_joined(['runs', document, '--plot', 'curves.png'])}"
    if not Path(name).is_file() and (advice := about_sharing_command(name, rest)) is not None:
        return advice
    if name.endswith(".json") or Path(name).is_file():
        command = next((one for one in rest if one in known), "train")
        others = [one for one in rest if one != command]
        return f"the command comes first: graphnn {shell_joined([command, name, *others])}"
    return None
