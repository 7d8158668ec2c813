"""HyQuT beside its classical baseline: training step, generation, size.

    python -m benchmarks.hyqut [--size 8m|150m] \\
        [--tokens 512,2048] [--rounds 7] [--targets query] [--baseline dense] \\
        [--save] [--new-tokens 64] [--output FILE]

Steps of whole trainings (loss, gradient, Adam) on one batch of windows of 256
tokens, and cached greedy generation of one text, both models in one process
and in turn; the ratio is taken turn by turn. With `--save` the quantum model
is saved and loaded too, and its peak of resident memory reported.
"""

import pathlib
import resource
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf

from benchmarks.common import alternate, make_parser, ratio, summary, write
from tfq_hybrid.data import byte_pair_vocabulary
from tfq_hybrid.models import reduction
from tfq_hybrid.models.hyqut.reduction import PUBLISHED
from tfq_hybrid.models.hyqut.system import SIZES
from tfq_hybrid.serving.streaming import TextStream, make_sampler
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.build import build_model, compile_model

SEED = 0
LENGTH = 256
# At most this ratio of steps, by size and tokens; at least that of tokens/s.
STEP_GOALS = {("8m", 2048): 1.4, ("150m", 512): 1.15}
GENERATION_GOAL = 0.7
MEMORY_GOAL_GIB = 24


def merges_for(size):
    """Merges of two bytes that make a vocabulary of that size."""
    letters = sorted(t for t in byte_pair_vocabulary([]) if len(t) == 1)
    pairs = [f"{a} {b}" for a in letters for b in letters]
    return pairs[: size - 260]


def build(options, baseline):
    """A compiled model of the size, or its baseline."""
    keras.utils.set_random_seed(SEED)
    config = TrainConfig(
        "none",
        model="hyqut",
        baseline=baseline,
        sequence_length=LENGTH,
        xla=options.xla,
        options={
            "size": options.size,
            "targets": options.targets.split(","),
            "circuit": options.circuit,
        },
    )
    merges = merges_for(SIZES[options.size]["vocabulary_size"])
    model = build_model(config, merges)
    compile_model(model, config, steps_per_epoch=1000)
    return model


def make_step(model, tokens):
    """A function that trains one step on a fixed batch of windows."""
    shape = tokens // LENGTH, LENGTH + 1
    draw = np.random.default_rng(SEED).integers
    ids = draw(4, model.backbone.vocabulary_size, shape).astype("int32")
    inputs = {
        "token_ids": tf.constant(ids[:, :-1]),
        "padding_mask": tf.ones((shape[0], LENGTH), "bool"),
    }
    targets = tf.constant(ids[:, 1:])
    weights = tf.ones(targets.shape)
    return lambda: float(model.train_on_batch(inputs, targets, weights)[0])


def make_generation(model, preprocessor, new_tokens, jit_compile):
    """A function that continues one prompt by that many tokens."""
    model.preprocessor = preprocessor
    stream = TextStream(model, jit_compile=jit_compile)
    # No text ends early, so that both models make as many tokens.
    stream.tokenizer.end_token_id = -1
    sampler = make_sampler(greedy=True)
    return lambda: len(list(stream("ab" * 16, new_tokens, sampler)))


def compare(title, functions, rounds, is_rate=False):
    """Times both in turn; the ratio is of seconds, or of one over them."""
    seconds = alternate(functions, rounds)
    found = {name: summary(times) for name, times in seconds.items()}
    quantum, baseline = seconds.values()
    pair = (baseline, quantum) if is_rate else (quantum, baseline)
    found["ratio"] = ratio(*pair)
    print(f"{title}: {found}", flush=True)
    return found


def save_and_load(model):
    """Seconds to save and to load, and the largest difference of logits."""
    ids = tf.ones((1, 8), "int32")
    inputs = {"token_ids": ids, "padding_mask": ids}
    expected = np.array(model(inputs))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.keras"
        began = time.perf_counter()
        model.save(path)
        saved = time.perf_counter()
        restored = keras.models.load_model(path, compile=False)
        loaded = time.perf_counter()
        size = path.stat().st_size
    difference = np.abs(np.array(restored(inputs)) - expected).max()
    return {
        "save_seconds": round(saved - began, 1),
        "load_seconds": round(loaded - saved, 1),
        "file_mib": round(size / 2**20),
        "largest_difference": float(difference),
    }


def main():
    parser = make_parser(__doc__, rounds=7)
    parser.add_argument("--size", default="8m", choices=SIZES)
    parser.add_argument("--tokens", default="512,2048")
    parser.add_argument("--targets", default="query")
    parser.add_argument("--circuit", default="hyqut_ring")
    parser.add_argument("--baseline", default="dense")
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--xla", action="store_true")
    parser.add_argument("--generation-xla", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    models = {
        "quantum": build(options, None),
        options.baseline: build(options, options.baseline),
    }
    sizes = reduction(models["quantum"].backbone, LENGTH)
    published = PUBLISHED.get(options.size, {})
    for name, found in sizes.items():
        line = f"{name}: {found['model']:,}, dense {found['dense']:,}, change "
        line += f"{found['change']:+.1%}"
        if published:
            line += f" (paper {published[name]:+.1%}, of layers not given)"
        print(line)
    preprocessors = {n: model.preprocessor for n, model in models.items()}
    for model in models.values():
        model.preprocessor = None  # the batches are tokens already
    steps = {}
    for tokens in map(int, options.tokens.split(",")):
        functions = {n: make_step(m, tokens) for n, m in models.items()}
        found = compare(f"{tokens} tokens", functions, options.rounds)
        found["goal"] = STEP_GOALS.get((options.size, tokens))
        steps[tokens] = found
    generation = None
    if options.new_tokens:
        functions = {
            name: make_generation(
                model,
                preprocessors[name],
                options.new_tokens,
                options.generation_xla,
            )
            for name, model in models.items()
        }
        generation = compare(
            "generation", functions, options.rounds, is_rate=True
        )
        generation["goal"] = GENERATION_GOAL
    saving = save_and_load(models["quantum"]) if options.save else None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"saving: {saving}, peak of resident memory: {peak:.1f} GiB")
    write(
        options.output or f"hyqut_{options.size}",
        about=(
            f"HyQuT {options.size} and its {options.baseline} baseline: steps "
            f"on windows of {LENGTH} tokens, cached greedy generation of "
            f"{options.new_tokens} tokens; both in one process, in turn."
        ),
        seed=SEED,
        options=vars(options),
        sizes=sizes,
        published=published,
        steps=steps,
        generation=generation,
        saving=saving,
        memory={"peak_gib": round(peak, 2), "goal_gib": MEMORY_GOAL_GIB},
    )


if __name__ == "__main__":
    main()
