"""The last pass: gates become the steps that cost least.

Gates that share their values across the batch fuse into matrices on a few
qubits, any that suit; diagonal ones, fed or not, into one vector of phases;
those that relabel basis states into one gather. At each point the greedy
choice is the step that does most for its cost (`costs`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.costs import (
    PERMUTATION,
    block_cost,
    phases_cost,
    plan_cost,
)
from tfq_hybrid.engines.batched.frames import fed_as_phases
from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.phases import DiagonalStep
from tfq_hybrid.engines.batched.plan import Plan
from tfq_hybrid.engines.batched.steps import GateStep, PermutationStep

_WINDOW = 200  # gates that are looked at for a step of a large register
_SEEDS = 6  # gates from which a block is tried to grow


def fuse(plan: Plan) -> Plan:
    """Fuses gates into steps.

    Fed gates are kept, or their phases are, and blocks are of several widths:
    of these plans the one that costs least.
    """
    forms = [plan.gates]
    if plan.register.radix == 2:
        phases = fed_as_phases(plan.gates, plan.features)
        if len(phases) != len(plan.gates):
            forms.append(phases)
    plans = (
        plan.with_steps(_Fusion(plan, gates, width).steps())
        for gates in forms
        for width in plan.register.block_widths
    )
    return min(plans, key=plan_cost)


class _Fusion:
    """The gates that are left, and what the next step may take of them."""

    def __init__(self, plan: Plan, gates: Sequence[TrigGate], width: int):
        self._width = width
        self._register = plan.register
        self._gates = gates
        self._masks = [sum(1 << q for q in gate.qubits) for gate in gates]
        self._fed = [gate.symbol in plan.features for gate in gates]
        self._left = list(range(len(gates)))
        # Of the states' axes: a block moves its own to the front, and fewer
        # moves are needed where they keep their order.
        self._order = list(range(plan.register.qubits))
        # Where one matrix serves all qubits, it takes all gates.
        is_one = plan.register.is_one_block
        self._window = len(gates) if is_one else _WINDOW

    def steps(self) -> Iterator[Any]:
        """The steps, in order."""
        register = self._register
        while self._left:
            options = [*self._options()]
            if not options:  # only gates that are fed, and that are not phases
                taken = self._left[:1]
                yield GateStep(self._gates[taken[0]], register)
            else:
                _, taken, make = max(options, key=lambda option: option[0])
                yield make([self._gates[i] for i in taken])
            gone = set(taken)
            self._left = [i for i in self._left if i not in gone]

    def _options(self):
        """Steps that may come next: (worth, gates, what makes the step)."""
        register = self._register
        ready = self._ready()
        seeds = [i for i in ready if not self._fed[i]]
        for seed in seeds[:: -(-len(seeds) // _SEEDS) or 1]:
            yield self._block(seed)
        if register.radix == 2:
            # A gate that is fed waits while others can still join its step.
            waits = any(not self._gates[i].is_diagonal for i in seeds)
            phases = self._unblocked(
                lambda i: (
                    self._gates[i].is_diagonal and not (waits and self._fed[i])
                )
            )
            if phases:
                cost = phases_cost(
                    all(self._gates[i].is_real for i in phases),
                    any(self._fed[i] for i in phases),
                )
                worth = self._worth(phases) / cost
                yield worth, phases, lambda g: DiagonalStep(g, register)
        moves = self._unblocked(lambda i: self._gates[i].is_permutation)
        if moves:
            worth = self._worth(moves) / PERMUTATION
            yield worth, moves, lambda g: PermutationStep(g, register)

    def _worth(self, taken):
        return sum(len(self._gates[i].qubits) for i in taken)

    def _ready(self):
        """The first gates: those that wait for no other."""
        seen, ready = 0, []
        for i in self._left[: self._window]:
            if not self._masks[i] & seen:
                ready.append(i)
            seen |= self._masks[i]
        return ready

    def _unblocked(self, fits: Callable[[int], bool]) -> list[int]:
        """The gates of one kind that wait for none of another kind."""
        blocked, taken = 0, []
        for i in self._left[: self._window]:
            if not self._masks[i] & blocked and fits(i):
                taken.append(i)
            else:
                blocked |= self._masks[i]
        return taken

    def _inside(self, group):
        """The shared gates on a group of qubits, a mask, that may come next."""
        blocked, taken = 0, []
        for i in self._left[: self._window]:
            mask = self._masks[i]
            if mask & blocked or mask & ~group or self._fed[i]:
                blocked |= mask
                if not group & ~blocked:
                    break
            else:
                taken.append(i)
        return taken

    def _block(self, seed):
        """The block that grows around a gate."""
        group = self._masks[seed]
        taken = self._inside(group)
        while True:
            best = None
            for mask in self._next_masks(group, taken):
                larger = group | mask
                if larger.bit_count() > self._width:
                    continue
                inside = self._inside(larger)
                gain = self._worth(inside) - self._worth(taken)
                rank = gain / (larger.bit_count() - group.bit_count())
                if gain and (best is None or rank > best[0]):
                    best = rank, larger, inside
            if best is None:
                break
            _, group, taken = best
        qubits = [q for q in range(self._register.qubits) if group >> q & 1]
        is_real = all(self._gates[i].is_real for i in taken)
        cost = block_cost(self._register.radix ** len(qubits), is_real)
        return (
            self._worth(taken) / cost,
            taken,
            lambda gates: self._made_block(gates, qubits),
        )

    def _made_block(self, gates, qubits):
        group = sorted(qubits, key=self._order.index)
        self._order = [*group, *(q for q in self._order if q not in group)]
        return BlockStep(gates, group, self._register)

    def _next_masks(self, group, taken):
        """Qubits by which a group could grow: of gates that come next."""
        gone = set(taken)
        masks, seen = set(), 0
        for i in self._left[: self._window]:
            mask = self._masks[i]
            if i in gone:
                continue
            if not self._fed[i] and not mask & seen:
                masks.add(mask)
            seen |= mask
        return masks
