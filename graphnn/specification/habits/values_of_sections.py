"""What values outside of layers are here: schedules, epochs, figures, weights of classes, augmentations."""

import json
from typing import Any

from graphnn.specification.habits import objects, reading
from graphnn.specification.habits.figures import figure_named
from graphnn.specification.habits.sentences import Found
from graphnn.specification.schema import load_schema
from graphnn.text.suggestions import closest, folded

POLICIES = ("lrpolicy", "policy", "lrscheduler", "scheduler", "lrschedule", "schedule")
SAMPLES = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}
LINEAR, COSINE = {"type": "piecewise_linear", "points": [[0, 1], [1, 0]]}, {"type": "cosine"}
POLICY_SCHEDULES: dict[str, dict[str, Any]] = {  # of Caffe and Darknet; those of steps have a factor beside them
    **dict.fromkeys(("poly", "polynomial", "linear"), LINEAR),
    **dict.fromkeys(("inv", "sigmoid", "sig", "sgdr", "cosine"), COSINE),
}


def schedule(found: Found) -> str | None:
    """Return the schedule that a name or an object of another library means."""
    many = objects.objects("schedule", found.value, load_schema())
    if many == [{"type": "step"}]:
        return stepped(found)
    return objects.text(objects.completed("schedule", many))


def has_policy(found: Found) -> bool:
    """Return whether another key beside the value names the schedule, as Caffe's "lr_policy" does."""
    return isinstance(found.owner, dict) and any(folded(key) in POLICIES for key in found.owner)


def of_policy(values: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schedule that the policy among the settings of Caffe or Darknet names; None where the rate stays."""
    name = next((folded(str(values[key])) for key in values if folded(key) in ("policy", "lrpolicy")), "fixed")
    if name in ("step", "steps", "multistep"):
        return dict(json.loads(stepped(Found(name, values)) or ""))
    if name == "exp":
        return {"type": "step", "every": 1, "factor": gamma(Found(name, values)) or 0.95}
    return POLICY_SCHEDULES.get(name)


def stepped(found: Found) -> str | None:
    """Return a schedule of steps, with the factor and the epochs that stand beside the value."""
    owner = found.owner if isinstance(found.owner, dict) else {}
    near = {folded(key): value for key, value in owner.items()}
    factor = next(
        (
            near[key]
            for key in ("gamma", "decayrate", "lrgamma", "lrdecay", "learningratedecay")
            if reading.is_fraction(near.get(key))
        ),
        0.1,
    )
    every = next(
        (
            near[key]
            for key in ("stepsize", "decaysteps", "lrstep")
            if reading.is_count(near.get(key)) and near[key] <= 500
        ),
        10,
    )
    return json.dumps({"type": "step", "every": every, "factor": factor})


def figure(found: Found) -> str | None:
    """Return the figure of validation that a name means."""
    return figure_named(found.value)


def figure_beside(found: Found) -> str | None:
    """Return the figure that "monitor" beside the value names, or that of early stopping."""
    owner = found.owner if isinstance(found.owner, dict) else {}
    return figure_named(owner.get("monitor"))


def epochs(found: Found) -> float | None:
    """Return how many epochs a number of steps is, where the data are known by name."""
    root = found.root if isinstance(found.root, dict) else {}
    training, data = root.get("training"), root.get("data")
    if not isinstance(training, dict) or not isinstance(data, dict) or not reading.is_count(found.value):
        return None
    samples, batch, held = (
        SAMPLES.get(str(data.get("dataset"))),
        training.get("batch_size", 128),
        data.get("validation_split", 0.1),
    )
    if (
        samples is None
        or not reading.is_count(batch)
        or not (reading.is_number(held) and 0 <= held < 1)
        or folded(found.key) == "stepsperepoch"
    ):
        return None
    result = round(found.value * batch / (samples * (1 - held)), 1)
    return None if result <= 0 else int(result) if float(result).is_integer() else result


def fraction(found: Found) -> float | None:
    """Return a fraction that may be written in per cent, or as a text."""
    value: Any = reading.number(found.value) if isinstance(found.value, str) else found.value
    if reading.is_number(value) and 1 < value < 100:
        value = round(value / 100, 12)
    return value if reading.is_fraction(value) else None


def class_weights(found: Found) -> Any:
    """Return weights of classes, by class or as a list, or "balanced"."""
    value = found.value
    numbers = list(value.values()) if isinstance(value, dict) else value
    if isinstance(numbers, list) and len(numbers) > 1 and all(reading.is_number(one) and one >= 0 for one in numbers):
        return value
    return "balanced" if value in ("balanced", "auto", True) else None


def others_with_class_weights(found: Found) -> str | None:
    """Return the losses that have weights of classes where that of the document has none."""
    schema = load_schema()
    loss = found.owner if found.path == ("loss",) else found.root.get("loss") if isinstance(found.root, dict) else None
    type_ = loss.get("type") if isinstance(loss, dict) else None
    having = [name for name in schema.types("loss") if "class_weights" in schema.settings("loss", name)]
    return " and ".join(having) if type_ in schema.types("loss") and type_ not in having else None


def augment(found: Found) -> list[dict[str, Any]] | None:
    """Return the augmentations that a value, or the key beside it, means."""
    key, value = folded(found.key), found.value
    if key in ("horizontalflip", "hflip", "randomflip", "flip", "mirror", "fliplr") and value is True:
        return [{"type": "RandomFlip"}]
    if key in ("rotationrange", "rotation", "degrees") and reading.is_number(value):
        return [{"type": "RandomAffine", "degrees": value, "scale": 0}]
    if key in ("zoomrange", "zoom") and reading.is_fraction(value):
        return [{"type": "RandomAffine", "degrees": 0, "scale": value}]
    if key == "shearrange" and reading.is_number(value):
        return [{"type": "RandomAffine", "degrees": 0, "scale": 0, "shear": value}]
    if key in ("randomcrop", "translate") and reading.is_count(value):
        return [{"type": "RandomTranslate", "pixels": value}]
    if key in ("widthshiftrange", "heightshiftrange", "translate"):
        return [{"type": "RandomTranslate", "pixels": 2}]
    if key == "cutout" and reading.is_count(value):
        return [{"type": "Cutout", "size": value}]
    return augmentations(value)


def augmentations(value: Any) -> list[dict[str, Any]] | None:
    """Return the list of augmentations that names or objects of another library mean."""
    if value is True:
        return [{"type": "RandomFlip"}]
    result: list[dict[str, Any]] = []
    items = value if isinstance(value, list) else [value]
    if isinstance(value, dict) and len(value) > 1 and "type" not in value:
        items = [{key: one} for key, one in value.items()]
    for item in items:
        many = objects.objects("augmentation", item, load_schema())
        if many is None:
            return None
        result += many
    return result or None


def sizes(found: Found) -> str | None:
    """Return the shape of an input of which channels, height and width are written apart."""
    near = {folded(key): value for key, value in found.owner.items()}
    height = next((near[key] for key in ("height", "h", "rows") if reading.is_count(near.get(key))), None)
    width = next((near[key] for key in ("width", "w", "cols", "columns") if reading.is_count(near.get(key))), height)
    channels = next(
        (near[key] for key in ("channels", "c", "numchannels", "inchannels") if reading.is_count(near.get(key))), 1
    )
    return None if width is None else f'"shape": {json.dumps([channels, height or width, width])}'


def gamma(found: Found) -> float | None:
    """Return the factor of a schedule of another library."""
    near = {folded(key): value for key, value in objects.inside(found.owner, ()).items()}
    return next(
        (near[key] for key in ("gamma", "decayrate", "factor", "decay") if reading.is_fraction(near.get(key))), None
    )


def data(found: Found) -> dict[str, Any] | None:
    """Return the section "data" that the name of a data set, or an object of another library, means."""
    if isinstance(found.value, str):
        name = closest(found.value, load_schema().types("data"))
        return None if name is None else {"dataset": name}
    many = objects.objects("data", found.value, load_schema())
    return None if many is None else many[0]


def of_file(path: str) -> str | None:
    """Return the section "data" for the path of a file or folder, with … for what is to be filled in."""
    shown, end = json.dumps(path, ensure_ascii=False), path.lower().rpartition(".")[2]
    if end in ("csv", "tsv", "txt", "data") and end != path.lower():
        return f'{{"dataset": "csv", "path": {shown}, "target": "COLUMN"}}, with the name of the column to predict'
    if end in ("npz", "npy") and end != path.lower():
        return f'{{"dataset": "npz", "path": {shown}}}'
    if "/" in path or "\\" in path:
        return f'{{"dataset": "images", "path": {shown}, "size": [64, 64]}}, with the size for all pictures'
    return None
