"""This project's batched engine, plain or compiled by XLA."""

PACKAGES = ("tensorflow",)


def build(problem, fed, trained):
    from tensorflow_steps import make_execution, make_functions

    from tfq_hybrid.engines import make_engine
    from tfq_hybrid.engines.batched.engine import BatchedEngine

    options = problem["options"]

    def engine(program):
        if "engine" in options:
            return BatchedEngine(program, **options["engine"])
        return make_engine(program, "batched", make_execution(problem))

    return make_functions(
        engine,
        problem,
        fed,
        trained,
        jit_compile=options.get("jit_compile", False),
    )
