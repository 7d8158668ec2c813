"""The token signature as ONNX, for runtimes that are not TensorFlow."""

import importlib.util
import logging

import tensorflow as tf

from tfq_hybrid.errors import UserError

FILE = "model.onnx"
OPSET = 18
PACKAGES = ("onnx", "tf2onnx")


def check_onnx():
    """Raises `UserError` unless the packages for ONNX are installed."""
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise UserError(
                "Expected the packages for ONNX: pip install "
                f"'tfq-hybrid[onnx]'. Received: no {package}"
            )


def to_onnx(endpoint):
    """Converts a token signature to ONNX.

    ONNX has no operations that tokenize as TensorFlow Text does, and its
    runtimes take no complex numbers. The batched engine computes states as
    pairs of real and imaginary parts; the unitaries of trained circuits,
    which are complex, must be constants, as they are within `folded`.

    Args:
        endpoint: `Endpoint` of stock operations.

    Returns:
        bytes, the content of a `.onnx` file with the names of the signature.

    Raises:
        UserError: ONNX has no such operation as the model needs.
    """
    check_onnx()
    import onnx
    import tf2onnx

    specs = list(endpoint.specs)
    function = tf.function(
        endpoint.function, input_signature=specs, autograph=False
    )
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        model, _ = tf2onnx.convert.from_function(
            function, input_signature=specs, opset=OPSET
        )
        onnx.checker.check_model(model, full_check=True)
    except (
        ValueError,
        RuntimeError,
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
    ) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(
            "Expected a model of operations that ONNX has. Received: "
            f"{reason[:200]}"
        ) from None
    finally:
        logger.setLevel(level)
    return model.SerializeToString()
