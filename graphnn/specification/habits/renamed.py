"""Keys that are called otherwise in other libraries, by the type or kind of the object that has them."""

from collections.abc import Mapping

from graphnn.text.suggestions import folded


def named(**keys: str) -> dict[str, str]:
    """Return a table from other names, `folded`, to those here; a keyword gives other names, with blanks between."""
    return {folded(other): key for key, others in keys.items() for other in others.split()}


LAYER = named(
    name="label id layer_name title",
    use_bias="bias bias_term with_bias has_bias add_bias biases",
    type="layer_type layer class_name class kind op operation",
)
RENAMED: Mapping[str, Mapping[str, str]] = {
    "layer": LAYER,
    "Dense": named(
        units="num_output output_dim n_units num_units size neurons nodes n_out out_dim hidden_units width features "
        "out_features output_size num_outputs nb_units filters hidden hidden_size out_channels "
        "num_neurons channels dim "
        "n_filters num_filters output",
    ),
    "Conv2D": named(
        filters="num_output output_dim n_filters num_filters nb_filter nb_filters out_channels channels depth features "
        "output_channels units num_channels out_planes out_features channels_out",
        kernel_size="kernel size ksize filter_size filter_shape k kernels kernel_shape window",
        strides="stride subsample step stride_size",
        padding="pad pads border_mode pad_size",
    ),
    "pooling": named(
        pool_size="kernel_size size kernel ksize window pool window_size pooling_size k window_shape",
        strides="stride step subsample",
    ),
    "BatchNormalization": named(
        momentum="decay moving_average_fraction bn_momentum",
        epsilon="eps variance_epsilon",
        scale="gamma use_scale",
        center="beta shift use_bias bias use_beta",
    ),
    "LayerNormalization": named(epsilon="eps", center="bias beta use_bias", scale="gamma weight use_scale"),
    "Dropout": named(
        rate="p prob drop_rate drop_prob dropout_ratio probability ratio dropout dropout_rate drop keep_out"
    ),
    "LeakyReLU": named(negative_slope="alpha slope leak leakiness leakage a"),
    "PReLU": named(initial_slope="init alpha slope negative_slope init_value"),
    "ELU": named(alpha="a slope"),
    "Scale": named(factor="scale value multiplier gamma"),
    "Residual": named(
        layers="block body main residual inner branch sequence modules", shortcut="skip projection downsample identity"
    ),
    "step": named(
        every="step_size stepsize decay_steps drop_every steps period epochs_drop interval",
        factor="gamma decay_rate decay drop multiplier lr_gamma",
    ),
    "reduce_on_plateau": named(factor="gamma decay multiplier", patience="wait"),
    "one_cycle": named(peak="pct_start"),
    "RandomTranslate": named(pixels="size padding_size shift max_shift distance amount"),
    "RandomAffine": named(
        degrees="rotation angle max_angle rotation_range factor degree rotate",
        scale="zoom zoom_range height_factor width_factor",
    ),
    "Cutout": named(size="length mask_size patch_size"),
    "anywhere": named(description="comment comments _comment $comment note notes remark doc docs // # help info"),
    "Repeat": named(times="n count repeats repeat number num repetitions", layers="block body layer sequence modules"),
    "optimizer": named(
        type="name optimizer algorithm class_name method kind solver",
        learning_rate="lr base_lr init_lr initial_lr lr0 eta rate learning_rate_init initial_learning_rate lrate alpha",
        weight_decay="weight_decay_rate l2 l2_reg l2_regularization l2_penalty reg regularization wd decay_weight "
        "regularizer weight_regularization lambda",
        clip_norm="gradient_clip_val gradient_clipping clip_gradients grad_clip max_grad_norm gradient_clip clip "
        "clip_grad clip_grad_norm global_clipnorm grad_clip_norm max_norm gradient_clip_norm clipping",
    ),
    "RMSprop": named(rho="alpha smoothing discounting_factor"),
    "SGDMomentum": named(momentum="beta mu"),
    "loss": named(type="name loss function class_name kind", label_smoothing="smoothing label_smooth"),
    "schedule": named(type="name scheduler policy class_name kind lr_policy"),
    "averaging": named(type="name kind class_name"),
    "augmentation": named(type="name class_name kind"),
    "initializer": named(type="name class_name kind", deviation="std stddev scale", value="constant"),
    "data": named(
        dataset="name type source dataset_name set kind data id",
        path="root data_dir data_path dir folder directory file filename file_path data_root location csv",
        target="label label_column target_column y output response labels targets_column answer class_column",
        ignore="drop drop_columns exclude ignore_columns ignored skip",
        delimiter="sep separator",
        size="image_size target_size img_size resize_to",
        color="color_mode colour",
        categories="categorical categorical_columns",
        test_path="test_data test test_file test_csv",
    ),
    "input": named(shape="size"),
    "training": named(
        epochs="nb_epoch n_epochs num_epochs", early_stopping="earlystop", keep_best="keep", averaging="average"
    ),
    "document": named(
        layers="layer net_layers stack",
        training="train fit trainer train_params training_params trainings",
        data="dataset_ source",
        loss="criterion loss_function objective cost loss_fn losses",
        optimizer="solver optim optimiser",
        evaluation="eval validation_ evaluate testing",
        input="inputs input_layer input_spec",
        name="model_name title id label network_name",
    ),
}


def renamed(key: str, kinds: list[str]) -> str | None:
    """Return the name here of a key of another library, in objects of these kinds; None where there is none."""
    tables = (RENAMED.get(kind, {}) for kind in (*kinds, "anywhere"))
    return next((table[folded(key)] for table in tables if folded(key) in table), None)
