"""Time of a training step: quantum blocks beside classical baselines.

    python -m benchmarks.step_time [--data FILE] [--rounds 15] \\
        [--xla] [--engines]

Steps of BERT-tiny on batches of 64 sentences of 48 tokens, every token
through the block in both layers. The models train in turn, a few steps each,
and the ratio is taken turn by turn. `--engines` adds the quantum blocks on
TensorFlow Quantum's operations.
"""

from benchmarks.common import (
    alternate,
    classifier,
    make_parser,
    ratio,
    summary,
    write,
)
from tfq_hybrid.training import TrainConfig

# Title of the blocks: what differs from the default configuration.
BLOCKS = {
    "quantum, batched": {"engine": "batched"},
    "quantum, tfq": {"engine": "tfq"},
    "ffn": {"baseline": "ffn"},
    "bottleneck": {"baseline": "bottleneck"},
}


def make_step(config, changes):
    """A function that trains one step on a fixed batch."""
    model, tokens, labels = classifier(config, changes)
    return lambda: float(model.train_on_batch(tokens, labels)[0])


def main():
    parser = make_parser(__doc__, rounds=15, data=True)
    parser.add_argument("--xla", action="store_true")
    parser.add_argument("--engines", action="store_true")
    options = parser.parse_args()
    config = TrainConfig(data=options.data, xla=options.xla)
    steps = {
        name: make_step(config, changes)
        for name, changes in BLOCKS.items()
        if options.engines or name != "quantum, tfq"
    }
    seconds = alternate(steps, options.rounds)
    batched = seconds["quantum, batched"]
    blocks = {name: summary(times) for name, times in seconds.items()}
    over_batched = {
        name: ratio(times, batched)
        for name, times in seconds.items()
        if name != "quantum, batched"
    }
    for name, figures in blocks.items():
        print(f"{name:<20}{figures} {over_batched.get(name, '')}")
    name = "step_time_xla" if options.xla else "step_time"
    write(
        options.output or name,
        about=(
            f"BERT-tiny, {config.batch_size} sentences of "
            f"{config.sequence_length} tokens, every token through the "
            "block in both layers; all models in one process, in turn."
        ),
        rounds=options.rounds,
        config={**config.to_dict(), "data": options.data.rpartition("/")[2]},
        blocks=blocks,
        over_batched=over_batched,
    )


if __name__ == "__main__":
    main()
