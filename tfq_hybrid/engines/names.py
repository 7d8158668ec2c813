"""The names of the engines, which need no TensorFlow to be listed."""

ENGINES = ("auto", "batched", "tfq", "cirq")
