"""Loading an export with TensorFlow alone."""

import importlib.util
import pathlib

import tensorflow as tf

from tfq_hybrid.reading import reading
from tfq_hybrid.serving.folders import find_version
from tfq_hybrid.serving.manifest import check_manifest


def load_export(path):
    """Loads one version of an export, once its manifest has been checked.

    Args:
        path: str or path. The folder of an export, whose newest version is
            taken, or of one version.

    Returns:
        A pair of the folder of the version and the loaded SavedModel.

    Raises:
        UserError: there is no export there, or a damaged one.
    """
    path = find_version(path)
    check_manifest(path)
    load_text_operations()
    # TensorFlow raises what protocol buffers and operations raise.
    with reading("a whole export", path, errors=(Exception,)):
        return path, tf.saved_model.load(str(path))


def load_text_operations():
    """Registers the operations of TensorFlow Text, which tokenize.

    The libraries alone: `import tensorflow_text` would import Keras.
    """
    spec = importlib.util.find_spec("tensorflow_text")
    folder = pathlib.Path(spec.origin).parent / "python" / "ops"
    for library in sorted(folder.glob("_*.so")):
        tf.load_op_library(str(library))
