"""The table of settings that make no sense: what is changed, and what is said of it.

Test modules read this file with runpy, because they cannot import each other.
"""

import json
from typing import Any

REFUSED, NOTED = "refused", "noted"
PICTURES = ('data={"dataset": "images", "path": "a", "color": "grey", "size": 8}',)


def layer(type_: str, **settings: Any) -> str:
    """Return the change that puts this layer in the place of the ReLU."""
    return f"layers.relu={json.dumps({'type': type_, 'name': 'relu', **settings})}"


def optimizer(type_: str, **settings: Any) -> str:
    """Return the change that takes this optimizer."""
    return f"optimizer={json.dumps({'type': type_, **settings})}"


def schedule(type_: str, **settings: Any) -> str:
    """Return the change that adds this schedule."""
    return f"optimizer.schedule={json.dumps({'type': type_, **settings})}"


def group(match: str = "*/biases", **settings: Any) -> str:
    """Return the change that adds one group of parameters."""
    return f"optimizer.groups={json.dumps([{'match': match, **settings}])}"


def muon(**settings: Any) -> tuple[str, str]:
    """Return the changes that train the weights by Muon, so that no other weight decay is for anything."""
    return group("[co]*/weights", optimizer={"type": "Muon", **settings}), "optimizer.weight_decay=null"


def augment(type_: str, **settings: Any) -> str:
    """Return the change that adds one augmentation."""
    return f"data.augment={json.dumps([{'type': type_, **settings}])}"


def stopping(**settings: Any) -> str:
    """Return the change that adds early stopping."""
    return f"training.early_stopping={json.dumps(settings)}"


def averaging(type_: str, **settings: Any) -> str:
    """Return the change that adds averaging."""
    return f"training.averaging={json.dumps({'type': type_, **settings})}"


ZERO = '{"type": "constant", "value": 0}'
BLOCK = (
    'layers.flat={"type": "GlobalAveragePooling"}',
    'layers.drop={"type": "Residual", "layers": [{"type": "Dense", "units": 4, "use_bias": true},'
    ' {"type": "BatchNormalization"}]}',
)
HUGE, SLIGHT = 1e300, 1e-300
TABLE: list[tuple[str, str | tuple[str, ...], str, str]] = [
    # layers
    ("Dense.units", "layers.out.units=1", REFUSED, "1 output, but digits has 10 classes"),
    ("Dense.units", "layers.out.units=1e300", REFUSED, "expected an integer"),
    ("Conv2D.filters", "layers.conv.filters=0", REFUSED, "must be at least 1"),
    ("Conv2D.kernel_size", "layers.conv.kernel_size=17", NOTED, "some weights of 17×17 never meet a pixel of 8×8"),
    ("Conv2D.kernel_size", "layers.conv.kernel_size=[3,99]", REFUSED, "no pixel is further than 15×15 reaches"),
    ("Conv2D.filters", "layers.conv.filters=9000000000", NOTED, "one sample takes 6.62 T multiply-adds, 5.18 T here"),
    ("Conv2D.strides", "layers.conv.strides=5", NOTED, "steps of 5 and 5 skip pixels between windows of 3×3"),
    ("Conv2D.padding", "layers.conv.padding=3", NOTED, "windows of 3×3 at the edge see nothing but zeros"),
    ("Dense.use_bias", BLOCK, NOTED, "BatchNormalization subtracts the bias again"),
    ("Conv2D.use_bias", "layers.conv.use_bias=true", NOTED, "BatchNormalization subtracts the bias again"),
    (
        "Conv2D.trainable",
        'layers.conv.trainable={"weights": false, "biases": true}',
        NOTED,
        "only biases are trained, which BatchNormalization subtracts again",
    ),
    (
        "Dense.initializer",
        (f"layers.out.initializer={ZERO}", f"layers.conv.initializer={ZERO}"),
        NOTED,
        "the weights of every layer start from 0, so that only the last biases learn",
    ),
    (
        "constant.value",
        ('layers.out.initializer={"type": "constant", "value": 1}', 'layers.conv.initializer="constant"'),
        NOTED,
        "start from one number, so that all units stay alike",
    ),
    ("constant.value", 'layers.out.initializer={"type": "constant", "value": -1e9}', NOTED, "far too large to train"),
    ("normal.deviation", 'layers.out.initializer={"type": "normal", "deviation": 1e30}', NOTED, "far too large to"),
    (
        "normal.deviation",
        ('layers.conv.initializer={"type": "normal", "deviation": 0}', f"layers.out.initializer={ZERO}"),
        NOTED,
        "start from 0",
    ),
    (
        "Dense.trainable",
        (f"layers.conv.initializer={ZERO}", "layers.conv.trainable=false"),
        NOTED,
        "the weights are 0 and are not trained, so that nothing of the input passes",
    ),
    (
        "trained.until_epoch",
        'layers.out.trainable={"biases": {"until_epoch": 12}}',
        NOTED,
        "biases are never frozen, because the run has 12 epochs",
    ),
    (
        "trained.until_epoch",
        ("layers.conv.trainable=false", "layers.norm.trainable=false",
         'layers.out.trainable={"weights": {"until_epoch": 1}, "biases": {"until_epoch": 2}}'),
        NOTED,
        "nothing is trained after epoch 2, because all parameters are frozen then",
    ),
    (
        "patch_whitening.epsilon",
        ("layers.conv.filters=18", 'layers.conv.initializer={"type": "patch_whitening", "epsilon": 1e9}'),
        NOTED,
        "outweighs every eigenvalue",
    ),
    ("MaxPooling2D.pool_size", "layers.pool.pool_size=1", NOTED, "a window of one pixel leaves the image as it is"),
    ("MaxPooling2D.strides", "layers.pool.strides=3", NOTED, "steps of 3 and 3 skip pixels between windows of 2×2"),
    ("AveragePooling2D.pool_size", layer("AveragePooling2D", pool_size=1), NOTED, "leaves the image as it is"),
    ("AveragePooling2D.strides", layer("AveragePooling2D", strides=[2, 4]), NOTED, "steps of 2 and 4 skip pixels"),
    ("BatchNormalization.momentum", "layers.norm.momentum=1", NOTED, "keeps the running statistics at their first"),
    ("BatchNormalization.momentum", "layers.norm.momentum=0.1", NOTED, "PyTorch's momentum 0.1 is 0.9 here"),
    ("BatchNormalization.momentum", "layers.norm.momentum=0", NOTED, "lets the last few batches alone decide"),
    ("BatchNormalization.momentum", "layers.norm.momentum=0.9999999", NOTED, "averages over more than 10,000 steps"),
    ("BatchNormalization.epsilon", "layers.norm.epsilon=1e30", NOTED, "outweighs a variance of 1"),
    ("BatchNormalization.epsilon", "layers.norm.epsilon=1e-40", NOTED, "is too small for float32"),
    ("LayerNormalization.epsilon", layer("LayerNormalization", epsilon=100), NOTED, "outweighs a variance of 1"),
    ("LayerNormalization.epsilon", layer("LayerNormalization", epsilon=1e-30), NOTED, "is too small for float32"),
    (
        "LayerNormalization",
        ('layers[4]={"type": "Conv2D", "filters": 1, "kernel_size": 4, "padding": "valid"}',
         'layers[5]={"type": "LayerNormalization"}', 'layers[6]={"type": "Flatten"}',
         'layers[7]={"type": "Dense", "units": 10}', "loss.type=MeanSquaredError",
         "data.dataset=npz", "data.path=a.npz"),
        REFUSED,
        "a single value minus its mean is always 0",
    ),
    ("Dropout.rate", "layers.drop.rate=0.99", NOTED, "leaves fewer than 1 value in 20"),
    ("Dropout.rate", "layers.drop.rate=0.99999999", REFUSED, "0.99999999 is 1 in float32"),
    ("Scale.factor", layer("Scale", factor=1e30), NOTED, "leaves float32 little room"),
    ("Scale.factor", layer("Scale", factor=-1e-30), NOTED, "leaves next to nothing of the input"),
    ("Scale.factor", layer("Scale", factor=-HUGE), REFUSED, "-1e+300 is infinite in float32"),
    ("Scale.factor", layer("Scale", factor=SLIGHT), REFUSED, "1e-300 is 0 in float32"),
    ("Scale.factor", layer("Scale", factor=1), NOTED, "1 leaves its input as it is"),
    ("LeakyReLU.negative_slope", layer("LeakyReLU", negative_slope=1), NOTED, "leaves its input as it is"),
    ("LeakyReLU.negative_slope", layer("LeakyReLU", negative_slope=1e9), NOTED, "makes negative values larger"),
    ("PReLU.initial_slope", layer("PReLU", initial_slope=-1e9), NOTED, "makes negative values larger than any other"),
    ("PReLU.trainable", layer("PReLU", trainable={"slopes": {"until_epoch": 99}}), NOTED, "are never frozen"),
    ("ELU.alpha", layer("ELU", alpha=1e9), NOTED, "makes negative values larger than any other"),
    (
        "Softmax",
        ("layers.out.units=1", "data.dataset=npz", "data.path=a.npz"),
        REFUSED,
        "the softmax of a single value is always 1",
    ),
    # loss
    ("CrossEntropy.class_weights", f"loss.class_weights={[0] * 10}", REFUSED, "all weights are 0"),
    ("CrossEntropy.class_weights", "loss.class_weights=[1, 2]", REFUSED, "has 2 weights, but there are 10 classes"),
    (
        "BinaryCrossEntropy.class_weights",
        (
            'loss={"type": "BinaryCrossEntropy", "class_weights": [0, 0]}',
            'layers.softmax={"type": "Sigmoid"}',
            "layers.out.units=2",
            *PICTURES,
        ),
        REFUSED,
        "all weights are 0",
    ),
    ("CrossEntropy.label_smoothing", "loss.label_smoothing=0.9", NOTED, "takes more of each target than it leaves"),
    ("CrossEntropy.label_smoothing", "loss.label_smoothing=0.999999999", REFUSED, "is 1 in float32"),
    # optimizers
    *(
        (f"{type_}.learning_rate", optimizer(type_, learning_rate=1e-30), NOTED, "changes no weight")
        for type_ in ("SGD", "SGDMomentum", "Adam", "AdamW", "Lion", "RMSprop")
    ),
    *(
        (f"{type_}.learning_rate", optimizer(type_, learning_rate=10), NOTED, "10 moves each weight by about as much")
        for type_ in ("Adam", "AdamW", "Lion", "RMSprop")
    ),
    *(
        (f"{type_}.weight_decay", optimizer(type_, learning_rate=1, weight_decay=50), NOTED, "takes away 50 times")
        for type_ in ("SGD", "SGDMomentum", "AdamW", "Lion")
    ),
    *(
        (f"{type_}.weight_decay", optimizer(type_, weight_decay=1e9), NOTED, "pulls weights to 0")
        for type_ in ("Adam", "RMSprop")
    ),
    *(
        (f"{type_}.decay_biases", optimizer(type_, weight_decay=0, decay_biases=True), NOTED, "no bias decays, because")
        for type_ in ("SGD", "SGDMomentum", "Adam", "AdamW", "Lion", "RMSprop")
    ),
    *(
        (f"{type_}.epsilon", optimizer(type_, epsilon=1e30), NOTED, "outweighs the gradients")
        for type_ in ("Adam", "AdamW", "RMSprop")
    ),
    *(
        (f"{type_}.epsilon", optimizer(type_, epsilon=1e-46), REFUSED, "1e-46 is 0 in float32")
        for type_ in ("Adam", "AdamW", "RMSprop")
    ),
    *(
        (f"{type_}.beta_1", optimizer(type_, beta_1=0.999, beta_2=0.9), NOTED, "were they exchanged?")
        for type_ in ("Adam", "AdamW")
    ),
    *(
        (f"{type_}.beta_1", optimizer(type_, beta_1=0.99999, beta_2=0.99999), NOTED, "more than 10,000 steps")
        for type_ in ("Adam", "AdamW", "Lion")
    ),
    *(
        (f"{type_}.beta_2", optimizer(type_, beta_2=0.9999999), NOTED, "more than a million steps")
        for type_ in ("Adam", "AdamW", "Lion")
    ),
    *(
        (f"{type_}.clip_norm", f"optimizer.clip_norm={value}", NOTED, words)
        for type_, value, words in (
            ("SGDMomentum", 1e-30, "leaves of every gradient next to nothing"),
            ("SGDMomentum", 1e-9, "leaves of every gradient next to nothing"),
            ("SGDMomentum", 1e30, "never clips a gradient"),
        )
    ),
    ("SGDMomentum.clip_norm", "optimizer.clip_norm=1e-300", REFUSED, "1e-300 is 0 in float32"),
    ("SGDMomentum.momentum", "optimizer.momentum=0.99999", NOTED, "keeps steps for over 10,000 further ones"),
    ("SGDMomentum.nesterov", ("optimizer.nesterov=true", "optimizer.momentum=0"), NOTED, "the momentum, which is 0"),
    ("RMSprop.rho", optimizer("RMSprop", rho=0.99999), NOTED, "averages squares over more than 10,000 steps"),
    (
        "Muon.learning_rate",
        muon(learning_rate=1e-30),
        NOTED,
        "changes no weight",
    ),
    ("Muon.momentum", muon(momentum=0.99999), NOTED, "over 10,000"),
    ("Muon.steps", muon(steps=1000), NOTED, "no step nearer to"),
    ("Muon.clip_norm", group("[co]*/weights", optimizer={"type": "Muon", "clip_norm": 1}), REFUSED, "applies to the"),
    # groups
    ("group.match", group(), NOTED, "its parameters are trained as without it"),
    ("group.learning_rate_scale", group(learning_rate_scale=1e-30), NOTED, '"trainable": false in the layer says so'),
    (
        "group.learning_rate_scale",
        (group(learning_rate_scale=1e-10), "optimizer.learning_rate=1e-10"),
        NOTED,
        "a learning rate of 1e-20 changes no weight",
    ),
    ("group.learning_rate_scale", group(learning_rate_scale=1e30), NOTED, "makes the first step a leap"),
    ("group.weight_decay_scale", group(weight_decay_scale=1e6), NOTED, "each step takes away 50 times the weights"),
    (
        "group.learning_rate_scale",
        group(match="*/weights", learning_rate_scale=1e6),
        NOTED,
        "each step takes away 50 times the weights",
    ),
    (
        "SGDMomentum.weight_decay",
        group(match="conv/*", optimizer={"type": "SGDMomentum", "learning_rate": 10, "weight_decay": 10}),
        NOTED,
        "each step takes away 100 times the weights",
    ),
    (
        "SGDMomentum",
        group(match="*", optimizer={"type": "Adam"}),
        NOTED,
        "SGDMomentum trains nothing, because each parameter is in a group with an optimizer of its own",
    ),
    (
        "group.weight_decay_scale",
        (group(weight_decay_scale=2), "optimizer.weight_decay=0"),
        REFUSED,
        "no weight decay to scale",
    ),
    # schedules
    *(
        (f"{type_}.warmup_epochs", schedule(type_, warmup_epochs=12, **more), NOTED, "do not end before the run")
        for type_, more in (("constant", {}), ("step", {"every": 5}), ("cosine", {}), ("reduce_on_plateau", {}))
    ),
    ("one_cycle.warmup_epochs", schedule("one_cycle", warmup_epochs=99.5), NOTED, "99.5 epochs of warm-up do not end"),
    ("one_cycle.peak", schedule("one_cycle", peak=0.5, warmup_epochs=2), NOTED, "has no effect beside warmup_epochs"),
    ("one_cycle.start_scale", schedule("one_cycle", start_scale=1, final_scale=1), NOTED, "stays as it is"),
    ("one_cycle.final_scale", schedule("one_cycle", final_scale=1.5), REFUSED, "must be at most 1"),
    ("step.every", schedule("step", every=12), NOTED, "the learning rate never changes, because the run has 12 epochs"),
    ("step.factor", schedule("step", every=2, factor=1), NOTED, "leaves the learning rate as it is"),
    ("step.factor", schedule("step", every=2, factor=10), NOTED, "makes the learning rate grow"),
    ("step.factor", schedule("step", every=2, factor=1e-20), NOTED, "ends training at the first change"),
    ("cosine.final_scale", schedule("cosine", final_scale=1), NOTED, "leaves the learning rate as it is"),
    ("reduce_on_plateau.factor", schedule("reduce_on_plateau", factor=0.999), NOTED, "by less than 1 %"),
    (
        "reduce_on_plateau.factor",
        schedule("reduce_on_plateau", factor=1e-20, min_scale=0),
        NOTED,
        "1e-20 ends training at the first change",
    ),
    (
        "reduce_on_plateau.factor",
        schedule("reduce_on_plateau", factor=1e-20),
        NOTED,
        "0.001 is more than factor, 1e-20, so that the learning rate falls once, to this, and factor has no effect",
    ),
    ("reduce_on_plateau.patience", schedule("reduce_on_plateau", patience=0), NOTED, "0 does as 1 does; write 1"),
    ("reduce_on_plateau.patience", schedule("reduce_on_plateau", patience=11), NOTED, "has 12 losses to watch"),
    (
        "reduce_on_plateau.patience",
        (schedule("reduce_on_plateau", patience=3), "evaluation.every=4"),
        NOTED,
        "has 3 losses to watch",
    ),
    ("reduce_on_plateau.min_scale", schedule("reduce_on_plateau", min_scale=0.999), NOTED, "leaves the learning rate"),
    ("reduce_on_plateau.min_scale", schedule("reduce_on_plateau", min_scale=1), NOTED, "leaves the learning rate as"),
    ("piecewise_linear.points", schedule("piecewise_linear", points=[[0, 2], [1, 2]]), NOTED, "is 2 throughout"),
    ("piecewise_linear.points", schedule("piecewise_linear", points=[[0, 1e30], [1, 0]]), NOTED, "is a leap"),
    ("piecewise_linear.points", schedule("piecewise_linear", points=[[0, 0], [1, 1e-9]]), NOTED, "is the most; usual"),
    ("piecewise_linear.points", schedule("piecewise_linear", points=[[0, 1], [1e-9, 0]]), NOTED, "is 0 in 100% of the"),
    ("piecewise_linear.points", schedule("piecewise_linear", points=[[0, 1], [0.1, 0], [1, 0]]), NOTED, "is 0 in 90%"),
    ("piecewise_linear.points", schedule("piecewise_linear", points=[[0, 0], [1, 0]]), REFUSED, "from the first point"),
    # data
    ("data.validation_split", "data.validation_split=0.9", NOTED, "holds out more than it leaves to train on"),
    (
        "data.test_split",
        ("data.dataset=npz", "data.path=own.npz", "data.test_split=0.9"),
        NOTED,
        "holds out more than it leaves to train on; usual is 0.2",
    ),
    ("data.test_split", (*PICTURES, "data.size=8", "data.test_split=0.9"), NOTED, "holds out more than it leaves"),
    ("data.size", (*PICTURES, "data.size=7"), REFUSED, "[1, 8, 8] is not the shape of the pictures, by data.size"),
    ("RandomFlip", augment("RandomFlip"), NOTED, "RandomFlip mirrors images"),
    ("RandomTranslate.pixels", augment("RandomTranslate", pixels=7), NOTED, "it moves away most of an image of 1×8×8"),
    ("RandomTranslate.pixels", augment("RandomTranslate", pixels=8), REFUSED, "too small to be shifted by 8 pixels"),
    ("RandomAffine.degrees", augment("RandomAffine", degrees=180), NOTED, "turned by 180 degrees does not show"),
    ("RandomAffine.degrees", augment("RandomAffine", degrees=0, scale=0), NOTED, "so that it changes nothing"),
    ("RandomAffine.scale", augment("RandomAffine", scale=0.99), NOTED, "shrinks some images to a few pixels"),
    ("RandomAffine.scale", augment("RandomAffine", scale=0.99999999), REFUSED, "is 1 in float32"),
    ("RandomAffine.shear", augment("RandomAffine", shear=60), NOTED, "turns images into stripes"),
    ("Cutout.size", augment("Cutout"), NOTED, "8 pixels: it covers most of an image of 1×8×8; write at most 6"),
    ("Cutout.size", augment("Cutout", size=9), REFUSED, "larger than the images"),
    # training
    ("training.epochs", "training.epochs=1e-9", NOTED, "is one step for all but the largest data"),
    ("training.epochs", "training.epochs=1e30", NOTED, "is more than anyone can wait for"),
    ("training.epochs", "training.epochs=1e-300", REFUSED, "1e-300 is 0 in float32"),
    ("early_stopping.patience", stopping(patience=11), NOTED, "cannot end early, because it has 12 figures to watch"),
    ("early_stopping.patience", stopping(patience=5, start_from_epoch=7), NOTED, "it has 5 figures to watch"),
    ("early_stopping.start_from_epoch", stopping(start_from_epoch=12), NOTED, "no epoch is watched, because"),
    ("early_stopping.min_delta", stopping(min_delta=1e9), NOTED, "no gain in validation_loss below 1e+09 counts"),
    (
        "early_stopping.min_delta",
        stopping(monitor="validation_accuracy", min_delta=1),
        REFUSED,
        "validation_accuracy is at most 1, so it never gains 1",
    ),
    ("exponential.decay", averaging("exponential", decay=0), NOTED, "makes the average the last weights"),
    ("exponential.decay", averaging("exponential", decay=0.99999999), REFUSED, "is 1 in float32"),
    ("lookahead.decay", averaging("lookahead", decay=0), NOTED, "resets weights to themselves"),
    ("lookahead.decay", averaging("lookahead", decay=1), NOTED, "undoes the last steps of the run altogether"),
    # evaluation
    ("evaluation.every", "evaluation.every=12", NOTED, "only the last epoch is validated, because the run has 12"),
    (
        "evaluation.every",
        ("evaluation.every=99", "training.keep_best=validation_loss"),
        NOTED,
        "keep_best then has no choice",
    ),
    ("evaluation.every", ("evaluation.every=2", "data.validation_split=0"), NOTED, "nothing is validated, because"),
    ("evaluation.test_time_augmentation", "evaluation.test_time_augmentation=flip", NOTED, '"flip" mirrors images'),
    (
        "evaluation.test_time_augmentation",
        ("evaluation.test_time_augmentation=flip_translate", "input.shape=[64]", "layers[0]=null", "layers[0]=null",
         "layers[0]=null", "layers[0]=null", "layers[0]=null"),
        NOTED,
        '"flip_translate" mirrors images',
    ),
]  # fmt: skip
# Keys with numbers or with true and false, every value of which that the schema allows has a use.
MEANINGFUL = {
    "Repeat.times": "how many layers there are",
    "input.shape": "compared with the data",
    "training.batch_size": "compared with the data: tests/runs/test_data_notes.py",
    "training.drop_last": "a choice, refused where it leaves nothing: tests/training",
    "data.seed": "any seed is one",
    "data.target": "compared with the columns: tests/datasets/test_csv.py",
    "data.ignore": "compared with the columns: tests/datasets/test_csv.py",
    "data.categories": "compared with the columns: tests/datasets/test_csv.py",
    "data.header": "compared with the first line: tests/datasets/test_csv.py",
    "training.seed": "any seed is one",
    "exponential.every": "refused where the run has fewer steps: tests/averaging",
    "lookahead.every": "refused where the run has fewer steps: tests/averaging",
    "BatchNormalization.scale": "a choice",
    "BatchNormalization.center": "a choice",
    "BatchNormalization.trainable": "a choice; until_epoch is that of Dense",
    "LayerNormalization.scale": "a choice",
    "LayerNormalization.center": "a choice",
    "LayerNormalization.trainable": "a choice; until_epoch is that of Dense",
    "Muon.nesterov": "a choice, on by default",
}
