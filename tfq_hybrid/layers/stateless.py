"""Whether Keras asks for shapes alone, which has no public name."""

from keras.src.backend.common.stateless_scope import in_stateless_scope

__all__ = ["in_stateless_scope"]
