"""The classical heads that a circuit's head is compared with."""

import keras

from tfq_hybrid.errors import check_choice, check_integer

HEAD_BASELINES = ("linear", "mlp")


def classical_head(
    kind: str,
    classes: int,
    width: int | None = None,
    dtype: str | keras.DTypePolicy | None = None,
) -> keras.Layer:
    """A head without a circuit: logits from a vector.

    Args:
        kind: `"linear"`, one Dense layer, or `"mlp"`, a hidden layer of
            `width` tanh units before it.
        classes: the number of labels.
        width: of the hidden layer of an `"mlp"`.
        dtype: dtype policy of the layers. Defaults to `None`: the global
            one.

    Returns:
        A layer from (batch, features) to (batch, classes), called `"head"`.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> import numpy as np
    >>> head = classical_head("mlp", classes=2, width=4)
    >>> head(np.ones((1, 768))).shape, head.count_params()
    (TensorShape([1, 2]), 3086)
    """
    check_choice("head", kind, HEAD_BASELINES)
    check_integer("classes", classes, minimum=1)
    if kind == "linear":
        return keras.layers.Dense(classes, dtype=dtype, name="head")
    check_integer("width", width, minimum=1)
    hidden = keras.layers.Dense(
        width, activation="tanh", dtype=dtype, name="hidden"
    )
    logits = keras.layers.Dense(classes, dtype=dtype, name="logits")
    return keras.Sequential([hidden, logits], name="head")


def mlp_parameters(width: int, features: int, classes: int) -> int:
    """Parameters of an `"mlp"` head."""
    return (features + 1) * width + (width + 1) * classes


def mlp_width(parameters: int, features: int, classes: int) -> int:
    """The width at which an `"mlp"` head has nearly so many parameters.

    Args:
        parameters: those of the head to compare with.
        features: the width of what it reads.
        classes: the number of labels.

    Returns:
        At least 1.

    Example:

    >>> width = mlp_width(3_102, features=768, classes=2)
    >>> width, mlp_parameters(width, features=768, classes=2)
    (4, 3086)
    """
    return max(1, round((parameters - classes) / (features + 1 + classes)))
