"""Any other Keras model: tensors to tensors."""

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.kinds.endpoint import Endpoint, by_name


def accepts(model):
    """Whether a model is a Keras model at all."""
    return isinstance(model, keras.Model)


def endpoints(model, options):
    """The signature of a Keras model: `serve_tokens`, by its own names.

    A single output is called `outputs`; several have the names of the keys,
    or `output_0`, `output_1`, ….

    Args:
        model: a built `keras.Model` with inputs of known shapes.
        options: `Options`; not used.

    Returns:
        A list of one `Endpoint`.

    Raises:
        UserError: the model has not been built.
    """
    inputs = _inputs_of(model)
    tensors = inputs if isinstance(inputs, dict) else _named(inputs)
    specs = tuple(
        tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
        for name, tensor in tensors.items()
    )

    def serve_tokens(values):
        if not isinstance(inputs, dict):
            values = list(values.values())
            if not isinstance(inputs, (list, tuple)):
                values = values[0]
        return _as_dict(model(values, training=False))

    return [Endpoint("serve_tokens", by_name(specs, serve_tokens), specs)]


def _inputs_of(model):
    """What a model is called on: a tensor, or a list or dict of them."""
    try:
        if isinstance(model, keras.Sequential):
            # Its `input` is there only once it is a part of another model.
            [inputs] = model.inputs
            return inputs
        return model.input
    except (AttributeError, ValueError):
        raise UserError(
            "Expected a model that knows its inputs, such as a Functional "
            f"one. Received: {model.name!r}, which has none yet"
        ) from None


def _named(inputs):
    inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    return {tensor.name: tensor for tensor in inputs}


def _as_dict(outputs):
    if isinstance(outputs, dict):
        return outputs
    if isinstance(outputs, (list, tuple)):
        return {f"output_{i}": output for i, output in enumerate(outputs)}
    return {"outputs": outputs}
