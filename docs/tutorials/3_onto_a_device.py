# %% [markdown]
# # From a trained layer to a device
#
# A layer is trained by exact simulation. We count what its circuits take on
# hardware, ask a noisy device for its answers, and see what mitigation gives
# back. The device is a simulation here; a vendor's sampler stands in the same
# place.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

from tfq_hybrid.circuits import to_qasm
from tfq_hybrid.hardware import (
    Device,
    ReadoutInversion,
    ZeroNoise,
    device_named,
    evaluate_on,
    resources,
    shots_for_error,
)
from tfq_hybrid.layers import QuantumDense

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, (400, 2)).astype("float32")
labels = (np.prod(points, axis=1) > 0).astype(
    "int32"
)  # the parity of the signs
model = keras.Sequential([keras.Input((2,)), QuantumDense(2, "qffn")])
model.compile(
    keras.optimizers.Adam(0.05),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(points, labels, epochs=30, verbose=0)
print(f"{model.evaluate(points, labels, verbose=0)[1]:.1%} by simulation")

# %% [markdown]
# ## What it takes

# %%
print(resources(model, shots=2000, gateset="cz"))
layer = model.layers[0]
print(shots_for_error(layer, points[0], error=0.02))

# %% [markdown]
# The circuit of one row, without symbols, as OpenQASM 3 for any other tool:

# %%
print(to_qasm(layer.resolved_circuit(points[0])))

# %% [markdown]
# ## On a noisy device

# %%
some = points[:24]


def asked(mitigation):
    sampler = device_named("simulator:depolarize=0.01", seed=1)
    device = Device(sampler, "cz", mitigation=mitigation, max_jobs=100)
    found = evaluate_on(model, some, device, repetitions=2000)
    error = np.abs(found.outputs - found.reference).mean()
    print(f"{found.jobs} jobs, {found.shots:,} shots, mean error {error:.3f}")
    return error


errors = {
    "as it is": asked(()),
    "readout inverted": asked([ReadoutInversion()]),
    "and no noise extrapolated": asked([ReadoutInversion(), ZeroNoise()]),
}

# %%
figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
axes.barh([*errors], [*errors.values()])
axes.set(
    xlabel="mean error of a logit", title="24 points, 2,000 shots a circuit"
)
