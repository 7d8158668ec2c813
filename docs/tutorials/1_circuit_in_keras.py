# %% [markdown]
# # A circuit in a Keras model
#
# We classify short reviews by a bag of words, once with a circuit of four
# qubits and once with a classical bottleneck of its size, and keep the better
# one as a file. The reviews come with the package, so that nothing is
# downloaded; they are made from a grammar, and easy.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

import tfq_hybrid
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.circuits.drawing import draw_circuit
from tfq_hybrid.data import load_dataset
from tfq_hybrid.layers import BottleneckDense, QuantumDense

reviews = load_dataset("embedded")
texts, labels = np.array(reviews.texts[:3000]), reviews.labels[:3000]
print(texts[0], "->", reviews.label_names[labels[0]])

words = keras.layers.TextVectorization(200, output_mode="multi_hot")
words.adapt(texts)
features = np.array(words(texts), "float32")
train, test = slice(0, 2400), slice(2400, None)

# %% [markdown]
# A `CircuitSpec` says what the circuit is: how features become angles, which
# gates a layer has, which qubits it couples, how deep it is. `QuantumDense`
# puts a Dense layer before it, which makes four angles of 200 features, and
# one behind it.

# %%
spec = CircuitSpec(
    qubits=4,
    encoding="angle",
    ansatz=("ry", "rz", "cnot"),
    entanglement="ring",
    depth=2,
)
draw_circuit(spec.circuit, spec.weights, spec.operators)


# %%
def trained(layer, seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input(features.shape[1:]), layer])
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        features[train],
        labels[train],
        epochs=15,
        validation_split=0.2,
        verbose=0,
    )
    return model, history.history


quantum, with_circuit = trained(QuantumDense(1, spec))
bottleneck, without = trained(BottleneckDense(1, features=4, observables=4))
for name, model in (("circuit", quantum), ("bottleneck", bottleneck)):
    accuracy = model.evaluate(features[test], labels[test], verbose=0)[1]
    print(f"{name:10} {model.count_params()} parameters, {accuracy:.1%}")

# %% [markdown]
# One seed says little. What a circuit is worth beside its baseline, with an
# interval, is the subject of the tutorial on comparisons.

# %%
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.plot(with_circuit["val_loss"], "o-", label="circuit, 4 qubits, simulated")
axes.plot(without["val_loss"], "s--", label="bottleneck of its size")
axes.set(xlabel="epoch", ylabel="validation loss in nats", title="One seed")
axes.legend()

# %% [markdown]
# The model is a Keras model: it is saved, and read back with the same
# answers. `load_model` runs no code of the file, whoever wrote it.

# %%
quantum.save("reviews.keras")
again = tfq_hybrid.load_model("reviews.keras")
difference = again.predict(features[test], verbose=0) - quantum.predict(
    features[test], verbose=0
)
print("largest difference:", np.abs(difference).max())
