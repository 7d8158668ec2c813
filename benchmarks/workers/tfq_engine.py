"""This project's `tfq` engine: TensorFlow Quantum's operations."""

PACKAGES = ("tensorflow", "tensorflow-quantum")


def build(problem, fed, trained):
    from tensorflow_steps import make_execution, make_functions

    from tfq_hybrid.engines import make_engine

    def engine(program):
        return make_engine(program, "tfq", make_execution(problem))

    return make_functions(engine, problem, fed, trained)
