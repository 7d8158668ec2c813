"""The contract tests that Keras and keras-hub ship in their wheels.

They are private modules: this is the one place that names them.
"""

from keras.src.testing import TestCase as _KerasTestCase
from keras_hub.src.tests.test_case import TestCase as _KerasHubTestCase


class KerasContract(_KerasTestCase):
    """Keras's: `run_layer_test`."""


class KerasHubContract(_KerasHubTestCase):
    """keras-hub's: `run_backbone_test`, `run_task_test`, and more."""

    test_session = None  # a helper of TensorFlow, collected as a test


__all__ = ["KerasContract", "KerasHubContract"]
