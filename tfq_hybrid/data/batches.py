"""Batches that a resumed training finds again, and workers share."""

import tensorflow as tf


def shuffled_batches(arrays, batch_size, seed, first_epoch=0):
    """An endless `tf.data.Dataset` of batches, epoch after epoch.

    Each epoch's order is a function of `(seed, epoch)` alone, so that a run
    resumed at `first_epoch` sees what an uninterrupted one sees. The last
    batch of an epoch may be smaller; no batch spans two.

    Args:
        arrays: tuple, or nest of them and of dicts, of tensors with one
            example a row.
        batch_size: int.
        seed: int.
        first_epoch: int. Defaults to 0.

    Returns:
        A `tf.data.Dataset` of batches in the form of `arrays`.

    Example:

    >>> batches = shuffled_batches((tf.range(5),), batch_size=3, seed=0)
    >>> [len(batch) for (batch,) in batches.take(4)]
    [3, 2, 3, 2]
    """
    length = len(tf.nest.flatten(arrays)[0])

    def epoch(number):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(length), seed=[seed, number]
        )
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    def pick(indices):
        return tf.nest.map_structure(lambda a: tf.gather(a, indices), arrays)

    epochs = tf.data.Dataset.counter(start=first_epoch, dtype=tf.int64)
    return epochs.flat_map(epoch).map(pick).prefetch(tf.data.AUTOTUNE)


def share_batches(batches, rank, count, replicas=1):
    """One worker's rows of each batch.

    A batch of `r` rows is cut into runs of `ceil(r / n)` rows, one for each
    of all `n` devices. What the last ones lack is filled with the first row
    of the batch; the weight of such a row is -1.

    Args:
        batches: `tf.data.Dataset` of `(x, y)` or `(x, y, sample_weight)`,
            tensors or nests of them with one example a row.
        rank: int. The worker, from 0.
        count: int. Workers.
        replicas: int. Devices of each. Defaults to 1.

    Returns:
        A `tf.data.Dataset` of `(x, y, sample_weight)`.

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
