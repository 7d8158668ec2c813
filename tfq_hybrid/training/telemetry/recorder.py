"""Record what a compiled train step computes, and time its circuits alone."""

import collections
import contextlib
import itertools
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.training.telemetry.readings import (
    CLASSICAL,
    WatchedCircuit,
    flat_values,
)

LARGEST_SAMPLE = 2**18  # numbers, that is one MiB
MOST_ROWS = 4096


def surround(
    model: keras.Model,
    name: str,
    context: Callable[[], contextlib.AbstractContextManager],
) -> None:
    """Runs a compiled model's `train_step` inside a context, under a name.

    The step is traced anew. Contexts of other names stay around it; one of
    the same name, which a training that was cut short left behind, goes.
    """
    step = vars(model).get("train_step")
    if not hasattr(step, "contexts"):
        model.train_step = step = _inside({}, model.train_step)
    step.contexts[name] = context
    model.make_train_function(force=True)


def release(model: keras.Model, name: str) -> None:
    """Takes the context of a name off a model, where it has that."""
    contexts = getattr(vars(model).get("train_step"), "contexts", {})
    if name not in contexts:
        return
    del contexts[name]
    if not contexts:
        del model.train_step  # the class's own again
    model.make_train_function(force=True)


def _inside(contexts, inner):
    def train_step(data):
        with contextlib.ExitStack() as stack:
            for context in contexts.values():
                stack.enter_context(context())
            return inner(data)

    train_step.contexts = contexts
    return train_step


class Capture:
    """Variables for evenly spaced rows of one call of a circuit layer.

    They are as wide as the tensors that the layer's observer gets.
    """

    def __init__(self, fed, states, expectations):
        self.from_states = states is not None
        inputs = states if self.from_states else fed
        widths = [int(inputs.shape[1]), int(expectations.shape[1])]
        size = LARGEST_SAMPLE // max(*widths, 1)
        self._size = max(1, min(MOST_ROWS, size))
        # Made while a step is traced, which need not be traced again for it.
        with tf.init_scope():
            self._rows, self._inputs, self._expectations = (
                tf.Variable(
                    tf.zeros(shape, dtype),
                    trainable=False,
                    experimental_enable_variable_lifting=False,
                )
                for shape, dtype in (
                    ([], tf.int64),
                    ([self._size, widths[0]], tf.float32),
                    ([self._size, widths[1]], tf.float32),
                )
            )

    def record(self, fed, states, expectations):
        """Keeps a sample. All rows, where they are few enough."""
        inputs = states if self.from_states else fed
        rows = tf.shape(inputs, tf.int64)[0]
        places = tf.range(self._size, dtype=tf.int64)
        many = places * rows // self._size
        few = places % tf.maximum(rows, 1)
        index = tf.where(rows > self._size, many, few)
        self._rows.assign(rows)
        for variable, value in (
            (self._inputs, inputs),
            (self._expectations, expectations),
        ):
            value = tf.cast(tf.stop_gradient(value), tf.float32)
            variable.assign(tf.gather(value, index))
        return True

    @property
    def rows(self) -> int:
        """Rows of the call; the sample may hold fewer."""
        return int(self._rows)

    @property
    def inputs(self) -> np.ndarray:
        """The sampled angles, or states, of shape (kept, width)."""
        return self._kept(self._inputs)

    @property
    def expectations(self) -> np.ndarray:
        """The sampled expectations, of shape (kept, operators)."""
        return self._kept(self._expectations)

    def _kept(self, variable):
        return variable.numpy()[: self.rows]


class Recorder:
    """Records every few steps of a model's `train_step`.

    The groups are those of `gradient_groups`, and `step` how many steps the
    model has trained already.
    """

    def __init__(
        self,
        model: keras.Model,
        circuits: list[WatchedCircuit],
        groups: dict[str, list[keras.Variable]],
        every: int,
        step: int,
    ):
        self._model = model
        self._circuits = circuits
        self._groups = groups
        self._every = every
        # Steps done, and those of the last records: circuits, gradients.
        self._marks = _variable(np.array([step, -1, -1]))
        self._was_nan = _variable(False)
        self._gradients = {
            name: _variable(np.zeros_like(flat_values(group), np.float32))
            for name, group in groups.items()
            if name != CLASSICAL
        }
        self._classical = _variable(np.zeros(2, np.float32))
        self._captures: dict[str, list[Capture]] = collections.defaultdict(list)
        self.unreached: list[str] = []  # paths of what has no gradient

    # --- inside the train step ---

    def install(self):
        """Wraps the model's `train_step`, which is then traced anew."""
        surround(self._model, "recorder", self._observed)

    @contextlib.contextmanager
    def _observed(self):
        """While a step is traced, or run eagerly."""
        done, observed, graded = tf.unstack(self._marks.read_value())
        step = done + 1
        due = tf.equal(done % self._every, 0)
        observed = tf.where(due, step, observed)
        self._marks.assign(tf.stack([step, observed, graded]))
        optimizer = unscaled(self._model.optimizer)
        apply = optimizer.apply

        def apply_and_record(grads, trainable_variables=None):
            variables = trainable_variables or self._model.trainable_variables
            self._record_gradients(step, due, grads, variables)
            return apply(grads, trainable_variables)

        # `apply_gradients` looks the method up on the instance.
        optimizer.apply = apply_and_record
        for circuit in self._circuits:
            circuit.layer.observer = self._observer(circuit, due)
        try:
            yield
        finally:
            del optimizer.apply  # the class's own again
            for circuit in self._circuits:
                circuit.layer.observer = None

    def _observer(self, circuit, due):
        calls = itertools.count()

        def observe(fed, states, expectations):
            captures = self._captures[circuit.name]
            call = next(calls)
            if call == len(captures):
                captures.append(Capture(fed, states, expectations))
            capture = captures[call]
            tf.cond(
                due,
                lambda: capture.record(fed, states, expectations),
                lambda: False,
            )

        return observe

    def _record_gradients(self, step, due, grads, variables):
        by_id = {
            id(variable): grad
            for variable, grad in zip(variables, grads, strict=True)
        }
        self.unreached = [v.path for v in variables if by_id[id(v)] is None]
        grads_of = {
            name: [(by_id.get(id(v)), v) for v in group]
            for name, group in self._groups.items()
        }
        classical = grads_of.pop(CLASSICAL, [])
        flat = {name: _flatten(pairs) for name, pairs in grads_of.items()}
        if flat:
            # A step whose gradients are the first to be NaN is recorded too.
            everything = tf.concat(list(flat.values()), axis=0)
            is_nan = ~tf.reduce_all(tf.math.is_finite(everything))
            due = due | (is_nan & ~self._was_nan.read_value())
            self._was_nan.assign(is_nan)

        def record():
            for name, gradient in flat.items():
                self._gradients[name].assign(gradient)
            self._classical.assign(_moments(classical))
            done, observed, _ = tf.unstack(self._marks.read_value())
            self._marks.assign(tf.stack([done, observed, step]))
            return True

        tf.cond(due, record, lambda: False)

    # --- outside of it ---

    @property
    def marks(self) -> tuple[int, ...]:
        """Steps done, and those of the last records: circuits, gradients.

        Counted from 1; -1 where nothing was recorded yet.
        """
        return tuple(map(int, self._marks.numpy()))

    @property
    def gradients(self) -> dict[str, np.ndarray]:
        """The gradient of each circuit, a vector, by its name."""
        return {name: v.numpy() for name, v in self._gradients.items()}

    @property
    def classical(self) -> np.ndarray:
        """Sum of squares and sum of the classical gradients."""
        return self._classical.numpy().astype(np.float64)

    @property
    def captures(self) -> dict[str, list[Capture]]:
        """A `Capture` for each call of a circuit, by its name."""
        return dict(self._captures)


def uninstall(model):
    """Takes a recorder off a model, whoever put it there.

    A training that was cut short leaves its recorder behind.
    """
    release(model, "recorder")


def unscaled(optimizer):
    """The optimizer that sees the gradients unscaled."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _variable(value):
    return tf.Variable(value, trainable=False)


def _flatten(pairs):
    """Gradients as one vector; one that is missing counts as zero."""
    parts = [
        tf.zeros(v.shape) if grad is None else tf.convert_to_tensor(grad)
        for grad, v in pairs
    ]
    parts = [tf.reshape(tf.cast(part, tf.float32), [-1]) for part in parts]
    return tf.concat(parts, axis=0)


def _moments(pairs):
    """Sum of squares and sum over all entries of some gradients."""
    grads = [
        tf.convert_to_tensor(grad) for grad, _ in pairs if grad is not None
    ]
    if not grads:
        return tf.zeros([2])
    grads = [tf.cast(grad, tf.float32) for grad in grads]
    squares = tf.add_n([tf.reduce_sum(tf.square(grad)) for grad in grads])
    return tf.stack([squares, tf.add_n(list(map(tf.reduce_sum, grads)))])


RUNS = 2  # after one that traces; the faster counts


class Replay:
    """Runs circuits again on their inputs, and takes the time.

    Forward, and the gradients by inputs and weights, as a function of its
    own, compiled as the model is. Rows that a capture did not keep are
    replaced by those that it kept.
    """

    def __init__(self, model: keras.Model):
        self._jit_compile = bool(model.jit_compile)
        self._functions: dict[str, Callable] = {}
        self._traced: set[tuple] = set()

    def seconds(
        self, circuit: WatchedCircuit, captures: list[Capture]
    ) -> float | None:
        """The seconds of all calls of one circuit in a step.

        `None` for a circuit that takes data circuits, which are not kept.
        """
        layer = circuit.layer
        if not captures or not captures[0].inputs.size:
            return None
        if circuit.name not in self._functions:
            self._functions[circuit.name] = self._make(layer)
        return sum(self._time(circuit, capture) for capture in captures)

    def _time(self, circuit, capture):
        dtype = circuit.layer.circuit_dtype
        kept = tf.constant(capture.inputs, dtype)
        index = tf.range(capture.rows) % tf.shape(kept)[0]
        inputs = tf.gather(kept, index)
        arguments = (inputs, None)
        if capture.from_states:
            arguments = tf.zeros([capture.rows, 0], dtype), inputs
        function = self._functions[circuit.name]
        key = circuit.name, *inputs.shape
        if key not in self._traced:
            self._traced.add(key)
            float(function(*arguments))
        times = []
        for _ in range(RUNS):
            began = time.perf_counter()
            float(function(*arguments))  # waits for the result
            times.append(time.perf_counter() - began)
        return min(times)

    def _make(self, layer):
        @tf.function(
            reduce_retracing=True,
            jit_compile=self._jit_compile and layer.supports_jit,
        )
        def run(fed, states):
            sources = [fed if states is None else states]
            if layer.parameters is not None:
                sources.append(layer.parameters.value)
            with tf.GradientTape() as tape:
                tape.watch(sources)
                expectations = layer.replay(fed, states)
                total = tf.reduce_sum(expectations)
            grads = tape.gradient(total, sources)
            grads = [grad for grad in grads if grad is not None]
            return total + tf.add_n(list(map(tf.reduce_sum, grads)))

        return run
