"""Types that other libraries have and this one lacks, by kind, and what does instead; activations by their names."""

from graphnn.specification.habits.sentences import Table, same

ACTIVATIONS = {  # by names, `folded`: the layer, and whether it is that function
    **dict.fromkeys(("relu", "rectify", "rectifier", "ramp"), ("ReLU", True)),
    **dict.fromkeys(("leakyrelu", "leaky", "lrelu", "leakyrectify"), ("LeakyReLU", True)),
    **dict.fromkeys(("sigmoid", "logistic"), ("Sigmoid", True)),
    **dict.fromkeys(("silu", "swish"), ("SiLU", True)),
    **dict.fromkeys(("relu6", "crelu", "threshold", "hardtanhrelu", "squaredrelu", "rrelu"), ("ReLU", False)),
    **dict.fromkeys(("selu", "celu"), ("ELU", False)),
    **dict.fromkeys(("hardsigmoid", "logsigmoid"), ("Sigmoid", False)),
    **dict.fromkeys(("hardswish", "hardsilu", "mish", "softplus"), ("SiLU", False)),
    **dict.fromkeys(("hardtanh", "softsign", "tanhshrink"), ("Tanh", False)),
    **dict.fromkeys(("logsoftmax", "softmin", "sparsemax"), ("Softmax", False)),
    "tanh": ("Tanh", True),
    "softmax": ("Softmax", True),
    "elu": ("ELU", True),
    "gelu": ("GELU", True),
    "geluapproximate": ("GELU", True),
    "prelu": ("PReLU", True),
}

SEQUENCES = "there are no recurrent layers here; a Dense layer reads a sequence of fixed length as a vector"
LARGER = "images cannot be made larger here; a Dense layer can give all values of a larger image, as in an autoencoder"
JOINED = 'outputs cannot be joined side by side here; a Residual adds them: {"type": "Residual", "layers": […]}'
ADDED = (
    'write the layers between as a block, which adds their input to their output: {"type": "Residual", "layers": […]}'
)
NOTHING = "leave it out: this one does nothing"
LOSS_AS_LAYER = 'write {"type": "Softmax"} here, and "loss": {"type": "CrossEntropy"} at the top of the document'

LAYERS: Table = {
    **same(
        'write Conv2D with "kernel_size": [1, K] instead, and "input": {"shape": [channels, 1, length]}',
        "conv1d convolution1d separableconv1d depthwiseconv1d lazyconv1d",
    ),
    **same(
        'write "pool_size": [1, K] in a MaxPooling2D instead, and "input": {"shape": [channels, 1, length]}',
        "maxpooling1d maxpool1d",
    ),
    **same(
        'write "pool_size": [1, K] in an AveragePooling2D instead, and "input": {"shape": [channels, 1, length]}',
        "averagepooling1d avgpool1d",
    ),
    **same(
        'write {"type": "GlobalAveragePooling"} instead, on an input of [channels, 1, length]',
        "globalaveragepooling1d globalmaxpooling1d adaptiveavgpool1d",
    ),
    **same(
        "there are no layers for volumes here; images have two axes",
        "conv3d convolution3d maxpooling3d maxpool3d averagepooling3d avgpool3d convtranspose3d zeropadding3d",
    ),
    **same(SEQUENCES, "lstm gru rnn simplernn bidirectional timedistributed convlstm2d lstmcell grucell rnncell"),
    **same(
        "there is no Embedding here; a table (csv) turns a column of words into inputs of 0 and 1, which Dense reads",
        "embedding embeddingbag textvectorization stringlookup",
    ),
    **same(
        LARGER, "upsampling2d upsample upsampling unpooling maxunpool2d pixelshuffle conv2dtranspose convtranspose2d"
    ),
    **same(LARGER, "deconvolution deconvolution2d deconv conv2dt transposedconv2d"),
    **same(
        'write "type": "Conv2D" instead: each of its filters reads all channels',
        "depthwiseconv2d separableconv2d depthwiseconvolution separableconvolution2d locallyconnected2d groupedconv2d",
    ),
    **same(
        'write {"type": "GlobalAveragePooling"} instead, which takes the mean; for the maximum, {"type": '
        '"MaxPooling2D", '
        '"pool_size": [height, width]} of the whole image, then {"type": "Flatten"}',
        "globalmaxpooling2d globalmaxpool2d globalmaxpooling adaptivemaxpool2d globalmaxpool",
    ),
    **same(
        (
            'leave it out, and write "padding": <padding> in the convolution after it',
            'leave it out, and write "padding": 1 in the convolution after it',
        ),
        "zeropadding2d zeropad2d constantpad2d reflectionpad2d pad padding",
    ),
    **same(
        'leave it out: set "padding" of the convolutions so that images keep the size that is wanted', "cropping2d crop"
    ),
    **same(
        (
            "leave it out: a linear activation does nothing<linear>",
            "write <activation_layer> instead<nearest_layer>",
            'write the activation itself as a layer, for example {"type": "ReLU"}',
        ),
        "activation act nonlinearity",
    ),
    **same(
        (
            "leave it out, and write <input_layer> at the top of the document",
            'leave it out, and write "input": {"shape": […]} at the top of the document',
        ),
        "input inputlayer placeholder inputspec",
    ),
    **same(ADDED, "add addition sum merge shortcut eltwise skip skipconnection residualadd"),
    **same(JOINED, "concatenate concat route cat multiply average maximum dot"),
    **same(
        'leave it out: Flatten makes a vector, and "input" says the shape of the samples',
        "reshape view permute transpose squeeze unsqueeze repeatvector",
    ),
    **same(
        "a document holds no code; a layer of your own is a plugin: --plugin my_layers.py", "lambda function custom"
    ),
    **same(
        "there is no attention here; Conv2D and Residual are what networks for images are made of",
        "multiheadattention attention transformer transformerencoder transformerencoderlayer "
        "selfattention additiveattention",
    ),
    **same(
        'write {"type": "Dropout", "rate": 0.5} instead, with a rate that fits',
        "gaussiannoise gaussiandropout activitynoise",
    ),
    **same(
        'write {"type": "LayerNormalization"} instead, the nearest here',
        "groupnorm groupnormalization instancenorm instancenorm2d instancenormalization rmsnorm "
        "rmsnormalization unitnormalization",
    ),
    **same(
        'write {"type": "BatchNormalization"} instead, the nearest here',
        "lrn localresponsenorm localresponsenormalization spectralnorm weightnorm syncbatchnorm",
    ),
    **same(
        'leave it out: "normalize" in data says how inputs are scaled, by default to mean 0 and deviation 1',
        "normalization normalize rescaling standardize mean meansubtraction",
    ),
    **same('leave it out, and write "augment": [{"type": "RandomFlip"}] in data', "randomflip randomhorizontalflip"),
    **same(
        'leave it out, and write "augment": [{"type": "RandomAffine"}] in data',
        "randomrotation randomzoom randomaffine",
    ),
    **same(
        'leave it out, and write "augment": [{"type": "RandomTranslate"}] in data',
        "randomtranslation randomcrop randomtranslate",
    ),
    **same('leave it out, and write "augment": [{"type": "Cutout"}] in data', "cutout randomerasing"),
    **same('leave it out: images are brought to "size" in data', "resizing resize centercrop"),
    **same("write its layers in the list itself", "sequential model functional network module modulelist"),
    **same(NOTHING, "identity noop passthrough split silence"),
    **same(LOSS_AS_LAYER, "softmaxwithloss softmaxloss crossentropyloss"),
    **same(
        'write {"type": "Sigmoid"} here, and "loss": {"type": "BinaryCrossEntropy"} at the top of the document',
        "sigmoidcrossentropyloss",
    ),
    **same('leave it out, and write "loss": {"type": "MeanSquaredError"} at the top of the document', "euclideanloss"),
    **same('leave it out: "loss" at the top of the document says what the outputs are compared with', "cost"),
    **same("leave it out: accuracy is always reported", "accuracy metric metrics"),
    **same(
        'leave it out: "data" at the top of the document says what is read',
        "data imagedata hdf5data memorydata dummydata",
    ),
    **same(
        'write {"type": "GlobalAveragePooling"} instead',
        "gap globalavgpool globalavgpool2d adaptiveavgpool globalaverage",
    ),
    **same('write {"type": "ReLU"} instead, the nearest here', "relu6 crelu threshold thresholdedrelu rrelu maxout"),
    **same('write {"type": "ELU"} instead, the nearest here', "selu celu"),
    **same('write {"type": "SiLU"} instead, the nearest here', "mish hardswish softplus hardsilu"),
    **same('write {"type": "Tanh"} instead, the nearest here', "hardtanh softsign"),
    **same('write {"type": "Sigmoid"} instead, the nearest here', "hardsigmoid logsigmoid"),
    **same('write {"type": "Softmax"} instead: CrossEntropy takes the logarithm by itself', "logsoftmax"),
    **same(
        ('write {"type": "Dropout", "rate": <rate_of>} instead', 'write {"type": "Dropout", "rate": 0.5} instead'),
        "dropout1d dropout2d dropout3d spatialdropout1d spatialdropout2d alphadropout featurealphadropout",
    ),
    **same(
        'write {"type": "Residual", "layers": […]} with its layers',
        "basicblock bottleneck resnetblock residualblock resblock identityblock",
    ),
}

LOSSES: Table = {
    **same(
        'write {"type": "MeanSquaredError"} instead, the nearest here',
        "huber huberloss smoothl1 smoothl1loss logcosh mae l1 l1loss meanabsoluteerror poisson msle mape sse "
        "cosinesimilarity euclideanloss",
    ),
    **same(
        'write {"type": "CrossEntropy"} instead, the nearest here',
        "hinge squaredhinge categoricalhinge multimarginloss focal focalloss "
        "categoricalfocalcrossentropy kldivergence kld kldivloss kl",
    ),
    **same(
        'write {"type": "BinaryCrossEntropy"} instead, the nearest here',
        "dice diceloss binaryfocalcrossentropy sigmoidcrossentropy sigmoidcrossentropyloss "
        "softmarginloss hingeembeddingloss logistic logloss",
    ),
    **same(
        'write {"type": "CrossEntropy"} instead',
        "softmax softmaxloss softmaxwithloss softmaxcrossentropy nll negativeloglikelihood sparsecategorical",
    ),
    **same(
        "this one is not here; losses compare outputs with targets, sample by sample",
        "ctc ctcloss triplet tripletmarginloss contrastive cosineembeddingloss",
    ),
}

OPTIMIZERS: Table = {
    **same(
        'write {"type": "Adam"} instead, the nearest here',
        "nadam adamax radam adadelta ftrl adabelief adabound amsgrad lars lamb sparseadam adafactor",
    ),
    **same('write {"type": "RMSprop"} instead, the nearest here', "adagrad rprop"),
    **same('write {"type": "SGDMomentum", "nesterov": true} instead', "nag nesterov nesterovmomentum"),
    **same('write {"type": "SGDMomentum"} instead, the nearest here', "lbfgs asgd averagedsgd shampoo sam"),
    **same('write {"type": "SGDMomentum"} instead', "msgd heavyball"),
}

SCHEDULES: Table = {
    **same(
        (
            'write {"type": "step", "every": 1, "factor": <gamma>} instead',
            'write {"type": "step", "every": 1, "factor": 0.95} instead, with a factor that fits',
        ),
        "exponential exponentiallr exponentialdecay exp",
    ),
    **same(
        'write {"type": "step", "every": 10, "factor": 0.1} instead, "every" in epochs',
        "multistep multisteplr steps piecewiseconstant piecewiseconstantdecay",
    ),
    **same(
        'write {"type": "piecewise_linear", "points": [[0, 1], [1, 0]]} instead',
        "linear linearlr lineardecay poly polynomial polynomialdecay polynomiallr",
    ),
    **same(
        'write {"type": "cosine"} instead',
        "cosinedecay cosineannealing cosineannealingwarmrestarts cosinedecayrestarts cosinelr sgdr halfcosine",
    ),
    **same('write {"type": "one_cycle"} instead', "cyclic cycliclr triangular superconvergence"),
    **same(
        'write {"type": "cosine"} instead, the nearest here',
        "inv inverse inversetimedecay timebased sigmoid noam lambdalr",
    ),
    **same('write {"type": "constant"} instead', "fixed none constantlr"),
    **same('write {"type": "constant", "warmup_epochs": 1} instead', "warmup linearwarmup burnin"),
    **same('write {"type": "reduce_on_plateau"} instead', "plateau onplateau"),
}

AVERAGINGS: Table = {
    **same(
        'write {"type": "exponential"} instead, the nearest here',
        "swa stochasticweightaveraging polyak averagedmodel mean",
    ),
}

AUGMENTATIONS: Table = {
    **same(
        'leave it out: "normalize" in data scales the inputs',
        "normalize totensor rescale rescaling standardize convertimagedtype normalization",
    ),
    **same('leave it out: "size" in data is what images are brought to', "resize randomresizedcrop resizing"),
    **same(
        "leave it out: colours are not changed here, images are flipped, moved, turned and covered",
        "colorjitter randombrightness brightness randomcontrast contrast randomgrayscale hue saturation "
        "gaussianblur randomhue",
    ),
    **same(
        "leave it out: samples are not mixed here, Cutout covers parts of them",
        "mixup cutmix randaugment autoaugment augmix trivialaugmentwide",
    ),
    **same(
        'write {"type": "RandomFlip"} instead, which mirrors left to right',
        "randomverticalflip flip hflip fliplr mirror horizontalflip",
    ),
    **same(
        'write {"type": "RandomTranslate", "pixels": 2} instead', "randomtranslation randomshift shift randompadcrop"
    ),
    **same(
        'write {"type": "RandomAffine"} instead', "rotation rotate zoom shear randomperspective elastictransform affine"
    ),
}

INITIALIZERS: Table = {
    **same('write "glorot_normal" instead, the nearest here', "lecunnormal lecununiform variancescaling orthogonal"),
    **same('write {"type": "normal", "deviation": 0.05} instead', "truncatednormal gaussian truncnormal"),
    **same('write "he_uniform" instead, the nearest here', "randomuniform uniform"),
    **same('write "he_normal" instead', "msra kaiming he"),
    **same('write {"type": "constant", "value": 0} instead', "zero"),
    **same('write {"type": "constant", "value": 1} instead', "one ones"),
}

DATASETS: Table = {
    **same(
        'write {"dataset": "images", "path": "FOLDER", "size": [64, 64]} with a folder of pictures for each class',
        "imagenet tinyimagenet imagenette svhn stl10 caltech101 flowers flowers102 catsvsdogs "
        "catsanddogs oxfordpets food101 celeba",
    ),
    **same(
        'write {"dataset": "csv", "path": "FILE.csv", "target": "COLUMN"} with a table of yours',
        "iris titanic wine boston bostonhousing californiahousing housing adult diabetes breastcancer "
        "table dataframe pandas",
    ),
    **same(
        'write {"dataset": "npz", "path": "FILE.npz"} with arrays of yours',
        "kmnist emnist qmnist usps numpy npy arrays hdf5 h5 tfrecord lmdb imdb reuters",
    ),
}

TYPES: dict[str, Table] = {
    "layer": LAYERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "averaging": AVERAGINGS,
    "augmentation": AUGMENTATIONS,
    "initializer": INITIALIZERS,
    "data": DATASETS,
}
