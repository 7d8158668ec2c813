"""The names of the engines, which need no TensorFlow to be listed."""

NOISE_METHODS = ("density_matrix", "trajectories")
ENGINES = ("auto", "batched", "tfq", "cirq")
