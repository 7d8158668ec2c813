"""Noise by trajectories: for registers whose density matrix is too large.

Along a trajectory the state stays pure: at each channel one Kraus operator
K_i is drawn with probability |K_i psi|^2 and applied (Dalibard, Castin and
Molmer 1992, doi 10.1103/PhysRevLett.68.580). The mean over trajectories is
the noisy expectation.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.engine import PlannedEngine
from tfq_hybrid.engines.batched.gates import constant_gate
from tfq_hybrid.engines.batched.layout import State
from tfq_hybrid.engines.batched.passes import (
    drop_before_readout,
    drop_outside_light_cone,
    take_prefix,
)
from tfq_hybrid.engines.batched.plan import Values, first_plan
from tfq_hybrid.engines.batched.readout import Readout
from tfq_hybrid.engines.batched.states import apply_gate_to_state
from tfq_hybrid.engines.noise.channels import Channel
from tfq_hybrid.engines.program import Program
from tfq_hybrid.engines.register import Register
from tfq_hybrid.errors import check_integer

# Of all trajectories that run side by side: more would leave the processor's
# cache. One of each example is the least.
_AMPLITUDES_AT_ONCE = 2**18


class ChannelStep:
    """Draws one Kraus operator for each example, and applies it.

    The place distinguishes the draws of one run.
    """

    def __init__(self, channel: Channel, register: Register, place: int):
        self._gates = [constant_gate(k, channel.qubits) for k in channel.kraus]
        self._register = register
        self._place = place

    def apply(self, state: State, values: Values) -> State:
        """The next state, normalised."""
        parts, branches = state.parts(), []
        for gate in self._gates:
            places = [state.qubits.index(qubit) for qubit in gate.qubits]
            branch = apply_gate_to_state(
                parts, gate, None, places, self._register
            )
            if len(branch) == 1:
                branch.append(tf.zeros_like(branch[0]))
            branches.append(tf.stack(branch))
        probabilities = tf.stack(
            [tf.reduce_sum(tf.square(b), axis=[0, 1]) for b in branches]
        )
        edges = tf.cumsum(probabilities)  # (operators, batch)
        drawn = values.uniform(self._place) * edges[-1]
        index = tf.reduce_sum(tf.cast(edges[:-1] <= drawn, tf.int32), axis=0)
        chosen = tf.one_hot(index, len(branches), axis=0, dtype=parts[0].dtype)
        norm = tf.sqrt(tf.reduce_sum(chosen * probabilities, axis=0))
        scale = chosen / tf.maximum(norm, np.finfo(np.float32).tiny)
        pairs = zip(tf.unstack(scale), branches, strict=True)
        total = tf.add_n([s * branch for s, branch in pairs])
        return state.with_parts(tf.unstack(total))


class TrajectoryEngine(PlannedEngine):
    """Means over random trajectories of a noisy program.

    It is evaluated only: its gradient is for the estimates to find.

    Args:
        program: whose circuit has channels.
        repetitions: how many trajectories.
        sample: of expectations, repetitions and a seed, as `Terms.sample`: each
            trajectory gives what one shot measures. Defaults to `None`: its
            exact expectations.
    """

    def __init__(
        self,
        program: Program,
        repetitions: Any,
        sample: Callable[..., tf.Tensor] | None = None,
    ):
        check_integer("repetitions", repetitions, minimum=1)
        super().__init__(
            program,
            program.gates_and_channels,
            Register(program.qubits),
            Readout(program.operators, program.qids),
        )
        self.repetitions = repetitions
        self._sample = sample

    @property
    def _passes_from_states(self):
        return [one for one in self._passes if one is not take_prefix]

    def _compile(self, readout, passes):
        """Compiles the runs of gates between channels one by one."""
        drops = (drop_outside_light_cone, drop_before_readout)
        whole = first_plan(self._symbols, self._gates, self.register, readout)
        for one in drops:
            whole = one(whole) if one in passes else whole
        rest = [one for one in passes if one not in drops]
        runs = [[]]
        for gate in whole.gates:
            if isinstance(gate, Channel):
                runs += [gate, []]
            else:
                runs[-1].append(gate)
        steps = []
        prefix = whole.prefix
        for place, run in enumerate(runs):
            if isinstance(run, Channel):
                steps.append(ChannelStep(run, self.register, place))
                continue
            plan = whole.with_gates(run)
            for one in rest:
                if place == 0 or one is not take_prefix:
                    plan = one(plan)
            steps += plan.steps
            prefix = plan.prefix if place == 0 else prefix
        return dataclasses.replace(whole, steps=tuple(steps), prefix=prefix)

    @tf.autograph.experimental.do_not_convert
    def __call__(self, features, weights, states=None, seed=None):
        """Estimates for a batch; equal seeds give equal draws."""
        batch = tf.shape(features)[0]
        amplitudes = self.register.size * tf.maximum(batch, 1)
        chunk = tf.clip_by_value(
            _AMPLITUDES_AT_ONCE // amplitudes, 1, self.repetitions
        )
        chunks = -(-self.repetitions // chunk)
        # Evenly, so that the last chunk has few too many.
        chunk = -(-self.repetitions // chunks)

        def total(place):
            own = tf.random.experimental.stateless_fold_in(seed, place)
            counts = place * chunk + tf.range(chunk) < self.repetitions
            counts = tf.cast(counts, features.dtype)[:, tf.newaxis]
            values = self._values(features, weights, states, own, chunk)
            return tf.reduce_sum(values * counts, axis=1)

        sums = tf.map_fn(
            total,
            tf.range(chunks),
            parallel_iterations=1,  # memory for one chunk
            fn_output_signature=tf.TensorSpec(
                [None, len(self.program.operators)], features.dtype
            ),
        )
        return tf.reduce_sum(sums, axis=0) / self.repetitions

    def _values(self, features, weights, states, seed, count):
        """Of each trajectory: a tensor (batch, count, operators)."""
        many = tf.repeat(features, count, axis=0)
        if states is not None:
            states = tf.repeat(states, count, axis=0)
        draws = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        values = self._along(many, weights, states, draws[0])
        if self._sample is not None:
            values = self._sample(values, 1, draws[1])
        return tf.reshape(
            values, [tf.shape(features)[0], count, len(self.program.operators)]
        )

    def _along(self, features, weights, states, seed):
        """The expectations at the end of one trajectory of each example."""
        return self.run(features, weights, states, seed)
