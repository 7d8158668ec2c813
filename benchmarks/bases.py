"""What a pretrained language model costs: loading it, and steps of adapters.

    python -m benchmarks.bases --data alpaca_4000.jsonl [--rounds 5]

SmolLM2 as `tfq-hybrid presets add smollm2-135m` keeps it, LoRA in its upper six
blocks, a batch of 4 dialogues of 128 tokens. A step is timed on all tokens, on
those that are learned, and on these above the states of the frozen blocks; in
turn. Loading is timed, and its peak of memory taken, in a process of its own.
"""

import json
import subprocess
import sys

import keras

from benchmarks.common import alternate, make_parser, ratio, summary, write
from tfq_hybrid.training import TASKS, TrainConfig
from tfq_hybrid.training.build import build_model, compile_model
from tfq_hybrid.training.frozen import above_frozen, only_learned

PRESET = "smollm2-135m"
LENGTH, BATCH = 128, 4
LOAD = f"""
import json, re, time, keras_hub
import tfq_hybrid.bases.chat_tokenizer
from tfq_hybrid.bases import as_preset
from tfq_hybrid.files.presets import from_preset
def peak():
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", file.read())[1])
before, began = peak(), time.perf_counter()
model = from_preset(keras_hub.models.CausalLM, as_preset({PRESET!r}))
found = dict(seconds=time.perf_counter() - began, peak=peak() - before)
print(json.dumps(dict(found, bytes=4 * model.count_params())))
"""


def loading():
    """Seconds, and the peak over the size of the weights."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "seconds": round(found["seconds"], 1),
        "peak over weights": round(found["peak"] / found["bytes"], 2),
    }


def steps(data, rounds):
    """A training step on the same batch in three ways."""
    config = TrainConfig(
        data,
        limit=BATCH,
        validation_data=data,
        sequence_length=LENGTH,
        batch_size=BATCH,
        options={
            "preset": PRESET,
            "adapter": {"method": "LoRA", "layers": list(range(24, 30))},
        },
    )
    task = TASKS[config.task]
    keras.utils.set_random_seed(0)
    model = build_model(config, ["of the preset"])
    training, _ = task.load(config)
    batch = task.encode(training, model, config)
    compile_model(model, config, steps_per_epoch=1000)
    [learned] = only_learned(model, [batch])
    [above] = above_frozen(model, [learned])
    model.preprocessor = None

    def step(part):
        rows = next(iter(part.batches(BATCH)))
        return lambda: model.train_on_batch(rows[0], rows[1], rows[2])

    seconds = alternate(
        {
            "all tokens": step(batch),
            "learned tokens": step(learned),
            "above frozen blocks": step(above),
        },
        rounds,
    )
    return {
        "tokens": BATCH * LENGTH,
        "learned": batch.learned,
        **{name: summary(times) for name, times in seconds.items()},
        "learned over all": ratio(
            seconds["learned tokens"], seconds["all tokens"]
        ),
        "above over all": ratio(
            seconds["above frozen blocks"], seconds["all tokens"]
        ),
    }


def main():
    options = make_parser(__doc__, rounds=5, data=True).parse_args()
    found = {"loading": [loading() for _ in range(3)]}
    print(found)
    found["step"] = steps(options.data, options.rounds)
    print(found["step"])
    write(
        options.output or "bases",
        about="SmolLM2: loading, and a step of LoRA in its upper six blocks.",
        rounds=options.rounds,
        **found,
    )


if __name__ == "__main__":
    main()
