"""Where settings are that other programs take as options, or by a short name: `--lr 0.1`, `--set lr=0.1`."""

from graphnn.specification.schema import load_schema
from graphnn.text.suggestions import closest, folded

PATHS = {
    **dict.fromkeys(("lr", "learningrate", "baselr", "initlr", "eta"), "optimizer.learning_rate"),
    **dict.fromkeys(("epochs", "epoch", "e", "nepochs", "numepochs", "maxepochs", "nbepoch"), "training.epochs"),
    **dict.fromkeys(("batchsize", "batch", "b", "bs", "trainbatchsize"), "training.batch_size"),
    **dict.fromkeys(("momentum", "mom"), "optimizer.momentum"),
    **dict.fromkeys(("weightdecay", "wd", "l2"), "optimizer.weight_decay"),
    **dict.fromkeys(("optimizer", "optim", "optimiser", "opt", "solver"), "optimizer.type"),
    **dict.fromkeys(("lossfunction", "lossfn", "criterion", "loss"), "loss.type"),
    **dict.fromkeys(("dataset", "datasetname"), "data.dataset"),
    **dict.fromkeys(("patience", "earlystopping", "earlystop"), "training.early_stopping.patience"),
    **dict.fromkeys(("valsplit", "validationsplit", "validsplit", "valsize"), "data.validation_split"),
    **dict.fromkeys(("clipnorm", "gradclip", "maxgradnorm", "gradientclipval", "clip"), "optimizer.clip_norm"),
    **dict.fromkeys(("schedule", "scheduler", "lrscheduler", "sched"), "optimizer.schedule.type"),
    **dict.fromkeys(("warmupepochs", "warmup"), "optimizer.schedule.warmup_epochs"),
    **dict.fromkeys(("labelsmoothing", "smoothing"), "loss.label_smoothing"),
    **dict.fromkeys(("seed", "manualseed", "randomseed"), "training.seed"),
    **dict.fromkeys(("beta1", "adambeta1"), "optimizer.beta_1"),
    **dict.fromkeys(("beta2", "adambeta2"), "optimizer.beta_2"),
    **dict.fromkeys(("keepbest", "savebest", "monitor"), "training.keep_best"),
    **dict.fromkeys(("normalize", "normalization"), "data.normalize"),
    **dict.fromkeys(("inputshape", "imagesize", "imgsize"), "input.shape"),
}
CHOICES = {
    "optimizer.type": "optimizer",
    "loss.type": "loss",
    "data.dataset": "data",
    "optimizer.schedule.type": "schedule",
}


def path_of(name: str) -> str | None:
    """Return the path of a setting by its name in other programs, without hyphens; None for other names."""
    return PATHS.get(folded(name.lstrip("-")))


def setting(name: str, value: str | None) -> str | None:
    """Return PATH=VALUE for a setting of another program; None for other names."""
    path = path_of(name)
    if path is None:
        return None
    if path in CHOICES and value is not None:
        value = closest(value, load_schema().types(CHOICES[path])) or value
    return f"{path}={EXAMPLES.get(path, 'VALUE') if value is None else value}"


EXAMPLES = {  # values that a setting may have
    "optimizer.learning_rate": "0.01",
    "training.epochs": "5",
    "training.batch_size": "32",
    "optimizer.momentum": "0.9",
    "optimizer.weight_decay": "0.0001",
    "training.seed": "1",
    "data.validation_split": "0.2",
}
