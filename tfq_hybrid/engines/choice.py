"""The choice between the engines, with its reason."""

import dataclasses

import cirq

from tfq_hybrid.engines.lowering import lower_circuit
from tfq_hybrid.engines.memory import check_memory
from tfq_hybrid.errors import UserError, check_choice

ENGINES = ("auto", "batched", "tfq")


@dataclasses.dataclass(frozen=True)
class EngineChoice:
    """Which engine runs a program, and why.

    Attributes:
        name: str, `"batched"` or `"tfq"`.
        reason: str, a clause fit to be shown.
    """

    name: str
    reason: str

    def __str__(self):
        return f"{self.name} ({self.reason})"


def choose_engine(
    program,
    engine="auto",
    repetitions=None,
    backend="noiseless",
    differentiator=None,
):
    """Chooses the engine: batched wherever it gives the same answer.

    Args:
        program: `Program`.
        engine: str. `"batched"` or `"tfq"` to insist on one, else `"auto"`.
        repetitions, backend, differentiator: as for `TFQEngine`.

    Returns:
        An `EngineChoice`.

    Raises:
        UserError: the engine is unknown or cannot run the program, or a
            state of the program does not fit in memory.
    """
    check_choice("engine", engine, ENGINES)
    check_memory(program.qubits, len(program.operators), depth=1, batch=1)
    if engine == "tfq":
        _check_tfq(program)
        return EngineChoice("tfq", "as asked")
    obstacle = _obstacle(program, repetitions, backend, differentiator)
    if engine == "batched":
        if obstacle:
            raise UserError(
                "Expected a program that the batched engine runs. Received: "
                f"engine='batched' with {obstacle}. Use engine='tfq'."
            )
        return EngineChoice("batched", "as asked")
    if obstacle:
        _check_tfq(program)
        return EngineChoice("tfq", obstacle)
    return EngineChoice("batched", "exact expectations of known gates")


def _obstacle(program, repetitions, backend, differentiator):
    """What keeps the batched engine from running a program, or `None`."""
    if repetitions is not None:
        return f"repetitions={repetitions}"
    if backend != "noiseless":
        return f"backend of type {type(backend).__name__}"
    if differentiator is not None:
        return f"differentiator {type(differentiator).__name__}"
    if program.foreign_qids:
        foreign = ", ".join(map(str, program.foreign_qids))
        return f"operators on qubits that the circuit lacks: {foreign}"
    try:
        lower_circuit(program.circuit, program.qids)
    except UserError as error:
        return f"a gate it does not know: {error}"
    return None


def _check_tfq(program):
    """Raises `UserError` unless TensorFlow Quantum reads the circuit."""
    import tensorflow_quantum as tfq

    zeros = dict.fromkeys(program.symbols, 0.0)
    resolved = cirq.resolve_parameters(program.circuit, zeros)
    if not cirq.has_unitary(resolved):
        raise UserError(
            "Expected a circuit without noise or measurements: noise is "
            "given to the Noisy layers. Received: a circuit that is not "
            "unitary"
        )
    try:
        tfq.convert_to_tensor([program.circuit])
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            "Expected gates that TensorFlow Quantum knows. Received: "
            f"{reason[:300]}"
        ) from None


def make_engine(program, name, **options):
    """Builds the chosen engine.

    TensorFlow Quantum is imported only when its engine is built.

    Args:
        program: `Program`.
        name: str, `"tfq"` or `"batched"`.
        **options: `repetitions`, `backend` and `differentiator`, for
            `TFQEngine`.

    Returns:
        A `TFQEngine` or a `BatchedEngine`.
    """
    if name == "tfq":
        from tfq_hybrid.engines.tfq import TFQEngine

        return TFQEngine(program, **options)
    from tfq_hybrid.engines.batched import BatchedEngine

    return BatchedEngine(program)
