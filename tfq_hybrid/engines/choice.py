"""The choice between the engines, with its reason."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

from tfq_hybrid.engines.backends.engine import CirqEngine
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.estimated import EstimatedEngine
from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.lowering import lower_circuit
from tfq_hybrid.engines.cost import batched_over_tfq
from tfq_hybrid.engines.expressions import (
    ExpressionEngine,
    Expressions,
    without_expressions,
)
from tfq_hybrid.engines.gradients import (
    DENSITY_MATRICES,
    EXACT,
    GRADIENTS,
    SHOTS,
    TRAJECTORIES,
    GradientMethod,
    ParameterShift,
    Simulated,
)
from tfq_hybrid.engines.names import ENGINES
from tfq_hybrid.engines.noise.channels import Channel
from tfq_hybrid.engines.program import Engine, Execution, Program
from tfq_hybrid.engines.register import (
    check_densities,
    check_memory,
    density_bytes,
    density_fits,
    human_bytes,
)
from tfq_hybrid.engines.tfq.checks import (
    check_tfq,
    check_tfq_noisy,
    check_tfq_shifts,
)
from tfq_hybrid.errors import UserError, check_choice, choice_error


@dataclasses.dataclass(frozen=True)
class EngineChoice:
    """Which engine runs a program, and why.

    Attributes:
        name: `"batched"`, `"tfq"` or `"cirq"`.
        reason: a clause fit to be shown.
        build: builds the engine.
        trajectories: whether the batched engine runs trajectories of pure
            states instead of density matrices. Defaults to `False`.
        expressions: what the inputs of the program that runs are made of.
            Defaults to `None`: of those of the given one, as they are.
    """

    name: str
    reason: str
    build: Callable[[], Engine] = dataclasses.field(repr=False, compare=False)
    trajectories: bool = False
    expressions: Expressions | None = None

    @functools.cached_property
    def plain_engine(self) -> Engine:
        """The engine of the program without expressions, built when needed."""
        return self.build()

    @functools.cached_property
    def engine(self) -> Engine:
        """The engine, built when it is first used."""
        return self.around(self.plain_engine)

    def around(self, engine: Engine) -> Engine:
        """An engine of the program without expressions, as one with them."""
        if self.expressions is None:
            return engine
        return ExpressionEngine(engine, self.expressions)

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"


def choose_engine(
    program: Program, engine: str = "auto", execution: Execution | None = None
) -> EngineChoice:
    """Chooses the engine: of those with the same answer, the faster one.

    That is the batched engine, but for some exact circuits of 12 qubits and
    more, by a model of the cost (`cost`).

    Args:
        program: what is run.
        engine: `"batched"`, `"tfq"` or, with a back end, `"cirq"` to insist on
            one. Defaults to `"auto"`.
        execution: how it is run. Defaults to exact expectations.

    Raises:
        UserError: the engine is unknown or cannot run the program, or a
            state of the program does not fit in memory.
    """
    execution = execution or Execution()
    check_choice("engine", engine, ENGINES)
    obstacle = None
    if engine != "tfq":
        plain, expressions = without_expressions(program)
        if engine == "cirq" or (execution.runs_on_cirq and engine == "auto"):
            choice = _cirq_choice(plain, execution)
            return dataclasses.replace(choice, expressions=expressions)
        check_memory(program.qubits, len(program.operators), depth=1, batch=1)
        obstacle = _obstacle(plain, execution)
        faster = None
        if engine == "auto" and not obstacle:
            faster = _faster_tfq(program, plain, execution)
        if faster is not None:
            return faster
        if not obstacle:
            choice = _batched_choice(plain, execution, engine)
            _check_gradient(plain, execution, choice.trajectories)
            return dataclasses.replace(choice, expressions=expressions)
        if engine == "batched":
            raise UserError(
                "Expected a program that the batched engine runs. Received: "
                f"engine='batched' with {obstacle}. Use engine='tfq'."
            )
    # TensorFlow Quantum takes a symbol times a number, and adds nothing to it.
    scaled, expressions = without_expressions(program, scaled_only=True)
    choice = _tfq_choice(scaled, execution, obstacle)
    return dataclasses.replace(choice, expressions=expressions)


def _faster_tfq(program, plain, execution):
    """TensorFlow Quantum where it is expected to need less time, or `None`."""
    is_plain = execution == Execution() and not program.is_noisy
    if not is_plain or (ratio := batched_over_tfq(plain)) <= 1:
        return None
    scaled, expressions = without_expressions(program, scaled_only=True)
    try:
        choice = _tfq_choice(scaled, execution, None)
    except UserError:  # it does not know a gate
        return None
    reason = f"expected to be {ratio:.1f} times faster than batched"
    return dataclasses.replace(choice, reason=reason, expressions=expressions)


def _cirq_choice(program, execution):
    if not execution.runs_on_cirq:
        raise UserError(
            "Expected a backend of Cirq and a GradientMethod or none with "
            "engine='cirq'. Received: "
            f"backend={execution.backend!r}, "
            f"differentiator={execution.differentiator!r}"
        )
    reason = f"backend of type {type(execution.backend).__name__}"
    method = execution.differentiator or ParameterShift()
    if not method.runs_on_tfq(exact=False):  # it needs a simulated state
        known = [n for n, m in GRADIENTS.items() if m().runs_on_tfq(False)]
        raise choice_error("differentiator of a backend", method.name, known)
    build = functools.partial(
        CirqEngine, program, execution.backend, execution.repetitions, method
    )
    return EngineChoice("cirq", reason, build)


def _tfq_choice(program, execution, obstacle):
    check_memory(program.qubits, len(program.operators), depth=1, batch=1)
    try:
        _check_tfq(program, execution)
    except UserError as error:
        if not obstacle:
            raise
        raise UserError(
            f"{error} The batched engine cannot run it either, for its "
            f"{obstacle}"
        ) from None
    reason = obstacle or "as asked"
    build = functools.partial(_make_tfq, program, execution)
    return EngineChoice("tfq", reason, build)


def _takes_trajectories(program, execution):
    """Whether the batched engine runs trajectories."""
    if not program.is_noisy:
        return False
    if execution.noise_method is not None:
        return execution.noise_method == "trajectories"
    return not density_fits(program.qubits)


def _batched_choice(program, execution, engine):
    trajectories = _takes_trajectories(program, execution)
    if program.is_noisy and not trajectories:
        check_densities(program.qubits)
    shots = f"{execution.repetitions} shots of " * execution.takes_shots
    if trajectories and execution.noise_method:
        reason = f"{execution.repetitions} trajectories, as asked"
    elif trajectories:
        needed = human_bytes(density_bytes(program.qubits))
        reason = (
            f"{execution.repetitions} trajectories: density matrices of "
            f"{program.qubits} qubits would take {needed}"
        )
    elif engine != "auto":
        reason = "as asked"
    elif program.is_noisy:
        reason = f"{shots}density matrices of {program.qubits} qubits"
    else:
        reason = f"{shots or 'exact expectations of '}known gates"
    build = functools.partial(_make_batched, program, execution, trajectories)
    return EngineChoice("batched", reason, build, trajectories)


def _obstacle(program: Program, execution: Execution) -> str | None:
    """What keeps the batched engine from running a program, or `None`."""
    if execution.backend != "noiseless":
        return f"backend of type {type(execution.backend).__name__}"
    if execution.uses_object:
        return f"differentiator {type(execution.differentiator).__name__}"
    if program.foreign_qids:
        foreign = ", ".join(map(str, program.foreign_qids))
        return f"operators on qubits that the circuit lacks: {foreign}"
    gates: Sequence[TrigGate | Channel]
    try:
        if program.is_noisy and not execution.noisy:
            gates = lower_circuit(program.circuit, program.qids)  # names it
        elif _takes_trajectories(program, execution):
            gates = program.gates_and_channels
        else:
            gates = program.gates
    except UserError as error:
        return f"a gate it does not know: {error}"
    known = {None, *program.features, *program.weights}
    hidden = sorted({gate.symbol for gate in gates} - known, key=str)
    if not hidden:
        return None
    names = ", ".join(map(str, hidden))
    return f"other symbols than features and weights: {names}"


def _check_gradient(program, execution, trajectories):
    """Raises unless the batched engine has the gradient that is asked for."""
    if trajectories:
        kind = TRAJECTORIES
    elif execution.takes_shots:
        kind = SHOTS
    else:
        kind = DENSITY_MATRICES if program.is_noisy else EXACT
    allowed = [name for name, m in GRADIENTS.items() if kind in m.kinds]
    name = execution.method(trajectories).name
    check_choice(f"differentiator of {kind}", name, allowed)


def _check_tfq(program: Program, execution: Execution) -> None:
    """Raises `UserError` where TensorFlow Quantum cannot do what is asked."""
    if execution.readout_error is not None:
        raise UserError(
            "Expected readout_error with the batched engine only. Received: "
            f"readout_error={execution.readout_error} with engine 'tfq'"
        )
    if execution.noise_method == "density_matrix":
        raise UserError(
            "Expected noise_method='trajectories' or none with engine 'tfq', "
            "which has no density matrices. Received: "
            "noise_method='density_matrix'"
        )
    method = execution.differentiator
    if isinstance(method, GradientMethod):
        exact = execution.repetitions is None
        exact = exact and execution.backend == "noiseless"
        if not method.runs_on_tfq(exact):
            known = [n for n, m in GRADIENTS.items() if m().runs_on_tfq(exact)]
            raise choice_error(
                "differentiator of engine 'tfq'", method.name, known
            )
    if execution.noisy:
        check_tfq_noisy(program)
    else:
        check_tfq(program)
    if execution.shifts_on_tfq:
        check_tfq_shifts(program)


def make_engine(
    program: Program, engine: str = "auto", execution: Execution | None = None
) -> Engine:
    """Chooses the engine and builds it.

    The arguments and errors are those of `choose_engine`.

    Returns:
        A `TFQEngine` or `TFQNoisyEngine`; or a `BatchedEngine`, wrapped in
        an `EstimatedEngine` where it takes shots or estimates its gradient.
    """
    return choose_engine(program, engine, execution).engine


def _make_batched(program, execution, trajectories):
    method = execution.method(trajectories)
    exact = not (execution.takes_shots or trajectories)
    if exact and not execution.readout_error and isinstance(method, Simulated):
        return BatchedEngine(program, method)
    return EstimatedEngine(
        program,
        method,
        repetitions=None if exact else execution.repetitions,
        readout_error=execution.readout_error,
        trajectories=trajectories,
        sample_based=execution.sample_based,
    )


def _make_tfq(program, execution):
    """TensorFlow Quantum is imported only when its engine is built."""
    from tfq_hybrid.engines.tfq.engine import TFQEngine, TFQNoisyEngine

    if execution.noisy:
        return TFQNoisyEngine(
            program,
            execution.repetitions,
            execution.sample_based,
            execution.differentiator,
        )
    return TFQEngine(
        program,
        execution.repetitions,
        execution.backend,
        execution.differentiator,
    )
