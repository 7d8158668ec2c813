"""Loading a `.keras` file, checked and by Keras alone, side by side.

    python -m benchmarks.loading [--rounds 15] [--output FILE]

Both load the same file in one process, in turn, and the ratio is taken turn
by turn. What the check adds: the walk over the config, a look at the headers
of the arrays, and the budget of what is built.
"""

import pathlib
import tempfile

import keras
import keras_hub

from benchmarks.common import alternate, make_parser, ratio, summary, write
from tfq_hybrid.files.models import load_model
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.models import QFFNBert

VOCABULARY = 30_522


def dense():
    """Two layers, of which one is a circuit."""
    layers = [
        keras.Input((16,)),
        QuantumDense(8, "qffn"),
        keras.layers.Dense(2),
    ]
    return keras.Sequential(layers)


def functional():
    """A hundred layers."""
    inputs = hidden = keras.Input((16,))
    for _ in range(50):
        hidden = keras.layers.Dense(16, activation="gelu")(hidden)
        hidden = keras.layers.LayerNormalization()(hidden) + inputs
    return keras.Model(inputs, hidden)


def bert(layers, width):
    """A BERT of keras-hub."""
    return keras_hub.models.BertBackbone(
        vocabulary_size=VOCABULARY,
        num_layers=layers,
        num_heads=width // 64,
        hidden_dim=width,
        intermediate_dim=4 * width,
    )


MODELS = {
    "a circuit and a Dense layer": dense,
    "a Functional model of 100 layers": functional,
    "QFFN-BERT, tiny": lambda: QFFNBert(vocabulary_size=VOCABULARY),
    "BERT-tiny": lambda: bert(2, 128),
    "BERT-medium": lambda: bert(8, 512),
}


def main():
    options = make_parser(__doc__, rounds=15).parse_args()
    found = {}
    for name, build in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.keras"
            build().save(path)
            seconds = alternate(
                {
                    "keras": lambda path=path: keras.models.load_model(
                        path, compile=False
                    ),
                    "checked": lambda path=path: load_model(path),
                },
                options.rounds,
            )
            found[name] = {
                "megabytes": round(path.stat().st_size / 1e6, 2),
                **{key: summary(times) for key, times in seconds.items()},
                "checked over keras": ratio(
                    seconds["checked"], seconds["keras"]
                ),
            }
        print(f"{name:<36}{found[name]}")
    write(
        options.output or "loading",
        about="Loading a .keras file, without compiling; in turn.",
        rounds=options.rounds,
        models=found,
    )


if __name__ == "__main__":
    main()
