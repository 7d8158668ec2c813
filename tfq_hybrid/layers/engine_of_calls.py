"""Which engine a call of a circuit layer takes: plain, traced, or for data."""

import contextlib
import dataclasses
import functools
from typing import Any

import tensorflow as tf

from tfq_hybrid.engines import Execution, Program, choose_engine
from tfq_hybrid.engines.data_circuits import DataCircuitEngine
from tfq_hybrid.engines.register import density_fits
from tfq_hybrid.errors import UserError

# Calls outside of a graph before the engine is traced.
EAGER_CALLS = 4


class EngineOfCalls:
    """Part of `CircuitLayer`: the engines made of the one that it chose."""

    program: Program
    engine: str
    engine_choice: Any
    _eager_calls: int

    def _execution(self) -> Execution:
        raise NotImplementedError

    def _engine_of_a_call(self, batch: int | None) -> Any:
        """The engine, as a graph where it is called again and again.

        Outside of a graph each of its many operations costs a call of Python;
        a graph of them takes a second or two to trace. Density matrices of few
        examples fit where those of a training would not.
        """
        choice = self.engine_choice
        if choice.trajectories and batch and self._has_densities_of(batch):
            return self._exact_choice.engine
        if choice.name != "batched" or not tf.executing_eagerly():
            return choice.engine
        self._eager_calls += 1
        if self._eager_calls <= EAGER_CALLS:
            return choice.engine
        return self._traced_engine

    def _has_densities_of(self, batch: int) -> bool:
        is_free = self._execution().noise_method is None
        return is_free and density_fits(self.program.qubits, batch)

    @functools.cached_property
    def _exact_choice(self) -> Any:
        """The choice of density matrices, where trajectories are the usual."""
        execution = dataclasses.replace(
            self._execution(), noise_method="density_matrix"
        )
        return choose_engine(self.program, "batched", execution)

    @functools.cached_property
    def _traced_engine(self) -> Any:
        return tf.function(
            self.engine_choice.engine, autograph=False, reduce_retracing=True
        )

    @functools.cached_property
    def _data_engine(self) -> Any:
        """The engine of calls with data circuits."""
        choice = self.engine_choice
        if choice.name != "batched":
            return choice.engine
        fallback = None
        if self.engine == "auto":
            with contextlib.suppress(UserError):  # it cannot run the program
                fallback = choose_engine(self.program, "tfq", self._execution())
                fallback = dataclasses.replace(fallback, expressions=None)
        engine: Any = choice.plain_engine
        data_engine: Any = DataCircuitEngine(engine, fallback)
        return choice.around(data_engine)
