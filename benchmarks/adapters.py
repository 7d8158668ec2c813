"""Time of a training step: QAA and LoRA of its size, side by side.

    python -m benchmarks.adapters [--size tiny] [--rounds 7] \\
        [--place attention] [--tokens 512] [--xla]

Steps of a frozen GPT-2 on random tokens: the text does not change the time.
`--size 125m` is GPT-2's own size with `--layers` of its twelve layers and a
vocabulary of `--vocabulary` words; fewer of both make the ratio a stricter
one, since the vocabulary costs both alike. The models train in turn, and the
ratio is taken turn by turn. The goal is a ratio of at most 1.1.
"""

import keras
import keras_hub
import numpy as np

from benchmarks.common import alternate, make_parser, ratio, summary, write
from tfq_hybrid.adapters import trainable_parameters
from tfq_hybrid.models import QAAOptions, apply_qaa, qaa_base

SEED = 0
SEQUENCE = 128
GOAL = 1.1


def make_step(options, baseline, arguments):
    """A function that trains one step on a fixed batch, and the model."""
    keras.utils.set_random_seed(SEED)
    base = qaa_base(
        arguments.size,
        vocabulary_size=arguments.vocabulary,
        num_layers=arguments.layers,
        max_sequence_length=SEQUENCE,
    )
    model = keras_hub.models.GPT2CausalLM(base, compile=False)
    apply_qaa(model, options, baseline)
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=arguments.xla,
    )
    shape = (max(1, arguments.tokens // SEQUENCE), SEQUENCE)
    ids = np.random.default_rng(SEED).integers(1, arguments.vocabulary, shape)
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    return lambda: float(model.train_on_batch(inputs, ids)[0]), model


def main(argv=None):
    parser = make_parser(__doc__, rounds=7)
    parser.add_argument("--size", default="tiny", help="tiny, 10m or 125m")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=512, help="of a step")
    parser.add_argument("--place", default="attention")
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--xla", action="store_true")
    arguments = parser.parse_args(argv)
    options = QAAOptions(place=arguments.place, depth=arguments.depth)
    steps, trained = {}, {}
    for name, baseline in (("QAA", None), ("LoRA", "lora")):
        steps[name], model = make_step(options, baseline, arguments)
        trained[name] = trainable_parameters(model)
    seconds = alternate(steps, arguments.rounds)
    over_lora = ratio(seconds["QAA"], seconds["LoRA"])
    figures = {name: summary(times) for name, times in seconds.items()}
    print(f"{'':<8}{'trained':>10}{'median ms':>12}{'min ms':>10}")
    for name, values in figures.items():
        print(
            f"{name:<8}{trained[name]:>10,}{values['median_ms']:>12.1f}"
            f"{values['min_ms']:>10.1f}"
        )
    print(
        f"QAA / LoRA: {over_lora['median']} ({over_lora['min']} to "
        f"{over_lora['max']}); goal at most {GOAL}"
    )
    write(
        arguments.output or f"adapters_{arguments.size}",
        about="A training step of QAA and of LoRA of its size, in turn.",
        seed=SEED,
        config=vars(arguments),
        trained=trained,
        steps=figures,
        qaa_over_lora=over_lora,
        goal=GOAL,
    )


if __name__ == "__main__":
    main()
