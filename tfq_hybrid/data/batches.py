"""Shuffled batches that a resumed training can find again."""

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
