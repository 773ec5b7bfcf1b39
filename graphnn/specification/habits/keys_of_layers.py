"""Keys that other libraries have in layers, and what to write instead.

Each kind of object has a table from keys, `folded`, to a sentence, or to several of which the first that fits the value
is shown; the last one fits any. A word in angle brackets stands for what `blanks.py` makes of the value, or asks of it.
"""

from graphnn.specification.habits.sentences import Table, same

INPUT = (
    "<first>leave it out, and write <input> at the top of the document",
    '<agrees>leave it out: "input" says it already',
    "<later>leave it out: it follows from the layer before",
    'leave it out: "input": {"shape": […]} at the top of the document says it, and the layers follow from it',
)
DECAY = (
    "<off>leave it out",
    'write "weight_decay": <twice> in the optimizer, which is twice the factor of this penalty',
    'write "weight_decay": … in the optimizer; its "groups" can differ',
)
CONSTRAINT = (
    "<off>leave it out",
    'leave it out: weights are not constrained here, "weight_decay" in the optimizer keeps them small',
)
FIRST_BIASES = ("<off>leave it out", "leave it out: biases and beta start at 0, gamma at 1")
FOLLOWS = "leave it out: it follows from the layer before"
ORDER = "leave it out: each layer reads the one before it in the list"
ALL_DRAWS = 'leave it out: "seed" in training is that of all random draws'
SETTINGS = (
    "write its settings in the layer itself: <settings>",
    "write its settings in the layer itself, without this object around them",
)
CHANNELS_FIRST = "leave it out: images are [channels, height, width] everywhere"
REPEATED = (
    "<one>leave it out",
    '<count>write {"type": "Repeat", "times": <value>, "layers": [<rest>]} in place of this layer',
    'write the layer in the "layers" of a {"type": "Repeat", "times": …, "layers": […]}',
)
NORMALISED = '<on>write {"type": "BatchNormalization"} after this layer instead'

LAYER: Table = {
    **same(
        (
            "<off>leave it out: without a layer for it, there is no activation",
            "write <activation> after this layer instead<nearest>",
            'write the activation as a layer of its own after this one, for example {"type": "ReLU"}',
        ),
        "activation activation_fn activation_function act act_fn act_func act_layer nonlinearity transfer",
    ),
    **same(INPUT, "input_shape batch_input_shape batch_shape input_dim in_features in_channels in_planes input_size"),
    **same(INPUT, "input_channels num_input n_inputs in_dim num_channels in_chans channels_in"),
    **same(DECAY, "kernel_regularizer weight_regularizer weights_regularizer w_regularizer regularizer l2 l2_reg"),
    **same(DECAY, "kernel_l2 regularization"),
    **same(CONSTRAINT, "bias_regularizer activity_regularizer beta_regularizer gamma_regularizer l1 l1_regularizer"),
    **same(CONSTRAINT, "kernel_constraint bias_constraint beta_constraint gamma_constraint alpha_constraint"),
    **same(CONSTRAINT, "alpha_regularizer weight_constraint"),
    **same(
        ("<off>leave it out", 'write "initializer": <initializer>', 'write "initializer": "he_normal", or another'),
        "kernel_initializer weight_initializer weights_initializer weight_filler weight_init init w_init kernel_init",
    ),
    **same(FIRST_BIASES, "bias_initializer bias_filler bias_init beta_initializer gamma_initializer"),
    **same(FIRST_BIASES, "moving_mean_initializer moving_variance_initializer b_init"),
    **same(
        ('<fraction>write {"type": "Dropout", "rate": <value>} after this layer instead', "leave it out"),
        "dropout dropout_rate dropout_p",
    ),
    **same(REPEATED, "repeat repeats repetitions repeated times num_repeats n_repeats num_layers n_layers"),
    **same(
        (NORMALISED, "<off>leave it out", "leave it out"),
        "batch_norm batch_normalize use_bn bn use_batch_norm batch_normalization",
    ),
    **same((NORMALISED, "leave it out"), "norm normalization normalizer_fn"),
    **same(CHANNELS_FIRST, "data_format dim_ordering channels_last channels_first image_data_format"),
    **same(ORDER, "bottom top inputs inbound_nodes from parents prev previous next outputs output connections"),
    **same(SETTINGS, "config params parameters args arguments kwargs options settings hyperparameters attributes"),
    **same(SETTINGS, "convolution_param inner_product_param pooling_param dropout_param relu_param batch_norm_param"),
    **same(SETTINGS, "elu_param prelu_param scale_param conv_param"),
    **same(
        'leave it out: "groups" in the optimizer give layers other learning rates, for example '
        '{"match": "*/biases", "learning_rate_scale": 2}',
        "param lr_mult decay_mult learning_rate_multiplier lr_scale blobs_lr",
    ),
    **same(
        "leave it out: a layer is in training and in inference as it must be",
        "phase include exclude training train_mode",
    ),
    **same("leave it out: memory is reused without being asked", "inplace in_place"),
    **same(ALL_DRAWS, "seed random_seed random_state"),
    **same("leave it out: outputs keep their axes, and the batch axis is not counted", "keepdims keepdim"),
    **same(
        ('<off>write "trainable": true', '<on>write "trainable": false', 'write "trainable": false'),
        "frozen freeze fixed stop_gradient locked",
    ),
    **same(
        ('<off>write "trainable": false', "leave it out: layers are trained"), "requires_grad learnable propagate_down"
    ),
    "buildconfig": 'leave it out: shapes follow from "input"',
    "module": "leave it out",
    "registeredname": "leave it out",
    "alphainitializer": ("<off>leave it out", 'write "initial_slope": 0.25'),
}

WINDOW = (
    "<off>leave it out",
    "leave it out: pooling adds no padding here, and leaves out rows and columns at the end that fill no window",
)

LAYERS: dict[str, Table] = {
    "with biases": {
        **same(
            ('<on>write "use_bias": false', "<off>leave it out", 'write "use_bias": false'),
            "no_bias without_bias disable_bias nobias",
        ),
    },
    "Dense": {
        **same(
            'leave it out: a Dense layer has no window; its number of outputs is "units"',
            "kernel_size strides padding stride pool_size",
        ),
    },
    "Conv2D": {
        **same(
            (
                "<one>leave it out: it is always 1",
                'leave it out: convolutions have no dilation here, a larger "kernel_size" or "strides" of 2 sees '
                "as far",
            ),
            "dilation dilation_rate dilations",
        ),
        **same(
            (
                "<one>leave it out: it is always 1",
                "leave it out: convolutions have no groups here, each filter reads all channels",
            ),
            "groups group num_group depth_multiplier",
        ),
        **same("leave it out: images are padded with zeros", "padding_mode pad_mode"),
        **same(
            (
                "<off>leave it out",
                '<count>write {"type": "MaxPooling2D", "pool_size": <value>} after this layer instead',
                'write {"type": "MaxPooling2D", "pool_size": 2} after this layer instead',
            ),
            "pool_size pool",
        ),
        "transposed": ("<off>leave it out", "leave it out: images cannot be made larger here"),
        "outputpadding": ("<off>leave it out", "leave it out: images cannot be made larger here"),
    },
    "pooling": {
        **same(WINDOW, "padding pad pads border_mode ceil_mode count_include_pad round_mode"),
        **same("leave it out: the indices are not needed", "return_indices dilation"),
        "pool": ('write "type": <pooling>', 'leave it out: "type" says which pooling it is'),
        "globalpooling": ('<on>write {"type": "GlobalAveragePooling"} instead', "leave it out"),
    },
    "GlobalAveragePooling": {
        **same(
            "leave it out: one mean is taken of each channel", "output_size pool_size kernel_size stride strides pool"
        ),
    },
    "Flatten": {**same("leave it out: all axes become one", "start_dim end_dim axis start_axis")},
    "BatchNormalization": {
        **same(FOLLOWS, "num_features n_features features channels size normalized_shape units filters"),
        **same("leave it out: each channel is normalised", "axis"),
        **same(
            (
                "<on>leave it out: gamma and beta are learnt by default",
                '<off>write "scale": false, "center": false',
                "leave it out",
            ),
            "affine",
        ),
        **same(
            (
                "<on>leave it out: running statistics are always kept",
                "leave it out: running statistics are always kept, and used in inference alone",
            ),
            "track_running_stats use_global_stats use_running_average is_training",
        ),
        **same("leave it out: it changes nothing here", "fused renorm virtual_batch_size synchronized"),
    },
    "LayerNormalization": {
        **same(
            "leave it out: all features of a sample are normalised together", "axis normalized_shape num_features dim"
        ),
        **same(
            ("<on>leave it out: gamma and beta are learnt by default", 'write "scale": false, "center": false'),
            "elementwise_affine affine rms_scaling",
        ),
    },
    "Dropout": {
        **same(
            ('write "rate": <complement>, which is 1 − keep_prob', 'write "rate": …, which is 1 − keep_prob'),
            "keep_prob keep keep_rate keep_probability",
        ),
        "noiseshape": ("<off>leave it out", "leave it out: each element is drawn by itself"),
    },
    "ReLU": {
        **same(
            ("<off>leave it out", "leave it out: this ReLU has no upper limit, and cuts at 0"),
            "max_value threshold upper limit",
        ),
        **same(
            (
                "<off>leave it out",
                'write {"type": "LeakyReLU", "negative_slope": <value>} instead',
                'write {"type": "LeakyReLU"} instead',
            ),
            "negative_slope alpha leak slope",
        ),
    },
    "PReLU": {
        **same("leave it out: each channel has a slope", "num_parameters shared_axes"),
    },
    "Softmax": {**same("leave it out: the outputs of a sample are its classes", "dim axis num_classes classes")},
    "Residual": {
        **same('write {"type": "ReLU"} after this block', "post_activation"),
    },
    "Repeat": {
        **same("leave it out: the layers inside have it", "trainable frozen freeze initializer use_bias"),
    },
    "without parameters": {
        **same("leave it out: this layer has nothing to train", "trainable frozen freeze"),
        **same("leave it out: this layer has no weights", "use_bias bias initializer weights weight_decay"),
        **same("leave it out: it follows from the layer before", "units filters num_features output_dim input_dim"),
    },
}
