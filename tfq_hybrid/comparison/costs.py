"""What a training step costs: time, memory, FLOPs, circuit executions."""

import math
import os
import pathlib
import statistics
import tempfile
import time
from typing import TYPE_CHECKING, Any

from tfq_hybrid.cluster import start_process
from tfq_hybrid.startup import quiet_imports

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from tfq_hybrid.training import TrainConfig

STEPS, WARM_UP = 5, 2


def measure_costs(
    config: "TrainConfig", states: str | None = None
) -> dict[str, Any]:
    """What a step of a training costs, measured in a process of its own.

    Args:
        config: the training.
        states: as for `train`. Defaults to `None`: in memory.

    Returns:
        `parameters` that train, of them `circuit_parameters`, of
        `total_parameters`; `step_seconds`, the median, above the blocks that
        are frozen; `peak_bytes`, by which a built model and its training raise
        the memory of the process; `flops` of the
        matrix products of a forward pass of a batch; `disk_bytes`, of the
        adapter's file or the model's; `executions`, how often a step would run
        circuits on hardware, where the parameter-shift rule gives the
        gradients, or `None` where a rule is not known.
    """
    cores = sorted(os.sched_getaffinity(0))
    with start_process(cores) as pool:
        return pool.submit(_measure, config.to_dict(), states).result()


def _measure(config, states):
    quiet_imports()
    import keras

    from tfq_hybrid.adapters import trainable_parameters
    from tfq_hybrid.training import TrainConfig
    from tfq_hybrid.training.build import (
        build_model,
        circuit_layers,
        compile_model,
        count_circuit_parameters,
        make_vocabulary,
    )
    from tfq_hybrid.training.frozen import above_frozen, only_learned
    from tfq_hybrid.training.tasks import TASKS

    config = TrainConfig.from_dict(config)
    task = TASKS[config.task]
    training, _ = task.load(config)
    facts = task.facts(config, training)
    vocabulary = make_vocabulary(config, training.texts)
    keras.utils.set_random_seed(config.seed)
    before = _begin_peak()
    model = build_model(config, vocabulary, task.outputs(facts))
    encoded = task.encode(training, model, config)
    compile_model(model, config, STEPS + WARM_UP, encoded)
    with task.fed(model):
        flops = _flops_of(model, encoded, config)
        above = above_frozen(model, [encoded], states)
        (encoded,) = only_learned(model, above)
        _forget_peak()
        seconds = _steps(model, encoded, config)
    circuits = circuit_layers(model)
    return {
        "parameters": trainable_parameters(model),
        "circuit_parameters": count_circuit_parameters(model),
        "total_parameters": model.count_params(),
        "step_seconds": statistics.median(seconds),
        "peak_bytes": _since(before),
        "flops": flops,
        "disk_bytes": _disk_bytes(model),
        "executions": _executions(circuits, config.circuit_runs),
    }


def _begin_peak():
    """The memory of this process in bytes, from which a new peak begins.

    `None` where the system is not Linux, which alone can forget a peak.
    """
    return _memory("VmRSS") if _forget_peak() else None


def _forget_peak():
    """Lets the peak begin at what is in memory now; whether that is known."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _since(before):
    """By how much the peak is above the memory before."""
    return None if before is None else _memory("VmHWM") - before


def _memory(name):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(name))
    return 1024 * int(line.split()[1])


def _steps(model, training, config):
    """The seconds of some steps, without the first ones, which trace."""
    batches = training.shuffled_batches(config.batch_size, config.seed)
    seconds = []
    for batch in batches.take(STEPS + WARM_UP):
        began = time.perf_counter()
        model.train_on_batch(*batch)
        seconds.append(time.perf_counter() - began)
    return seconds[WARM_UP:]


def _flops_of(model, training, config):
    import tensorflow as tf

    inputs = training.inputs(config.batch_size)
    if getattr(model, "preprocessor", None) is not None:
        inputs = model.preprocessor(inputs)
    call = tf.function(lambda x: model(x, training=False))
    return count_flops(call.get_concrete_function(inputs).graph)


def count_flops(graph: "tf.Graph") -> int:
    """Floating-point operations of the matrix products in a graph.

    Two for each product that is added. Of what runs in a loop or a branch
    nothing is counted.

    >>> import tensorflow as tf
    >>> double = tf.function(lambda x: tf.einsum("ab,bc->ac", x, x))
    >>> count_flops(double.get_concrete_function(tf.ones((3, 3))).graph)
    54
    """
    total = 0
    for operation in graph.get_operations():
        if operation.type == "Einsum":
            total += _of_einsum(operation)
        elif operation.type in ("MatMul", "BatchMatMul", "BatchMatMulV2"):
            name = "transpose_a" if operation.type == "MatMul" else "adj_x"
            a = operation.inputs[0].shape.as_list()
            inner = a[-2 if operation.get_attr(name) else -1]
            result = operation.outputs[0].shape.as_list()
            total += 2 * inner * math.prod(result)
    return total


def _of_einsum(operation):
    equation = operation.get_attr("equation").decode()
    terms = equation.partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, operation.inputs, strict=True):
        shape = tensor.shape.as_list()
        letters = term.replace("...", "")
        front = len(shape) - len(letters)
        before = term.index("...") if "..." in term else 0
        names = [
            *letters[:before],
            *(f"...{front - i}" for i in range(front)),
            *letters[before:],
        ]
        sizes.update(zip(names, shape, strict=True))
    return 2 * math.prod(sizes.values())


def _disk_bytes(model: "keras.Model") -> int:
    from tfq_hybrid.adapters import save_weights
    from tfq_hybrid.adapters.hosts import is_adapted

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.keras"
        if is_adapted(model):
            path = path.with_suffix(".h5")
            save_weights(model, path)
        else:
            model.save(path)
        return path.stat().st_size


def _executions(circuits, runs):
    from tfq_hybrid.engines.gradients.parameter_shift import (
        shifted_evaluations,
    )
    from tfq_hybrid.errors import UserError

    try:
        counts = [shifted_evaluations(one.program) for one in circuits]
    except UserError:  # a gate whose rule is not known
        return None
    return runs * sum(1 + count for count in counts)
