"""`Values`: what the symbols of a program are in one call."""

import numpy as np
import tensorflow as tf


class Values:
    """The values of the fed and of the trained symbols.

    Args:
        symbols: anything with the tuples of names `fed` and `trained`.
        fed: float tensor of shape (batch, fed symbols).
        trained: float tensor of shape (trained symbols,).
        seed: int tensor of shape (2,) for what is drawn. Defaults to `None`.
    """

    def __init__(self, symbols, fed, trained, seed=None):
        self.fed = fed
        self.trained = trained
        self.batch = tf.shape(fed)[0]
        self.dtype = fed.dtype
        self._symbols = symbols
        self._seed = seed
        columns = tf.unstack(fed, num=len(symbols.fed), axis=1)
        self._columns = dict(zip(symbols.fed, columns, strict=True))
        self._places = {name: i for i, name in enumerate(symbols.trained)}

    def at(self, fed, trained):
        """The same symbols with other values."""
        return Values(self._symbols, fed, trained, self._seed)

    def uniform(self, place):
        """Numbers drawn evenly from 0 to 1, of shape (batch,)."""
        seed = tf.random.experimental.stateless_fold_in(self._seed, place)
        return tf.random.stateless_uniform([self.batch], seed, dtype=self.dtype)

    def of(self, symbol):
        """A tensor of shape (batch,), or (1,) for a trained symbol.

        `None` stands for no symbol, and is returned as it is.
        """
        if symbol in self._places:
            place = self._places[symbol]
            return self.trained[place : place + 1]
        return None if symbol is None else self._columns[symbol]

    def stacked(self, symbols):
        """Values of several symbols: (symbols, batch), or (symbols, 1)."""
        if all(symbol in self._places for symbol in symbols):
            return self.linear([{symbol: 1.0} for symbol in symbols])[:, None]
        columns = [self.of(symbol) for symbol in symbols]
        if any(symbol in self._places for symbol in symbols):
            columns = [tf.broadcast_to(x, [self.batch]) for x in columns]
        return tf.stack(columns)

    def linear(self, rates):
        """Linear combinations of the trained values.

        A product with a constant matrix: its gradient is another one, while
        the gradient of a gather would be a scatter.

        Args:
            rates: list of dicts, symbol -> factor.

        Returns:
            A tensor of shape (len(rates),).
        """
        mixing = np.zeros((len(rates), len(self._places)))
        for row, factors in enumerate(rates):
            for symbol, factor in factors.items():
                mixing[row, self._places[symbol]] += factor
        return tf.linalg.matvec(tf.constant(mixing, self.dtype), self.trained)
