"""Record what a compiled train step computes, for the callback to read."""

import collections
import contextlib
import itertools

import numpy as np
import tensorflow as tf

from tfq_hybrid.training.callbacks import release, surround
from tfq_hybrid.training.telemetry.watched import CLASSICAL, flat_values

LARGEST_SAMPLE = 2**18  # numbers, that is one MiB
MOST_ROWS = 4096


class Capture:
    """Variables for evenly spaced rows of one call of a circuit layer.

    Args:
        fed, states, expectations: tensors as a layer's observer gets them,
            for their sizes.
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
    def rows(self):
        """Rows of the call, an int; the sample may hold fewer."""
        return int(self._rows)

    @property
    def inputs(self):
        """The sampled angles, or states, an array of shape (kept, width)."""
        return self._kept(self._inputs)

    @property
    def expectations(self):
        """The sampled expectations, an array of shape (kept, operators)."""
        return self._kept(self._expectations)

    def _kept(self, variable):
        return variable.numpy()[: self.rows]


class Recorder:
    """Records every few steps of a model's `train_step`.

    Args:
        model: a compiled and built `keras.Model`.
        circuits: list of `WatchedCircuit`.
        groups: dict of a name and a list of variables, as `gradient_groups`
            gives it.
        every: int. Steps between two records.
        step: int. Steps that the model has trained already.
    """

    def __init__(self, model, circuits, groups, every, step):
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
        self._captures = collections.defaultdict(list)

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
    def marks(self):
        """Steps done, and those of the last records: circuits, gradients.

        Counted from 1; -1 where nothing was recorded yet.
        """
        return tuple(map(int, self._marks.numpy()))

    @property
    def gradients(self):
        """A dict of a circuit's name and its gradient, a vector."""
        return {name: v.numpy() for name, v in self._gradients.items()}

    @property
    def classical(self):
        """Sum of squares and sum of the classical gradients."""
        return self._classical.numpy().astype(np.float64)

    @property
    def captures(self):
        """A dict of a circuit's name and a `Capture` for each of its calls."""
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
