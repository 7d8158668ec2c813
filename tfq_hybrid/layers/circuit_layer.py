"""What all layers around a circuit share: arguments, engine, config."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Self

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import cirq_json
from tfq_hybrid.circuits.outputs import (
    Outputs,
    read_operators,
    write_operators,
)
from tfq_hybrid.circuits.subcircuits import count_moments
from tfq_hybrid.engines import Execution, Program, choose_engine
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.tfq.differentiators import (
    differentiator_config,
    differentiator_from_config,
)
from tfq_hybrid.errors import UserError, listed
from tfq_hybrid.files.keras_hooks import extend_keras
from tfq_hybrid.layers.arguments import (
    Operators,
    Shape,
    check_backend,
    check_differentiator,
    check_model_circuit,
    check_operators,
    check_repetitions,
)
from tfq_hybrid.layers.engine_of_calls import EngineOfCalls
from tfq_hybrid.layers.freezing import (
    HeldAngles,
    check_frozen,
    freeze,
    without_frozen,
)
from tfq_hybrid.layers.gradient_calls import Call, telling

extend_keras()


class CircuitLayer(EngineOfCalls, keras.layers.Layer):
    """Base of the layers around one parameterised circuit.

    The arguments are those of TensorFlow Quantum's layers, with its checks;
    the subclasses document them. `frozen` are trained symbols that hold their
    values, `()` for a layer whose `freeze` is called later; two numbers a
    weight are kept for it.

    Attributes:
        depth: layers of the circuit that hold a state while it trains:
            its moments, those of sub-circuits too, an upper bound, unless
            who made it says fewer.
        observer: function that each call passes the circuit's inputs,
            a float tensor of shape (batch, features), the states of shape
            (batch, 2**qubits) that it started from or `None`, and the
            expectations, of shape (batch, operators). `None` by default.
            One that is set while a train step is traced is part of it.
    """

    observer: Callable[..., None] | None = None

    def __init__(
        self,
        model_circuit: cirq.Circuit,
        operators: Operators,
        *,
        trained: Sequence[str],
        repetitions: int | None = None,
        backend: Any = "noiseless",
        differentiator: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
        engine: str = "auto",
        seed: int | None = None,
        frozen: Sequence[str] | None = None,
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        self.model_circuit = check_model_circuit(model_circuit)
        self.depth = count_moments(self.model_circuit)
        self.operators = check_operators(operators)
        self.outputs = Outputs(self.operators)
        self.repetitions = check_repetitions(repetitions)
        self.backend = check_backend(backend, self.repetitions, self)
        self.differentiator = check_differentiator(differentiator)
        self.engine = engine
        names = sorted(cirq.parameter_names(model_circuit))
        fed = [name for name in names if name not in trained]
        self.program = Program(
            self._circuit_to_run(),
            self.outputs.operators,
            tuple(fed),
            tuple(trained),
            measures=self.backend != "noiseless",
        )
        execution = self._execution()
        self.engine_choice = choose_engine(self.program, engine, execution)
        estimates = execution.takes_shots or self.engine_choice.trajectories
        self._eager_calls = 0
        self.supports_jit = (
            self.engine_choice.name == "batched" and not estimates
        )
        self.seed = seed
        self.seed_generator = None
        method = None if execution.uses_object else execution.method()
        if estimates or (method and method.is_random):
            self.seed_generator = keras.random.SeedGenerator(seed)
        if initializer is None:
            initializer = keras.initializers.RandomUniform(0, 2 * np.pi)
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)
        self.constraint = keras.constraints.get(constraint)
        self.frozen = check_frozen(frozen, self.program.weights)
        self.parameters = None
        self.held: Any = None
        # Whether a graph that is traced now holds the parameters' values as
        # constants, so that TensorFlow computes what follows from them once.
        self.is_folded = False

    def build(self, input_shape=None):
        if self.program.weights and self.parameters is None:
            self.parameters = self.add_weight(
                name="parameters",
                shape=(len(self.program.weights),),
                initializer=self.initializer,
                regularizer=self.regularizer,
                constraint=self.constraint,
            )
            self.parameters.of_circuit = True  # which optimisers look for
            if self.frozen is not None:
                self._hold()
        self.built = True

    def _hold(self):
        self.held = self.add_weight(
            name="held",
            shape=(2, len(self.program.weights)),
            initializer=HeldAngles.start(self),
            trainable=False,
        )
        held = HeldAngles(self.held, self.constraint)
        self.parameters.constraint = held

    def freeze(self, symbols: Sequence[str]) -> None:
        """Holds these symbols at their values; all others train.

        Also while it trains, as `LayerwiseTraining` does.

        Args:
            symbols: names of trained symbols; none, to train all.

        Raises:
            UserError: a name is not a trained symbol, the layer is not built,
                or it was made without `frozen`.
        """
        freeze(self, symbols)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (input_shape[0], self.outputs.size)

    def _circuit_to_run(self) -> cirq.Circuit:
        """`model_circuit`, or what a subclass makes of it."""
        return self.model_circuit

    def _execution(self) -> Execution:
        """How the program is to be run."""
        return Execution(
            self.repetitions,
            self.backend,
            self.differentiator,
            float64=self.circuit_dtype == "float64",
        )

    @functools.cached_property
    def weights_without_effect(self) -> list[str]:
        """The weights that no operator feels: their gradients are zero.

        Rotations about Z before a readout of Z, or gates outside an
        operator's light cone. Empty where the batched engine does not know
        the gates.

        Example:

        >>> import sympy
        >>> from tfq_hybrid.layers import PQC
        >>> x, z = sympy.symbols("x z")
        >>> qubit = cirq.GridQubit(0, 0)
        >>> circuit = cirq.Circuit(cirq.rx(x)(qubit), cirq.rz(z)(qubit))
        >>> PQC(circuit, cirq.Z(qubit)).weights_without_effect
        ['z']
        """
        try:
            engine = BatchedEngine(self.program)
        except UserError:
            return []
        return engine.weights_without_effect

    def symbol_values(self) -> dict[sympy.Symbol, float]:
        """The trained symbols and their current values.

        `cirq.resolve_parameters` takes them. They are in the unit of the
        symbol: radians times the factors in the circuit.

        Raises:
            UserError: the layer trains symbols and is not built.
        """
        names = self.program.weights
        if not names:
            return {}
        if self.parameters is None:
            raise UserError(
                "Expected a layer that is built, by a call or by build(). "
                f"Received: layer {self.name!r}, whose symbols "
                f"{listed(names)} have no values yet"
            )
        values = keras.ops.convert_to_numpy(self.parameters)
        symbols = map(sympy.Symbol, names)
        return dict(zip(symbols, values, strict=True))

    def _draw_seed(self) -> tf.Tensor | None:
        """A fresh seed where something is drawn, else `None`."""
        if self.seed_generator is None:
            return None
        return tf.cast(self.seed_generator.next(), tf.int64)

    @property
    def circuit_dtype(self) -> str:
        """What the circuit computes in: float64 under a float64 policy,
        else float32, since angles in half precision are too coarse.
        """
        return "float64" if self.variable_dtype == "float64" else "float32"

    def _expectations(self, fed, circuits=None, states=None):
        """Runs the program on the chosen engine: (batch, operators).

        The values are of shape (batch, features); the circuit starts from data
        circuits, strings of shape (batch,), or from states (batch, 2**qubits).
        """
        dtype = self.circuit_dtype
        names = self.program.features
        if fed.shape.rank != 2 or fed.shape[1] not in (None, len(names)):
            raise UserError(
                f"Expected values of shape (batch, {len(names)}), one for each "
                f"of the symbols {listed(names)}. Received: shape "
                f"{tuple(fed.shape)}"
            )
        fed = tf.ensure_shape(fed, [None, len(names)])
        fed = tf.cast(fed, dtype)
        self._check_values(fed, circuits, states)
        seed, trained = self._draw_seed(), self._trained()
        trained = telling(trained, self, Call(fed, states, circuits))
        if circuits is None:
            engine = self._engine_of_a_call(fed.shape[0])
            result = engine(fed, trained, states=states, seed=seed)
        else:
            engine = self._data_engine
            result = engine(fed, trained, circuits=circuits, seed=seed)
        if self.observer is not None:
            self.observer(fed, states, result)
        return tf.cast(self.outputs.of(result, keras.ops), self.compute_dtype)

    def replay(
        self, fed: tf.Tensor, states: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The expectations, in `circuit_dtype`, of values that an observer saw.

        It calls no observer, and it draws no seed from the layer: a
        training goes on as if it had not been called.
        """
        seed = None if self.seed_generator is None else tf.zeros([2], tf.int64)
        engine = self.engine_choice.engine
        return engine(fed, self._trained(), states, seed)

    def resolved_circuit(
        self, inputs: Any = None
    ) -> cirq.Circuit | list[cirq.Circuit]:
        """The circuit that the layer runs, with numbers for all symbols.

        It is what a device would run: with the channels of a noise model, and
        without readout errors and the measurement.

        Args:
            inputs: what a call takes, or one row of it. Data circuits may be
                `cirq.Circuit`s too; a layer that takes data circuits alone
                needs none. Defaults to `None`.

        Returns:
            A `cirq.Circuit` for one row, else a list of one for each. Vectors
            of amplitudes become a `cirq.StatePreparationChannel` before the
            circuit, which a device does not have.

        Raises:
            UserError: the inputs have another shape, or the layer has no
                weights yet.

        Example:

        >>> import sympy
        >>> from tfq_hybrid.layers import ControlledPQC
        >>> qubit = cirq.LineQubit(0)
        >>> circuit = cirq.Circuit(cirq.X(qubit) ** sympy.Symbol("turns"))
        >>> layer = ControlledPQC(circuit, cirq.Z(qubit))
        >>> print(layer.resolved_circuit([0.25]))
        0: ───X^0.25───
        """
        raise NotImplementedError

    def _trained(self) -> tf.Tensor:
        """The trained angles in the dtype of the circuit."""
        if self.parameters is None:
            return tf.zeros([0], self.circuit_dtype)
        if self.is_folded:
            with tf.init_scope():  # the value, whatever is being traced
                values = keras.ops.convert_to_numpy(self.parameters)
            return tf.constant(values, self.circuit_dtype)
        parameters = tf.convert_to_tensor(self.parameters)
        if self.held is not None:
            parameters = without_frozen(parameters, self.held)
        return tf.cast(parameters, self.circuit_dtype)

    def _check_values(self, fed, circuits, states):
        if circuits is None and self.program.foreign_qids:
            foreign = ", ".join(map(str, self.program.foreign_qids))
            raise UserError(
                "Expected operators on qubits of the circuit. Received: "
                f"operators on {foreign}, which only a data circuit could add"
            )
        # In a graph a value is not known yet: there NaN comes out as NaN.
        values = fed if states is None else states
        if tf.executing_eagerly() and not bool(
            tf.reduce_all(tf.math.is_finite(values))
        ):
            raise UserError(
                "Expected finite circuit inputs. Received: NaN or infinity"
            )

    def get_config(self) -> dict[str, Any]:
        if self.backend != "noiseless":
            raise UserError(
                "Expected backend='noiseless' in a layer that is saved: a "
                "Cirq back end cannot be written down. Received: backend of "
                f"type {type(self.backend).__name__} in layer {self.name!r}. "
                "Save weights alone with save_weights, or set the weights of "
                "a layer with backend='noiseless' and save that."
            )
        place = f"layer {self.name!r}"
        return {
            **super().get_config(),
            "model_circuit": cirq_json.write_cirq(
                self.model_circuit, "circuit", place
            ),
            "operators": write_operators(self.operators, place),
            "repetitions": self.repetitions,
            "backend": self.backend,
            "differentiator": differentiator_config(self.differentiator),
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
            "constraint": keras.constraints.serialize(self.constraint),
            "engine": self.engine,
            "seed": self.seed,
            "frozen": self.frozen,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        config["model_circuit"] = cirq_json.read_cirq(
            config.get("model_circuit"), "circuit"
        )
        config["operators"] = read_operators(config.get("operators"))
        config["differentiator"] = differentiator_from_config(
            config.get("differentiator")
        )
        return super().from_config(config)
