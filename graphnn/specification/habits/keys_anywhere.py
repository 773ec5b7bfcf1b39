"""Sentences about keys that people write in several sections, and the table of keys that they write anywhere."""

from graphnn.specification.habits.sentences import Table, same

SCHEDULE = (
    "<off>leave it out",
    'write "schedule": <schedule> in the optimizer',
    'write "schedule": {"type": "cosine"} in the optimizer, or another type',
)
STEPPED = (
    "<off>leave it out",
    "<policy>leave it out: it is a setting of the schedule",
    'write "schedule": <stepped> in the optimizer, "every" in epochs',
    'write "schedule": {"type": "step", "every": 10, "factor": 0.1} in the optimizer, "every" in epochs',
)
WARMUP = (
    "<off>leave it out",
    'write "schedule": {"type": "cosine", "warmup_epochs": 1} in the optimizer, or "warmup_epochs" in that of yours',
)
CLIPPING = (
    "<off>leave it out",
    '<number>write "clip_norm": <value> in the optimizer',
    'write "clip_norm": 1.0 in the optimizer',
)
RATE = ('<number>write "learning_rate": <value> in the optimizer', 'write "learning_rate": … in the optimizer')
PLATEAU = (
    "<off>leave it out",
    '<number>write "early_stopping": {"patience": <value>} in training',
    'write "early_stopping": {"patience": 5} in training',
)
MONITOR = (
    'write "early_stopping": {"monitor": <monitor>} in training',
    'write "early_stopping": {"monitor": "validation_loss"} in training',
)
BEST = (
    "<off>leave it out",
    'write "keep_best": <figure> in training, or another figure',
    'write "keep_best": "validation_loss" in training, or another figure',
)
AVERAGING = (
    "<off>leave it out",
    '<fraction>write "averaging": {"type": "exponential", "decay": <value>} in training',
    'write "averaging": {"type": "exponential"} in training',
)
EPOCHS = ('<count>write "epochs": <value> in training', 'write "epochs": … in training')
STEPS = (
    'training is counted in epochs: write "epochs": <epochs> in training',
    'training is counted in epochs, each once through the data: write "epochs": 10 in training',
)
BATCH = (
    '<count>write "batch_size": <value> in training',
    'write "batch_size": … in training',
)
HELD_OUT = (
    "<off>leave it out",
    'write "validation_split": <fraction_of> in data',
    'write "validation_split": 0.1 in data, the fraction of the training part that is held out',
)
CLASS_WEIGHTS = (
    "leave it out: <others_with_class_weights> have weights of classes, this loss has none",
    'write "class_weights": <class_weights> in loss',
    'write "class_weights": "balanced" in loss, or a list with a weight for each class',
)
SAMPLE_WEIGHTS = 'leave it out: samples have no weights of their own, "class_weights" in loss are those of classes'
START = (
    "leave it out: to start from trained weights, give --init-from <value> to train",
    "leave it out: to start from trained weights, give --init-from FILE to train",
)
CORES = "leave it out: there is no GPU here, training runs on all cores (--threads N for fewer)"
FLOAT32 = "leave it out: all numbers are float32"
WORKERS = "leave it out: all cores are used (--threads N for fewer)"
ALWAYS_METRICS = (
    "leave it out: accuracy, F1 and ROC AUC (of numbers, mean absolute error and R²) are reported wherever they fit"
)
CALLBACKS = (
    "write <callbacks>",
    'leave it out: "early_stopping" and "keep_best" in training, "schedule" in the optimizer, and --tensorboard do '
    "what callbacks do",
)
SHUFFLED = "leave it out: the training samples are shuffled in every epoch"
QUIET = "leave it out: train shows its progress, with --quiet only the final figures"
KEPT = "leave it out: every training is kept in NAME.runs, and --resume goes on with one"
KEYS_ANYWHERE: Table = {
    **same(CLASS_WEIGHTS, "class_weight pos_weight weighted"),
    **same(SAMPLE_WEIGHTS, "sample_weight sample_weights"),
    **same(
        CORES,
        "device devices gpu gpus gpu_id gpu_ids cuda use_gpu use_cuda no_cuda accelerator solver_mode device_id ngpu",
    ),
    **same(FLOAT32, "dtype precision mixed_precision amp fp16 bf16 half"),
    **same(WORKERS, "num_workers workers n_jobs num_threads threads pin_memory use_multiprocessing persistent_workers"),
    **same(WORKERS, "strategy distributed jit_compile torch_compile"),
    **same(ALWAYS_METRICS, "metrics metric eval_metric eval_metrics report_metrics weighted_metrics"),
    **same(CALLBACKS, "callbacks callback hooks"),
    **same(QUIET, "verbose verbosity progress_bar progressbar display log_interval log_every print_every debug"),
    **same(
        "leave it out: --tensorboard FOLDER of train writes logs for TensorBoard",
        "tensorboard log_dir logdir logger logging logs log wandb mlflow",
    ),
    **same(SHUFFLED, "shuffle shuffle_data reshuffle"),
    **same(
        KEPT,
        "save_path save_dir checkpoint_dir checkpoint_path ckpt_dir snapshot snapshot_prefix snapshot_dir save_every",
    ),
    **same(KEPT, "save_freq output_dir output_directory run_name experiment experiment_name resume resume_from"),
    **same(
        START,
        "pretrained pretrained_weights init_from init_weights load_weights load_from weights_path "
        "checkpoint init_checkpoint",
    ),
    **same(("leave it out: to start from trained weights, give --init-from FILE to train"), "weights"),
    **same(
        'leave it out: a document has only the version of its format, "format_version": 1',
        "keras_version backend version framework",
    ),
    **same(
        ('write "trainable": false in the layers that stay as they are',),
        "freeze_layers frozen_layers freeze_backbone freeze_base",
    ),
}
