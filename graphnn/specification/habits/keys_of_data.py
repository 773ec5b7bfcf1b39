"""Keys that other libraries have in data, inputs and losses, and what to write instead."""

from graphnn.specification.habits.keys_anywhere import BATCH, CLASS_WEIGHTS, HELD_OUT
from graphnn.specification.habits.sentences import Table, same

NORMALIZE = 'write "normalize": "per_channel" in data, which computes the constants from the training part'
PATH = (
    'leave it out: --data-dir says where known data sets are kept; data of your own are "dataset": '
    '"npz", "images" or "csv"'
)
AUGMENT = (
    "<off>leave it out",
    'write "augment": <augment>',
    'write "augment": [{"type": "RandomFlip"}], or others; "normalize" scales the inputs',
)
DATA: Table = {
    **same(
        HELD_OUT,
        "val_split validation_size val_size valid_size validation_fraction validation_data val_data valid_split",
    ),
    **same(
        HELD_OUT, "validation validation_percentage holdout val_fraction val_ratio validation_ratio dev_split split val"
    ),
    **same(
        ('write "test_split": <rest_of>', 'write "test_split": 0.2, the fraction that is held out'),
        "train_split train_size train_fraction train_ratio split_ratio",
    ),
    **same(('<fraction>write "test_split": <value>', 'write "test_split": 0.2'), "test_size test_fraction test_ratio"),
    **same(
        'leave it out: the last batch of an epoch may be smaller; "drop_last": true in training leaves it out',
        "drop_remainder",
    ),
    **same(
        "leave it out: the data have a training part and a test part, and both are used",
        "train is_train training partition subset",
    ),
    **same(
        ("<off>leave it out", "leave it out: data sets are downloaded when they are first used"),
        "download as_supervised with_info",
    ),
    **same(
        "leave it out: samples are read as they are needed", "prefetch buffer_size cache shuffle_buffer_size in_memory"
    ),
    **same(BATCH, "batch_size batch bs"),
    **same(
        AUGMENT,
        "transform transforms augmentation augmentations data_augmentation augmenter horizontal_flip random_flip flip",
    ),
    **same(
        AUGMENT,
        "rotation_range rotation zoom_range zoom shear_range width_shift_range height_shift_range random_crop cutout",
    ),
    **same(AUGMENT, "hflip mirror fliplr degrees translate"),
    **same(('write "normalize": "unit"',), "rescale scale_factor divide_by max_value featurewise_scale"),
    **same(
        (NORMALIZE.replace(" in data", ""),),
        "mean std mean_file mean_value samplewise_center featurewise_center featurewise_std_normalization",
    ),
    **same(
        ('<off>write "normalize": "none"', 'write "normalize": "auto"'),
        "normalization normalisation standardize scaling scale scaler preprocessing preprocess whiten "
        "standardise normalise",
    ),
    **same(
        'leave it out: the classes follow from the data, and "units" of the last Dense is their number',
        "num_classes n_classes classes class_names labels_mode label_mode class_mode one_hot "
        "to_categorical num_labels class_num sparse",
    ),
    **same(
        (
            'write "input": {"shape": <shape>} at the top of the document',
            'write "input": {"shape": […]} at the top of the document',
        ),
        "input_shape image_shape shape sample_shape input_size",
    ),
    **same("leave it out: the parts are drawn class by class", "stratify stratified"),
    **same("leave it out: images are [channels, height, width] everywhere", "data_format channels_last"),
    **same('leave it out: give "path" in npz, images or csv the place of your data', "url source_url"),
}

DATASETS: dict[str, Table] = {
    "known by name": {
        **same(PATH, "path root data_dir data_path dir folder directory file filename file_path data_root location"),
        **same(
            "leave it out: this data set has a test part of its own",
            "test_split test_size test_fraction train_split train_size test_path",
        ),
        **same(
            'leave it out: the images have one size; of your own folder, "dataset": "images" has it',
            "size image_size target_size img_size resize color color_mode",
        ),
        **same(
            "leave it out: the labels come with the data set",
            "target label label_column labels y x features target_column",
        ),
    },
}

AUGMENTATION: Table = {
    **same("leave it out: how often an image changes is not chosen here", "p prob probability rate"),
    **same(
        ("leave it out: each image is changed by a random amount",), "seed random_state interpolation fill fill_mode"
    ),
}

AUGMENTATIONS: dict[str, Table] = {
    "RandomFlip": {**same("leave it out: images are mirrored left to right", "horizontal vertical direction axis")},
    "RandomAffine": {
        **same('write {"type": "RandomTranslate", "pixels": 2} as well', "translate shift"),
    },
    "Cutout": {**same("leave it out: one square is covered", "n_holes holes")},
}

INPUT: Table = {
    **same(
        ('write "shape": <shape>', 'write "shape": [channels, height, width], or [features]'),
        "size input_shape batch_shape batch_input_shape dim dims dimension dimensions input_dim units "
        "features in_features image_size n_features num_features sizes input_size",
    ),
    **same(
        ("write <sizes>", 'write "shape": [channels, height, width]'),
        "channels height width depth rows cols columns num_channels in_channels h w c",
    ),
    **same(
        'leave it out: a shape is without the batch axis, and training has "batch_size"',
        "batch_size batch sparse ragged optional",
    ),
    **same("leave it out: the input has no name", "name type"),
    **same(
        "leave it out: images are [channels, height, width] everywhere", "data_format dim_ordering channels_last layout"
    ),
    **same('write "normalize": "auto" in data', "normalization normalize preprocessing rescale mean std"),
}

LOSS: Table = {
    **same(
        (
            "<off>leave it out",
            "leave it out: the loss reads probabilities, so that the last layer is Softmax (Sigmoid for yes or no)",
        ),
        "from_logits logits with_logits",
    ),
    **same("leave it out: the loss is the mean over the batch", "reduction reduce size_average normalize"),
    **same(CLASS_WEIGHTS, "weight weights class_weight alpha"),
    **same("leave it out: the classes follow from the data", "num_classes n_classes axis dim labels sparse one_hot"),
    **same("leave it out: every sample counts", "ignore_index mask_zero"),
    **same(
        ("<off>leave it out", 'write "label_smoothing": <value>', 'write "label_smoothing": 0.1'),
        "smoothing label_smooth",
    ),
    **same("leave it out: a loss has no name", "name fn"),
    **same(
        "write its settings in the loss itself, without this object around them", "config kwargs options args params"
    ),
}
