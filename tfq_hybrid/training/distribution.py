"""A train step whose batch lies on several workers, equal to that on one.

Keras 3.15's own `fit` under a multi-worker strategy fails where it builds a
model from a batch that lies on several workers, and where it averages logs
over them; under any strategy it clips gradients before it adds them up, and
counts a partial batch like a whole one. So each worker keeps a plain model,
and this module gives it a train step and a test step that add up gradients,
losses and metrics themselves. What comes out is what a single process
computes from the whole batch, but for the order of the sums.
"""

import contextlib

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError

# Written for this one, of which it touches private members.
KERAS = "3.15"


def share_batches(
    batches: tf.data.Dataset, rank: int, count: int, replicas: int = 1
) -> tf.data.Dataset:
    """One worker's rows of each batch.

    A batch of `r` rows, `(x, y)` or `(x, y, sample_weight)`, is cut into runs
    of `ceil(r / n)` rows, one for each of all `n` devices. What the last ones
    lack is filled with the first row of the batch; the weight of such a row
    is -1.

    Args:
        rank: the worker, from 0.
        count: workers.
        replicas: devices of each.

    Example:

    >>> rows = tf.range(5)
    >>> batches = tf.data.Dataset.from_tensors((rows, rows))
    >>> for rank in range(2):
    ...     x, _, weight = next(iter(share_batches(batches, rank, 2)))
    ...     print(x.numpy(), weight.numpy())
    [0 1 2] [1. 1. 1.]
    [3 4 0] [ 1.  1. -1.]
    """

    def pick(x, y, sample_weight=None):
        rows = tf.shape(y)[0]
        mine = -(-rows // (count * replicas)) * replicas
        index = rank * mine + tf.range(mine)
        is_real = index < rows
        index = tf.where(is_real, index, 0)
        x, y = tf.nest.map_structure(lambda t: tf.gather(t, index), (x, y))
        if sample_weight is None:
            return x, y, tf.where(is_real, 1.0, -1.0)
        weight = tf.gather(sample_weight, index)
        shape = tf.concat([[mine], tf.ones([tf.rank(weight) - 1], tf.int32)], 0)
        return x, y, tf.where(tf.reshape(is_real, shape), weight, -1.0)

    return batches.map(pick).prefetch(tf.data.AUTOTUNE)


def check_keras(version: str = keras.__version__) -> None:
    """Raises `UserError` unless Keras is the one this was written for."""
    if version.split(".")[:2] != KERAS.split("."):
        raise UserError(
            f"Expected Keras {KERAS} to train on several workers. Received: "
            f"Keras {version}"
        )


def build_symbolically(model: keras.Model, batch: tuple) -> None:
    """Builds what is left to build of a compiled model: its metrics.

    The batch is `(x, y, sample_weight)`, of tensors.
    """
    model._symbolic_build(data_batch=batch)


class Steps:
    """The train step and the test step of one worker.

    Of a model that `build_symbolically` built; `weighted` says whether the
    data have sample weights of their own.
    """

    def __init__(self, model, workers, weighted):
        self._model = model
        self._workers = workers
        self._weighted = weighted

    @contextlib.contextmanager
    def installed(self):
        """While the model trains by them."""
        model, optimizer = self._model, self._model.optimizer
        model.train_step, model.test_step = self.train_step, self.test_step
        # Both would look at a batch that lies on several devices.
        model._maybe_symbolic_build = lambda **batch: None
        optimizer._all_reduce_sum_gradients = list  # they are sums already
        try:
            yield
        finally:
            for thing, name in (
                (model, "train_step"),
                (model, "test_step"),
                (model, "_maybe_symbolic_build"),
                (optimizer, "_all_reduce_sum_gradients"),
            ):
                # A callback that wrapped one may have taken it off already.
                vars(thing).pop(name, None)
            model.train_function = model.test_function = None

    def train_step(self, data):
        """A step on this worker's rows, as `keras.Model.train_step`."""
        model = self._model
        x, y, weight, rows = self._open(data)
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss, part = self._local_loss(x, y, y_pred, weight, rows, True)
            scaled = model.optimizer.scale_loss(loss * part)
        variables = model.trainable_variables
        gradients = tape.gradient(scaled, variables)
        parts = [part for g in gradients for part in self._open_gradient(g)]
        summed, whole = self._finish(
            y, y_pred, weight, rows, loss * part, part, parts
        )
        summed = iter(summed)
        gradients = [self._close_gradient(g, summed, whole) for g in gradients]
        model.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return model.get_metrics_result()

    def test_step(self, data):
        """A step on this worker's rows, as `keras.Model.test_step`."""
        x, y, weight, rows = self._open(data)
        y_pred = self._model(x, training=False)
        loss, part = self._local_loss(x, y, y_pred, weight, rows, False)
        self._finish(y, y_pred, weight, rows, loss * part, part, [])
        return self._model.get_metrics_result()

    def _open(self, data):
        """Inputs, targets, weights of the data, and how many rows are real."""
        x, y, weight = data
        first = tf.reshape(weight, [tf.shape(weight)[0], -1])[:, 0]
        rows = tf.reduce_sum(tf.cast(first >= 0, tf.int32))
        return x, y, weight if self._weighted else None, rows

    def _local_loss(self, x, y, y_pred, weight, rows, training):
        """The loss of the real rows, and what a mean divides it by.

        Worker by worker the loss is a mean, so that the whole batch's is the
        mean of theirs, weighted by what each was divided by.
        """
        some = tf.maximum(rows, 1)  # the mean of nothing is NaN
        y, y_pred = y[:some], y_pred[:some]
        if weight is not None:
            weight = tf.maximum(weight[:some], 0.0)
        loss = self._model.compute_loss(x, y, y_pred, weight, training=training)
        # Keras divides by the devices of a strategy, for sums of means.
        loss *= self._workers.replicas
        if hasattr(self._model.loss, "total_weight"):
            part = self._model.loss.total_weight(y)
        elif weight is not None:
            part = tf.reduce_sum(weight)
        else:
            part = tf.cast(some, tf.float32)
        part = tf.where(rows > 0, tf.cast(part, loss.dtype), 0.0)
        return loss, tf.stop_gradient(part)

    def _open_gradient(self, gradient):
        """The tensors of a gradient, such that their sums make it up.

        That of an embedding is a list of rows, the same row twice where a
        token came twice. The optimizer squares and clips these one by one, so
        that here they are set side by side, not added up.
        """
        if gradient is None:
            return []
        if not isinstance(gradient, tf.IndexedSlices):
            return [gradient]
        indices = tf.cast(gradient.indices, tf.float32)  # exact below 2**24
        return [self._beside(gradient.values), self._beside(indices)]

    def _close_gradient(self, gradient, sums, whole):
        """A gradient like `gradient`, from the next of the sums."""
        if gradient is None:
            return None
        total = next(sums)
        # A batch in which nothing weighs anything moves nothing.
        divided = tf.math.divide_no_nan(total, tf.cast(whole, total.dtype))
        if not isinstance(gradient, tf.IndexedSlices):
            return divided
        indices = tf.cast(next(sums), gradient.indices.dtype)
        shape = tf.concat([[-1], tf.shape(gradient.values)[1:]], 0)
        return tf.IndexedSlices(
            tf.reshape(divided, shape),
            tf.reshape(indices, [-1]),
            gradient.dense_shape,
        )

    def _beside(self, tensor):
        """A tensor at its device's place on a new first axis, else zeros."""
        place = tf.one_hot(
            self._workers.place(), self._workers.devices, dtype=tensor.dtype
        )
        return tf.tensordot(place, tensor, 0)

    def _finish(self, y, y_pred, weight, rows, loss, part, tensors):
        """Adds up over the workers, in one go, and updates the metrics.

        Returns the sums of `tensors`, and that of `part`.
        """
        model = self._model
        tracker, *_ = model.metrics
        states = [v for metric in model.metrics for v in metric.variables]
        before = [tf.identity(v.value) for v in states]
        if weight is not None:
            weight = weight[:rows]
        model.compute_metrics(None, y[:rows], y_pred[:rows], weight)
        moved = [v.value - old for v, old in zip(states, before, strict=True)]
        sums = self._sum_all(
            [loss, part, tf.cast(rows, tf.float32), *moved, *tensors]
        )
        loss, whole, rows, *sums = sums
        for state, old, add in zip(states, before, sums, strict=False):
            state.assign(old + add)
        tracker.update_state(
            tf.math.divide_no_nan(loss, whole), sample_weight=rows
        )
        return sums[len(states) :], whole

    def _sum_all(self, tensors):
        """Sums of tensors of any shapes, as one addition of one vector."""
        flat = [tf.reshape(tf.cast(t, tf.float32), [-1]) for t in tensors]
        total = self._workers.all_sum(tf.concat(flat, 0))
        parts = tf.split(total, [tf.size(part) for part in flat])
        return [
            tf.cast(tf.reshape(part, tf.shape(tensor)), tensor.dtype)
            for part, tensor in zip(parts, tensors, strict=True)
        ]


@contextlib.contextmanager
def distributed(model: keras.Model, workers, *batches: tf.data.Dataset):
    """While a model trains on one worker's part of the data.

    All workers call this with a keras-hub task of the same weights, compiled
    with a `keras.losses.Loss`, and the same batches, for training and for
    validation. It gives a list of those of this worker.
    """
    check_keras()
    weighted = len(batches[0].element_spec) == 3
    place = workers.rank, workers.count, workers.replicas
    parts = [share_batches(b, *place) for b in batches]
    first = next(iter(parts[0].map(model.preprocess_samples)))
    with workers.scope():
        build_symbolically(model, first if weighted else first[:2])
    with Steps(model, workers, weighted).installed():
        yield parts


def part_randomness(model: keras.Model, rank: int) -> None:
    """Gives each worker random numbers of its own, for its rows.

    The model has the same random state on all workers; the chief keeps it.
    """
    for variable in model.variables:
        if variable.name == "seed_generator_state":
            seed, count = keras.ops.convert_to_numpy(variable)
            variable.assign([(int(seed) + rank * 7919) % 2**31, count])
