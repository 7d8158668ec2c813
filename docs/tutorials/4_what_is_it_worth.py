# %% [markdown]
# # What is a circuit worth beside a classical adapter?
#
# A network that reads digits is adapted to digits that lie on their side, by
# a circuit after its first layer, by LoRA and by a bottleneck there, and by
# training all of it. `compare` trains each from the same seeds on the same
# examples, picks the learning rate on validation data, reads the test data
# once, and says what the intervals carry. The scans are those that
# scikit-learn brings (UCI, 1998).

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from tfq_hybrid import comparison
from tfq_hybrid.adapters import (
    BottleneckAdapter,
    LoRA,
    QuantumAdapter,
)

images, digits = load_digits(return_X_y=True)
images = (images / 16).astype("float32")
turned = np.rot90(images.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
figure, axes = plt.subplots(1, 10, figsize=(8, 1), layout="constrained")
for digit, panel in enumerate(axes):
    panel.imshow(turned[digits == digit][0].reshape(8, 8), cmap="Greys")
    panel.axis("off")

# %% [markdown]
# ## A base that knows something else
#
# It is trained on the first half of the scans.

# %%
keras.utils.set_random_seed(0)


def network():
    return keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, "relu", name="hidden"),
            keras.layers.Dense(16, "relu", name="features"),
            keras.layers.Dense(10, name="logits"),
        ]
    )


base = network()
half = len(images) // 2
base.compile(
    keras.optimizers.Adam(0.01),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
base.fit(images[:half], digits[:half], epochs=20, verbose=0)
for name, scans in (("upright", images[half:]), ("turned", turned[half:])):
    accuracy = base.evaluate(scans, digits[half:], verbose=0)[1]
    print(f"{name} digits it has not seen: {accuracy:.1%}")


def build():
    """The base, which a method adapts."""
    model = network()
    model.set_weights(base.get_weights())
    return model


# %% [markdown]
# ## The comparison
#
# 200 turned digits to train, 200 to choose the rate, the rest to test. All
# adapters sit at the same layer, and have about the same size.

# %%
parts = [
    (turned[some], digits[some])
    for some in np.split(np.arange(half, len(images)), [200, 400])
]
found = comparison.compare(
    {
        "all weights": None,
        "LoRA": LoRA(targets="hidden", rank=2),
        "bottleneck": BottleneckAdapter(targets="hidden", width=3),
        "circuit": QuantumAdapter(targets="hidden"),
    },
    build=build,
    data=parts,
    shared={"epochs": 20, "batch_size": 16},
    seeds=5,
    rates=3,
    report=lambda line: None,
)
print(*found.sentences, sep="\n\n")

# %%
for row in found.content["rows"]:
    accuracy = row["metrics"]["accuracy"]
    print(
        f"{row['name']:12} {accuracy['value']:5.1f} "
        f"[{accuracy['low']:.1f}, {accuracy['high']:.1f}] %, "
        f"{row['parameters']:,} parameters"
    )

# %% [markdown]
# What one keeps is the page: every row with its curve, its cost and the
# examples on which the rows differ.

# %%
found.page("digits.html")
