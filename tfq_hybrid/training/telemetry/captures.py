"""`Capture`: what went through a circuit layer at one call, as a sample."""

import tensorflow as tf

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
