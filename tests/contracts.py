"""The contract tests that Keras and keras-hub ship in their wheels.

They are private modules: this is the one place that names them.
"""

from keras.src.testing import TestCase as KerasContract
from keras_hub.src.tests.test_case import TestCase as KerasHubContract

__all__ = ["KerasContract", "KerasHubContract"]
