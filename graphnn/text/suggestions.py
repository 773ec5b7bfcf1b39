"""Suggestions for unknown names, by spelling and by the names of other libraries; and quoting."""

import json
from collections.abc import Collection

OTHER_NAMES = {  # from names in other libraries, `folded`, to names here
    "linear": "Dense",
    "fullyconnected": "Dense",
    "innerproduct": "Dense",
    "connected": "Dense",
    "fc": "Dense",
    "conv": "Conv2D",
    "convolution": "Conv2D",
    "convolution2d": "Conv2D",
    "convolutional": "Conv2D",
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
    "classweight": "class_weights",
    "posweight": "class_weights",
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
    "randomstate": "seed",
    "splitseed": "seed",
    "imagefolder": "images",
    "imagedatasetfromdirectory": "images",
    "imagesize": "size",
    "targetsize": "size",
    "colormode": "color",
    "testsize": "test_split",
    "grayscale": "grey",
    "letterbox": "fit",
    "pad": "fit",
    "centercrop": "crop",
    "squash": "stretch",
}

LEAST_ENDING = 4  # letters that suffice to recognise a known name by its ending


def closest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is closest to `name`, or None where none is close."""
    import difflib  # for wrong names only

    by_folded = {folded(candidate): candidate for candidate in known}
    unknown = folded(name)
    if unknown in by_folded:
        return by_folded[unknown]
    other = OTHER_NAMES.get(unknown)
    if other is not None and other in known:
        return other
    ends = [candidate for candidate in by_folded if len(unknown) >= LEAST_ENDING and candidate.endswith(unknown)]
    if len(ends) == 1:
        return by_folded[ends[0]]
    for spelling in (unknown, *([] if other is None else [folded(other)])):
        close = difflib.get_close_matches(spelling, by_folded, n=1)
        if close:
            return by_folded[close[0]]
    return None


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return advice such as '; did you mean "rate"?', or "" where no known name is close."""
    close = closest(name, known)
    return "" if close is None else f"; did you mean {quoted(close)}?"


def unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """Return the message about an unknown name, with the closest known name or, where none is close, all.

    kind: what the name should be, such as "loss".
    """
    suggestion = did_you_mean(name, known)
    return f"unknown {kind} {quoted(name)}{suggestion or '; known: ' + ', '.join(known)}"


def folded(name: str) -> str:
    """Return a name in lower case without underscores and hyphens, for comparison."""
    return name.casefold().replace("_", "").replace("-", "")


def quoted(text: str, width: int = 40) -> str:
    """Return text in double quotes on one line, shortened to `width` characters."""
    return json.dumps(text if len(text) <= width else text[: width - 1] + "…", ensure_ascii=False)
