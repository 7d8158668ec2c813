"""The choice of an engine for a circuit with noise."""

import cirq

from tfq_hybrid.engines.choice import ENGINES, EngineChoice
from tfq_hybrid.engines.memory import check_memory
from tfq_hybrid.errors import UserError, check_choice

# The channels that TensorFlow Quantum writes down.
TFQ_CHANNELS = (
    cirq.AmplitudeDampingChannel,
    cirq.AsymmetricDepolarizingChannel,
    cirq.BitFlipChannel,
    cirq.DepolarizingChannel,
    cirq.GeneralizedAmplitudeDampingChannel,
    cirq.PhaseDampingChannel,
    cirq.PhaseFlipChannel,
    cirq.ResetChannel,
)


def choose_noisy_engine(program, engine="auto"):
    """Chooses the engine of a noisy program.

    Args:
        program: `Program` whose circuit may hold channels.
        engine: str. `"auto"` or `"tfq"`.

    Returns:
        An `EngineChoice`.

    Raises:
        UserError: the engine is unknown or cannot run the program, or a
            state of the program does not fit in memory.
    """
    check_choice("engine", engine, ENGINES)
    check_memory(program.qubits, len(program.operators), depth=1, batch=1)
    if engine == "batched":
        raise UserError(
            "Expected an engine that simulates noise. Received: "
            "engine='batched'. Use engine='tfq'."
        )
    check_tfq_noisy(program)
    return EngineChoice("tfq", "as asked" if engine == "tfq" else "noise")


def check_tfq_noisy(program):
    """Raises `UserError` unless TensorFlow Quantum runs the noisy circuit.

    It drops measurements in silence, and writes a depolarizing channel on
    several qubits down as one on the first of them: both are refused here.
    """
    import tensorflow_quantum as tfq

    for place, moment in enumerate(program.circuit):
        for operation in moment:
            _check_operation(operation, place)
    try:
        tfq.convert_to_tensor([program.circuit])
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            "Expected gates that TensorFlow Quantum knows. Received: "
            f"{reason[:300]}"
        ) from None


def _check_operation(operation, place):
    if cirq.is_measurement(operation):
        raise UserError(
            "Expected a circuit without measurements: the operators say what "
            f"is measured. Received: {operation} in moment {place}"
        )
    if cirq.is_parameterized(operation) or cirq.has_unitary(operation):
        return
    if not isinstance(operation.gate, TFQ_CHANNELS) or (
        cirq.num_qubits(operation) > 1
    ):
        names = ", ".join(sorted(kind.__name__ for kind in TFQ_CHANNELS))
        raise UserError(
            f"Expected channels on one qubit that TensorFlow Quantum runs: "
            f"{names}. Received: {operation} in moment {place}"
        )


def make_noisy_engine(program, name, **options):
    """Builds the chosen engine.

    Args:
        program: `Program`.
        name: str, `"tfq"`.
        **options: `repetitions`, `sample_based` and `differentiator`, for
            `TFQNoisyEngine`.

    Returns:
        A `TFQNoisyEngine`.
    """
    check_choice("engine", name, ("tfq",))
    from tfq_hybrid.engines.tfq_noisy import TFQNoisyEngine

    return TFQNoisyEngine(program, **options)
