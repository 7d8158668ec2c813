"""Check that TensorFlow Quantum runs a program, before it is asked to."""

import cirq

from tfq_hybrid.engines.program import Program
from tfq_hybrid.errors import UserError

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


def check_tfq(program: Program) -> None:
    """Raises `UserError` unless TensorFlow Quantum runs the circuit."""
    zeros = dict.fromkeys(program.symbols, 0.0)
    resolved = cirq.resolve_parameters(program.circuit, zeros)
    if not cirq.has_unitary(resolved):
        raise UserError(
            "Expected a circuit without noise or measurements: noise is "
            "given to the Noisy layers. Received: a circuit that is not "
            "unitary"
        )
    _check_gates(program)


def check_tfq_noisy(program: Program) -> None:
    """Raises `UserError` unless TensorFlow Quantum runs the noisy circuit.

    It drops measurements in silence, and writes a depolarizing channel on
    several qubits down as one on the first of them: both are refused here.
    """
    for place, moment in enumerate(program.circuit):
        for operation in moment:
            _check_operation(operation, place)
    _check_gates(program)


def check_tfq_shifts(program: Program) -> None:
    """Raises `UserError` where TensorFlow Quantum's parameter shift is wrong.

    It shifts a controlled rotation as if it had the two eigenvalues of the
    rotation; it has three.
    """
    for place, moment in enumerate(program.circuit):
        for operation in moment:
            is_controlled = isinstance(
                operation.untagged, cirq.ControlledOperation
            ) or isinstance(operation.gate, cirq.ControlledGate)
            if is_controlled and cirq.is_parameterized(operation):
                raise UserError(
                    "Expected no symbol in a controlled gate where TensorFlow "
                    "Quantum shifts it, as it gets its gradient wrong. "
                    f"Received: {operation} in moment {place}. Use "
                    "engine='batched' or differentiator='central_difference'."
                )


def _check_gates(program: Program) -> None:
    from tfq_hybrid.engines.tfq.ops import tfq

    for place, moment in enumerate(program.circuit):
        for operation in moment:
            _check_controls(operation, place)
    try:
        tfq.convert_to_tensor([program.circuit])
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            "Expected gates that TensorFlow Quantum knows. Received: "
            f"{reason[:300]}"
        ) from None


def _check_controls(operation: cirq.Operation, place: int) -> None:
    """TensorFlow Quantum writes down a product of controls, and no sum."""
    if isinstance(operation.untagged, cirq.ControlledOperation) and isinstance(
        operation.untagged.control_values, cirq.SumOfProducts
    ):
        raise UserError(
            "Expected controls that must all hold their values, which "
            "TensorFlow Quantum knows. Received: control_values="
            f"{operation.untagged.control_values!r} in moment {place}. Use "
            "engine='batched'."
        )


def _check_operation(operation: cirq.Operation, place: int) -> None:
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
