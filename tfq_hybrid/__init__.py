"""Quantum layers on TensorFlow Quantum for Keras language models.

Importing this package is cheap: the rooms below are imported on first use,
so that `tfq-hybrid --help` answers without loading TensorFlow.

    circuits    describe a parameterised circuit (Cirq only)
    engines     turn a circuit into numbers: TensorFlow Quantum, or batched
    diagnostics what a circuit reaches, entangles, and can learn from
    layers      Keras layers around an engine
    adapters    put layers into existing backbones
    hardware    what circuits take on a device
    optimizers  minimise circuits, with and without gradients
    models      the published systems and their classical baselines
    training    fit, watch, checkpoint and resume
    tuning      search circuits with keras-tuner
    data        text data sets
    serving     export and load SavedModels
    reports     searches, screenings and diagnoses as pages
    comparison  methods side by side, over seeds, with intervals

`load_model` reads a `.keras` file that may come from anywhere. Keras's own
loaders find the classes of this package once it is imported after Keras, or
`register` has been called.
"""

import importlib
import sys

from tfq_hybrid.version import __version__ as __version__

_ROOMS = (
    "circuits",
    "engines",
    "diagnostics",
    "layers",
    "adapters",
    "hardware",
    "optimizers",
    "models",
    "training",
    "tuning",
    "data",
    "serving",
    "reports",
    "comparison",
)

if not (3, 11) <= sys.version_info[:2] <= (3, 12):
    raise ImportError(
        "TFQ Hybrid needs Python 3.11 or 3.12, which TensorFlow Quantum 0.7.6 "
        f"supports. Received: Python {sys.version_info[0]}."
        f"{sys.version_info[1]}."
    )


def register() -> None:
    """Tells Keras all classes of this package and of all installed systems.

    Files and presets name them. Whoever imports this package after Keras need
    not call this: `keras.models.load_model` and keras-hub's `from_preset` then
    import what a file names, as `load_model` does in any case.
    """
    _extend_keras()
    importlib.import_module(f"{__name__}.files.homes").register_library()
    importlib.import_module(f"{__name__}.training.systems").SYSTEMS.register()


def _extend_keras():
    hooks = importlib.import_module(f"{__name__}.files.keras_hooks")
    hooks.extend_keras()


if "keras" in sys.modules:  # else with the first module that needs it
    _extend_keras()


def __getattr__(name):
    if name == "load_model":
        return importlib.import_module(f"{__name__}.files.models").load_model
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_ROOMS, "load_model"])
