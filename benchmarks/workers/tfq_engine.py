"""This project's `tfq` engine: TensorFlow Quantum's operations."""

PACKAGES = ("tensorflow", "tensorflow-quantum")


def build(problem, fed, trained):
    from tensorflow_steps import make_functions

    from tfq_hybrid.engines.tfq import TFQEngine

    return make_functions(TFQEngine, problem, fed, trained)
