"""The figures of validation under the names that other libraries have for them: val_loss, val_auc, val_f1_score."""

from typing import Any

from graphnn.specification.schema import load_schema
from graphnn.text.suggestions import folded

OTHER_NAMES = {
    **dict.fromkeys(("loss", "evalloss", "testloss", "logloss"), "validation_loss"),
    **dict.fromkeys(
        ("acc", "evalaccuracy", "categoricalaccuracy", "binaryaccuracy", "sparsecategoricalaccuracy"),
        "validation_accuracy",
    ),
    **dict.fromkeys(("mae", "meanabsoluteerror", "l1"), "validation_mean_absolute_error"),
    **dict.fromkeys(("auc", "rocauc", "auroc", "binaryauroc", "rocaucscore"), "validation_roc_auc"),
    **dict.fromkeys(("f1macro", "macrof1", "f1scoremacro", "macrof1score"), "validation_macro_f1"),
    **dict.fromkeys(("f1", "f1score", "fscore", "binaryf1score"), "validation_f1"),
    **dict.fromkeys(("r2", "r2score", "rsquared"), "validation_r2"),
    **dict.fromkeys(
        ("top5", "top5acc", "top5accuracy", "topkcategoricalaccuracy", "sparsetopkcategoricalaccuracy"),
        "validation_top_5_accuracy",
    ),
    **dict.fromkeys(("mse", "meansquarederror", "rmse"), "validation_loss"),
}
BEGINNINGS = ("validation", "valid", "val", "dev", "eval")


def figure_named(name: Any) -> str | None:
    """Return the figure of validation that another library calls so: "validation_roc_auc" for "val_auc"."""
    if not isinstance(name, str):
        return None
    known = load_schema().written_properties("training")["keep_best"]["enum"]
    of_validation = {folded(one.removeprefix("validation_")): one for one in known} | OTHER_NAMES
    short = folded(name)
    rests = (short.removeprefix(start) for start in BEGINNINGS if short.startswith(start))
    return next((of_validation[one] for one in (short, *rests) if one in of_validation), None)
