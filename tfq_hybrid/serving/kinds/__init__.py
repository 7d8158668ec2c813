"""What kinds of models there are to export, and the signatures of each.

A kind is a module with two functions: `accepts(model)`, and
`endpoints(model, options)`, which returns a list of `Endpoint`. The first
kind of `KINDS` that accepts a model is the model's.
"""

from tfq_hybrid.serving.kinds import (
    classification,
    embeddings,
    generation,
    tensors,
)

KINDS = {
    "generation": generation,
    "classification": classification,
    "embeddings": embeddings,
    "tensors": tensors,
}


def kind_of(model):
    """The name of a model's kind, a key of `KINDS`.

    Example:

    >>> import keras
    >>> kind_of(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
    'tensors'
    """
    return next(name for name, kind in KINDS.items() if kind.accepts(model))
