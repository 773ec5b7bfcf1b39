"""Keys of other libraries at the top of a document and in its small sections; all tables outside of layers."""

from graphnn.specification.habits.keys_anywhere import ALWAYS_METRICS, BATCH, EPOCHS
from graphnn.specification.habits.keys_of_data import AUGMENTATION, AUGMENTATIONS, DATA, DATASETS, INPUT, LOSS
from graphnn.specification.habits.keys_of_training import (
    AVERAGING_KEYS,
    EARLY_STOPPING,
    OPTIMIZER,
    OPTIMIZERS,
    SCHEDULE_KEYS,
    SCHEDULES,
    TRAINING,
)
from graphnn.specification.habits.renamed import RENAMED
from graphnn.specification.habits.sentences import Table, same

INITIALIZER_KEYS: Table = {
    **same('leave it out: "seed" in training is that of all random draws', "seed random_state rng"),
    **same("leave it out: the distribution is in the type", "mode distribution nonlinearity fan variance_norm gain"),
    **same("leave it out: the mean is 0", "mean"),
    **same("write its settings in the initializer itself, without this object around them", "config kwargs params"),
}

EVALUATION: Table = {
    **same(ALWAYS_METRICS, "top_k topk"),
    **same('write "test_time_augmentation": "flip"', "tta flip views"),
    **same("leave it out: evaluation needs no batches that you choose", "batch_size eval_batch_size batch"),
    **same(
        ('<count>write "every": <value>, in epochs', 'write "every": 1, in epochs'),
        "interval frequency freq period every_n_epochs validation_freq",
    ),
}

DOCUMENT: Table = {
    **same(
        'write "layers": […] and the other sections at the top of the document instead',
        "model network net architecture config sequential graph nn compile model_config topology",
    ),
    **same("leave it out: the layers say what the network is", "model_type type kind task"),
    **same('write "normalize" and "augment" in data instead', "preprocessing transform"),
    "classname": 'leave it out: the layers are a list, "layers": […]',
    **same(('write "data": <data>', 'write "data": {"dataset": …}'), "dataset dataset_name data_set"),
    **same(
        ('write "input": {"shape": <shape>}', 'write "input": {"shape": […]}'),
        "input_shape image_shape input_size input_dim batch_input_shape in_features input_dims",
    ),
    **same('write "input": {"shape": […]} and "data": {"dataset": …} instead', "input_features input_param"),
    **same(
        'leave it out: the last layer says what comes out, "loss" what it is compared with',
        "output_features output output_shape outputs num_classes",
    ),
    **same(EPOCHS, "epochs nb_epoch n_epochs num_epochs max_epochs epoch"),
    **same(BATCH, "batch bs train_batch_size batch_size mini_batch_size batchsize"),
    **same(
        ('<count>write "seed": <value> in training', 'write "seed": 0 in training'),
        "seed random_seed random_state rng_seed manual_seed",
    ),
    **same(
        ('write "augment": <augment> in data', 'write "augment": [{"type": "RandomFlip"}] in data'),
        "augment augmentation transforms data_augmentation",
    ),
    **same("leave it out: a document has one network, from its list of layers", "combiner backend_config"),
    **same(
        "leave it out: the document is compiled as it is",
        "compile_config compiled build_input_shape build_config registered_name module",
    ),
    **same(("<off>leave it out", 'write "trainable": false in the layers'), "trainable freeze"),
}

KEYS: dict[str, Table] = {
    "document": {**TRAINING, **DOCUMENT},
    "training": TRAINING,
    "optimizer": {**{key: one for key, one in TRAINING.items() if key not in RENAMED["optimizer"]}, **OPTIMIZER},
    "loss": LOSS,
    "data": {**TRAINING, **DATA},
    "input": INPUT,
    "early_stopping": EARLY_STOPPING,
    "schedule": SCHEDULE_KEYS,
    "augmentation": AUGMENTATION,
    "averaging": AVERAGING_KEYS,
    "initializer": INITIALIZER_KEYS,
    "evaluation": EVALUATION,
    **OPTIMIZERS,
    **SCHEDULES,
    **DATASETS,
    **AUGMENTATIONS,
}
