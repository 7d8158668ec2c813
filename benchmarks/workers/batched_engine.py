"""This project's batched engine, plain or compiled by XLA."""

PACKAGES = ("tensorflow",)


def build(problem, fed, trained):
    from tensorflow_steps import make_functions

    from tfq_hybrid.engines.batched import BatchedEngine

    options = problem["options"]
    return make_functions(
        lambda program: BatchedEngine(program, **options.get("engine", {})),
        problem,
        fed,
        trained,
        jit_compile=options.get("jit_compile", False),
    )
