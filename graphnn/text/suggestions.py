"""Names in messages: quoted, and the nearest right one for a wrong one, by case, by other libraries, by spelling."""

import difflib
import json
from collections.abc import Collection

OTHER_NAMES = {  # what other libraries call it, in lower case without _ and -
    "linear": "Dense",
    "fullyconnected": "Dense",
    "innerproduct": "Dense",
    "conv": "Conv2D",
    "convolution": "Conv2D",
    "convolution2d": "Conv2D",
    "maxpool": "MaxPooling2D",
    "maxpool2d": "MaxPooling2D",
    "averagepool": "AveragePooling2D",
    "avgpool": "AveragePooling2D",
    "avgpool2d": "AveragePooling2D",
    "adaptiveavgpool2d": "GlobalAveragePooling",
    "globalaveragepooling2d": "GlobalAveragePooling",
    "batchnorm": "BatchNormalization",
    "batchnorm1d": "BatchNormalization",
    "batchnorm2d": "BatchNormalization",
    "layernorm": "LayerNormalization",
    "swish": "SiLU",
    "logsoftmax": "Softmax",
    "xavieruniform": "glorot_uniform",
    "xaviernormal": "glorot_normal",
    "xavier": "glorot_uniform",
    "kaimingnormal": "he_normal",
    "kaiminguniform": "he_uniform",
    "henormal": "he_normal",
    "dirac": "identity",
    "randomnormal": "normal",
    "zeros": "constant",
    "ones": "constant",
    "std": "deviation",
    "stddev": "deviation",
    "randomcrop": "RandomTranslate",
    "randomhorizontalflip": "RandomFlip",
    "randomerasing": "Cutout",
    "randomrotation": "RandomAffine",
    "randomrotate": "RandomAffine",
    "randomzoom": "RandomAffine",
    "randomshear": "RandomAffine",
    "nllloss": "CrossEntropy",
    "crossentropyloss": "CrossEntropy",
    "categoricalcrossentropy": "CrossEntropy",
    "sparsecategoricalcrossentropy": "CrossEntropy",
    "bce": "BinaryCrossEntropy",
    "bceloss": "BinaryCrossEntropy",
    "bcewithlogitsloss": "BinaryCrossEntropy",
    "mse": "MeanSquaredError",
    "mseloss": "MeanSquaredError",
    "l2": "MeanSquaredError",
    "momentum": "SGDMomentum",
    "onecyclelr": "one_cycle",
    "steplr": "step",
    "cosineannealinglr": "cosine",
    "reducelronplateau": "reduce_on_plateau",
    "ema": "exponential",
    "exponentialmovingaverage": "exponential",
    "valacc": "validation_accuracy",
    "valmae": "validation_mean_absolute_error",
    "outfeatures": "units",
    "outchannels": "filters",
    "numfilters": "filters",
    "bias": "use_bias",
    "eps": "epsilon",
    "lr": "learning_rate",
    "p": "rate",
    "prob": "rate",
    "l2regularization": "weight_decay",
    "gradientclipping": "clip_norm",
    "numepochs": "epochs",
    "steps": "epochs",
    "minibatchsize": "batch_size",
    "randomseed": "seed",
}


ENOUGH = 4  # letters of the end of a name that tell which one is meant


def closest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is meant by `name`, or None where nothing is near."""
    by_folded = {folded(candidate): candidate for candidate in known}
    wanted = folded(name)
    if wanted in by_folded:
        return by_folded[wanted]
    other = OTHER_NAMES.get(wanted)
    if other in known:
        return other
    ends = [candidate for candidate in by_folded if len(wanted) >= ENOUGH and candidate.endswith(wanted)]
    if len(ends) == 1:
        return by_folded[ends[0]]
    for name_meant in (wanted, *([] if other is None else [folded(other)])):
        close = difflib.get_close_matches(name_meant, by_folded, n=1)
        if close:
            return by_folded[close[0]]
    return None


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return '; did you mean "rate"?', or nothing where no known name is near."""
    close = closest(name, known)
    return "" if close is None else f"; did you mean {quoted(close)}?"


def unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """Return what is said of a name that nothing of a kind has: the nearest one, and all that there are."""
    suggestion = did_you_mean(name, known)
    return f"unknown {kind} {quoted(name)}{suggestion or ';'} {'Known' if suggestion else 'known'}: {', '.join(known)}"


def folded(name: str) -> str:
    """Return a name without what people vary: case, underscores, hyphens."""
    return name.casefold().replace("_", "").replace("-", "")


def quoted(text: str, width: int = 40) -> str:
    """Return text in double quotes and on one line, cut at `width` characters."""
    return json.dumps(text if len(text) <= width else text[: width - 1] + "…", ensure_ascii=False)
