# %% [markdown]
# # A barren plateau, seen and avoided
#
# The gradient of a random circuit vanishes with its number of qubits
# ([McClean et al. 2018](https://arxiv.org/abs/1803.11173)). We measure that
# for the circuit that we mean to train, before we train it, and then start it
# as blocks of the identity ([Grant et al.
# 2019](https://arxiv.org/abs/1903.05076)).

# %%
import matplotlib.pyplot as plt

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.diagnostics import (
    RandomCircuit,
    fit_decay,
    gradient_variance,
)


def spec(qubits, **options):
    return CircuitSpec(
        qubits=qubits,
        ansatz=("ry", "cz", "rx"),
        entanglement="linear",
        depth=24,
        **options,
    )


# %% [markdown]
# The variance is taken over draws of what a training starts from, and of
# features: with all angles at zero, a circuit that is the identity sits at an
# extremum.

# %%
STARTS = {
    "uniform angles": {},
    "blocks of the identity": {
        "mirror": 3,
        "initialization": "identity_blocks",
    },
}
found = {
    name: {
        qubits: gradient_variance(
            RandomCircuit(spec(qubits, **options), features="random"),
            "Z0*Z1",
            samples=100,
            seed=0,
        )
        for qubits in (2, 4, 6, 8)
    }
    for name, options in STARTS.items()
}
for name, variances in found.items():
    print(name, {q: f"{v.value:.1e}" for q, v in variances.items()})

# %%
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
for marker, (name, variances) in zip("os", found.items(), strict=True):
    values = [v.value for v in variances.values()]
    ends = [
        [v.value - v.low for v in variances.values()],
        [v.high - v.value for v in variances.values()],
    ]
    axes.errorbar([*variances], values, ends, marker=marker, label=name)
axes.set(
    xlabel="qubits",
    ylabel="variance of the gradient",
    yscale="log",
    title="24 layers, Z0 Z1, 100 draws, 95 % CI",
)
axes.legend()

# %%
decay = fit_decay(found["uniform angles"])
print(
    f"From uniform angles the variance falls as 2^(-{decay['rate']:.2f} n), "
    f"95 % CI [{decay['low']:.2f}, {decay['high']:.2f}]."
)

# %% [markdown]
# What one keeps is the spec: `QuantumDense(units, spec(8, mirror=3,
# initialization="identity_blocks"))` begins with that gradient. It says
# nothing of what the circuit can learn. `tfq-hybrid diagnose` measures the
# same for a grid of circuits, and draws the page.
