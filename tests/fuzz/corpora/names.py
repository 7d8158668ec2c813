"""Names that a Keras config may use, good and bad."""

import keras
import keras_hub

MODULES = [
    "builtins",
    "keras",
    "keras.layers",
    "keras.src.layers",
    "keras.src.ops.numpy",
    "keras.src.ops.core",
    "keras.src.utils.file_utils",
    "keras.src.saving.saving_lib",
    "keras.utils",
    "keras.ops",
    "keras_hub.src.utils.preset_utils",
    "os",
    "posix",
    "shutil",
    "subprocess",
    "tensorflow",
    "tfq_hybrid.files.writing",
    "tfq_hybrid.layers",
    "tfq_hybrid.adapters",
]
FUNCTIONS = ["function", "exec", "eval", "open", "system", "get_file", "rmtree"]


def keras_names():
    """Classes and functions of Keras, and what is registered, a list."""
    names = {*MODULES, *FUNCTIONS, *keras.saving.get_custom_objects()}
    for shelf in (
        keras.layers,
        keras.models,
        keras.initializers,
        keras.regularizers,
        keras.optimizers,
        keras.losses,
        keras.metrics,
        keras.activations,
        keras.utils,
        keras.ops,
        keras.saving,
        keras_hub.models,
        keras_hub.samplers,
    ):
        names |= {name for name in dir(shelf) if not name.startswith("_")}
    return sorted(names)
