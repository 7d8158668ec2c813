"""`Plan`: what the passes transform and the batched engine runs."""

import dataclasses

from tfq_hybrid.engines.readout import Readout
from tfq_hybrid.engines.register import Register
from tfq_hybrid.engines.steps import GateStep


@dataclasses.dataclass(frozen=True)
class Plan:
    """A way to run a program.

    Attributes:
        register: `Register`.
        fed, trained: frozenset of str. The program's symbols.
        prefix: tuple of one tuple of one-qubit `TrigGate` for each qubit.
            They act before all steps, from the zero state.
        steps: tuple of steps, in order.
        readout: `Readout` or `PauliReadout`.
    """

    register: Register
    fed: frozenset
    trained: frozenset
    prefix: tuple
    steps: tuple
    readout: Readout

    @property
    def gates(self):
        """The gates of a plan whose steps are still single gates."""
        return [step.gate for step in self.steps]

    def with_gates(self, gates, **changes):
        """The plan with single gates as steps."""
        steps = tuple(GateStep(gate, self.register) for gate in gates)
        return dataclasses.replace(self, steps=steps, **changes)

    def with_steps(self, steps):
        """The plan with other steps."""
        return dataclasses.replace(self, steps=tuple(steps))


def first_plan(program, gates, register, readout):
    """The plan that no pass has touched: one step a gate."""
    empty = Plan(
        register,
        frozenset(program.fed),
        frozenset(program.trained),
        prefix=((),) * register.qubits,
        steps=(),
        readout=readout,
    )
    return empty.with_gates(gates)
