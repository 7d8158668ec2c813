"""Trajectories of Pauli errors, which leave the circuit as it is."""

import functools

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.pauli_errors import find_errors
from tfq_hybrid.engines.planned import PlannedEngine
from tfq_hybrid.engines.readout import Readout
from tfq_hybrid.engines.sampling import Terms
from tfq_hybrid.engines.trajectories import TrajectoryEngine


class PauliTrajectoryEngine(TrajectoryEngine):
    """As `TrajectoryEngine`, where noise turns nothing but signs.

    Every error is drawn at once, and turns signs of angles and observables
    (`pauli_errors`); then the circuit runs without noise, each trajectory with
    angles of its own, however many channels there are.
    """

    @property
    def is_able(self):
        """Whether all channels and gates are such."""
        return self._errors is not None

    @functools.cached_property
    def _terms(self):
        return Terms(self.program.operators)

    @functools.cached_property
    def _errors(self):
        return find_errors(
            self._symbols,
            self._gates,
            self._terms.operators,
            self.program.qids,
        )

    @functools.cached_property
    def _noiseless(self):
        """The circuit without noise, fed with the angle of every gate."""
        words = self._terms.operators
        return PlannedEngine(
            self.program.with_operators(words),
            self._errors.gates,
            self.register,
            Readout(words, self.program.qids),
            symbols=self._errors.symbols,
        )

    def _along(self, fed, trained, states, seed):
        errors = self._errors
        self._check_shapes(fed, trained, states)
        angles = tf.constant(errors.shifts[np.newaxis], fed.dtype)
        # oneDNN fails on a product over nothing.
        if errors.fed_mixing.size:
            angles += fed @ tf.constant(errors.fed_mixing, fed.dtype)
        if errors.trained_mixing.size:
            to_trained = tf.constant(errors.trained_mixing, trained.dtype)
            angles += trained[tf.newaxis] @ to_trained
        signs = self._signs(tf.shape(fed)[0], fed.dtype, seed)
        split = [len(errors.shifts), len(self._terms.operators)]
        of_angles, of_words = tf.split(signs, split, axis=1)
        words = self._noiseless.run(angles * of_angles, trained[:0], states)
        return self._terms.combine(words * of_words)

    def _signs(self, count, dtype, seed):
        """Of all angles and words, drawn: a tensor (count, signs) of ±1."""
        errors = self._errors
        signs = len(errors.shifts) + len(self._terms.operators)
        turned = tf.zeros([count, signs], dtype)
        alike = {}  # those of as many outcomes are drawn together
        for chances, flips in errors.sources:
            alike.setdefault(len(chances), []).append((chances, flips))
        for place, group in enumerate(alike.values()):
            chances, flips = (np.stack(x) for x in zip(*group, strict=True))
            own = tf.random.experimental.stateless_fold_in(seed, place)
            drawn = tf.random.stateless_uniform(
                [count, len(group)], own, dtype=dtype
            )
            edges = np.cumsum(chances, axis=1)[:, :-1]
            index = tf.reduce_sum(
                tf.cast(
                    tf.constant(edges, dtype) <= drawn[..., tf.newaxis],
                    tf.int32,
                ),
                axis=-1,
            )
            chosen = tf.one_hot(index, chances.shape[1], dtype=dtype)
            chosen = tf.reshape(chosen, [count, chances.size])
            turned += chosen @ tf.constant(
                flips.reshape(chances.size, signs), dtype
            )
        return 1 - 2 * tf.math.floormod(turned, 2.0)


def make_trajectories(program, repetitions, sample_based=False):
    """The faster engine of those that can run a noisy program.

    Args:
        program, repetitions, sample_based: see `TrajectoryEngine`.

    Returns:
        A `PauliTrajectoryEngine` or a `TrajectoryEngine`.
    """
    engine = PauliTrajectoryEngine(program, repetitions, sample_based)
    if engine.is_able:
        return engine
    return TrajectoryEngine(program, repetitions, sample_based)
