"""Every layer of Keras that a config may name, in a tiny model.

`ROWS` has the constructor arguments and the shapes of the inputs, without the
batch, or `None` for a layer that is not called on symbolic tensors; a test
checks that no layer is missing.
"""

import inspect

import keras

from tfq_hybrid.files.classes import REFUSED

_1D, _2D, _3D = (8, 4), (8, 8, 3), (8, 8, 8, 2)
_OF_RANK = {1: _1D, 2: _2D, 3: _3D}
_PAIR = [(8, 4), (8, 4)]
_IMAGE = (8, 8, 3)
_UNIT = {"factor": 0.5}

ROWS = {
    "Activation": ({"activation": "gelu"}, [_1D]),
    "ActivityRegularization": ({"l1": 0.1}, [_1D]),
    "AlphaDropout": ({"rate": 0.5}, [_1D]),
    "AugMix": ({"value_range": [0, 1]}, [_IMAGE]),
    "AutoContrast": ({}, [_IMAGE]),
    "BatchNormalization": ({}, [_1D]),
    "CategoryEncoding": ({"num_tokens": 4}, [((3,), "int32")]),
    "CenterCrop": ({"height": 4, "width": 4}, [_IMAGE]),
    "ContrastLimitedAdaptiveHistogramEqualization": (
        {"tile_grid_size": (2, 2)},
        [_IMAGE],
    ),
    "CutMix": ({}, None),
    "Dense": ({"units": 3, "activation": "relu"}, [_1D]),
    "Discretization": ({"bin_boundaries": [0.0, 1.0]}, [_1D]),
    "Dot": ({"axes": 1}, _PAIR),
    "Dropout": ({"rate": 0.5, "seed": 3}, [_1D]),
    "ELU": ({}, [_1D]),
    "EinsumDense": ({"equation": "abc,cd->abd", "output_shape": (8, 3)}, [_1D]),
    "Embedding": ({"input_dim": 20, "output_dim": 3}, [((5,), "int32")]),
    "Equalization": ({}, None),
    "Flatten": ({}, [_1D]),
    "GRU": ({"units": 3}, [_1D]),
    "GaussianDropout": ({"rate": 0.5}, [_1D]),
    "GaussianNoise": ({"stddev": 0.5}, [_1D]),
    "GroupNormalization": ({"groups": 2}, [_1D]),
    "HashedCrossing": ({"num_bins": 5}, None),
    "Hashing": ({"num_bins": 5}, [((3,), "int32")]),
    "Identity": ({}, [_1D]),
    "IntegerLookup": ({"vocabulary": [3, 5]}, [((3,), "int64")]),
    "LSTM": ({"units": 3, "return_sequences": True}, [_1D]),
    "Layer": ({}, None),
    "LayerNormalization": ({}, [_1D]),
    "LeakyReLU": ({}, [_1D]),
    "Masking": ({"mask_value": 0.0}, [_1D]),
    "MaxNumBoundingBoxes": ({"max_number": 3}, None),
    "MelSpectrogram": (
        {
            "fft_length": 16,
            "sequence_stride": 4,
            "sequence_length": 8,
            "sampling_rate": 100,
            "num_mel_bins": 4,
            "max_freq": 50,
        },
        [(64,)],
    ),
    "MixUp": ({}, None),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3}, _PAIR),
    "GroupedQueryAttention": (
        {"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1},
        _PAIR,
    ),
    "Normalization": ({"mean": [1.0] * 4, "variance": [2.0] * 4}, [_1D]),
    "PReLU": ({}, [_1D]),
    "Permute": ({"dims": (2, 1)}, [_1D]),
    "RMSNormalization": ({}, [_1D]),
    "RandAugment": ({"value_range": [0, 1]}, [_IMAGE]),
    "RandomBrightness": (_UNIT, [_IMAGE]),
    "RandomColorDegeneration": (_UNIT, [_IMAGE]),
    "RandomColorJitter": ({}, [_IMAGE]),
    "RandomContrast": (_UNIT, [_IMAGE]),
    "RandomCrop": ({"height": 4, "width": 4}, [_IMAGE]),
    "RandomElasticTransform": ({}, [_IMAGE]),
    "RandomErasing": ({}, [_IMAGE]),
    "RandomFlip": ({}, [_IMAGE]),
    "RandomGaussianBlur": ({}, [_IMAGE]),
    "RandomGrayscale": ({}, [_IMAGE]),
    "RandomHue": (_UNIT, [_IMAGE]),
    "RandomInvert": ({}, [_IMAGE]),
    "RandomPerspective": ({}, [_IMAGE]),
    "RandomPosterization": ({"factor": 4}, [_IMAGE]),
    "RandomRotation": (_UNIT, [_IMAGE]),
    "RandomSaturation": (_UNIT, [_IMAGE]),
    "RandomSharpness": (_UNIT, [_IMAGE]),
    "RandomShear": ({}, [_IMAGE]),
    "RandomTranslation": (
        {"height_factor": 0.1, "width_factor": 0.1},
        [_IMAGE],
    ),
    "RandomZoom": ({"height_factor": 0.1}, [_IMAGE]),
    "ReLU": ({"max_value": 6.0}, [_1D]),
    "RepeatVector": ({"n": 3}, [(4,)]),
    "Rescaling": ({"scale": 0.5}, [_1D]),
    "Reshape": ({"target_shape": (4, 8)}, [_1D]),
    "Resizing": ({"height": 4, "width": 4}, [_IMAGE]),
    "ReversibleEmbedding": (
        {"input_dim": 20, "output_dim": 3},
        [((5,), "int32")],
    ),
    "STFTSpectrogram": (
        {"frame_length": 16, "frame_step": 4, "fft_length": 16},
        [(64, 1)],
    ),
    "SimpleRNN": ({"units": 3}, [_1D]),
    "Softmax": ({}, [_1D]),
    "Solarization": ({}, [_IMAGE]),
    "StringLookup": ({"vocabulary": ["a", "b"]}, [((3,), "string")]),
    "TextVectorization": (
        {
            "vocabulary": ["a", "b"],
            "standardize": "lower",
            "output_sequence_length": 4,
        },
        [((), "string")],
    ),
    "UnitNormalization": ({}, [_1D]),
    **{
        name: ({}, _PAIR)
        for name in (
            "Add",
            "AdditiveAttention",
            "Attention",
            "Average",
            "Concatenate",
            "Maximum",
            "Minimum",
            "Multiply",
            "Subtract",
        )
    },
}
for _rank, _shape in _OF_RANK.items():
    _convolution = {"filters": 2, "kernel_size": 3}
    ROWS |= {
        f"{name}{_rank}D": (arguments, [_shape])
        for name, arguments in {
            "AdaptiveAveragePooling": {"output_size": 2},
            "AdaptiveMaxPooling": {"output_size": 2},
            "AveragePooling": {"pool_size": 2},
            "Conv": _convolution,
            "Cropping": {"cropping": 1},
            "GlobalAveragePooling": {},
            "GlobalMaxPooling": {},
            "MaxPooling": {"pool_size": 2},
            "SpatialDropout": {"rate": 0.5},
            "UpSampling": {"size": 2},
            "ZeroPadding": {"padding": 1},
        }.items()
    }
    ROWS[f"Conv{_rank}DTranspose"] = (_convolution, [_shape])
    ROWS[f"ConvLSTM{_rank}D"] = (_convolution, [(2, *_shape)])
    if _rank < 3:
        ROWS[f"DepthwiseConv{_rank}D"] = ({"kernel_size": 3}, [_shape])
        ROWS[f"SeparableConv{_rank}D"] = (_convolution, [_shape])


def _wrapped():
    """Layers whose arguments are layers."""
    layers = keras.layers
    return {
        "Bidirectional": (layers.Bidirectional(layers.LSTM(2)), [_1D]),
        "GRUCell": (layers.RNN(layers.GRUCell(2)), [_1D]),
        "LSTMCell": (layers.RNN(layers.LSTMCell(2)), [_1D]),
        "Pipeline": (
            layers.Pipeline([layers.RandomFlip(), layers.Rescaling(0.5)]),
            [_IMAGE],
        ),
        "RNN": (layers.RNN(layers.SimpleRNNCell(2), unroll=True), [_1D]),
        "SimpleRNNCell": (layers.RNN([layers.SimpleRNNCell(2)]), [_1D]),
        "SpectralNormalization": (
            layers.SpectralNormalization(layers.Dense(2)),
            [_1D],
        ),
        "StackedRNNCells": (
            layers.RNN(
                layers.StackedRNNCells([layers.GRUCell(2), layers.LSTMCell(2)])
            ),
            [_1D],
        ),
        "TimeDistributed": (layers.TimeDistributed(layers.Dense(2)), [_1D]),
    }


WRAPPED = tuple(_wrapped())
# No layer of a model: `InputLayer` is in each, and nothing calls a `Wrapper`.
OTHERS = ("InputLayer", "Wrapper")


UNCALLED = tuple(name for name, (_, inputs) in ROWS.items() if inputs is None)


def kinds():
    """The layers that a config may name, a dict of names and classes."""
    return {
        kind.__name__: kind
        for kind in vars(keras.layers).values()
        if inspect.isclass(kind)
        and issubclass(kind, keras.layers.Layer)
        and not issubclass(kind, REFUSED)
        and kind.__name__ not in OTHERS
    }


def make_model(name):
    """A model of one layer, named as it."""
    if name in WRAPPED:
        layer, inputs = _wrapped()[name]
    else:
        arguments, inputs = ROWS[name]
        layer = kinds()[name](**arguments)
    tensors = [
        keras.Input(shape[0], dtype=shape[1])
        if isinstance(shape[-1], str)
        else keras.Input(shape)
        for shape in inputs
    ]
    several = len(tensors) > 1
    if name in ("MultiHeadAttention", "GroupedQueryAttention"):
        return keras.Model(tensors, layer(*tensors))
    return keras.Model(tensors, layer(tensors if several else tensors[0]))
