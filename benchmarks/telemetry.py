"""What `Telemetry` costs: steps with it and without it, side by side.

    python -m benchmarks.telemetry [--data FILE] [--rounds 5] \\
        [--xla] [--every 10] [--detail-every 100]

Two copies of each model train in turn on one batch, one of them under
`Telemetry`, as many steps at a time as lie between two readings. A round is
as many as lie between two detailed readings, so that it holds all that is
done on the way. Ratios are of rounds: of their wall time, and of the time of
the processor, which other programs disturb less. What comes once, at the
beginning (pictures, tracing), is given apart.

The models are BERT-tiny with circuits as in `benchmarks/step_time.py`, and
for the other extreme a single `QuantumDense`, whose step is a few
milliseconds.
"""

import pathlib
import statistics
import tempfile
import time

import keras
import numpy as np

from benchmarks.common import classifier, make_parser, ratio, summary, write
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.training import Telemetry, TrainConfig

SEED = 0
GOAL = 0.05  # of a step


def bert_tiny(options):
    """A compiled QFFN-BERT of the default size, and a batch of text."""
    return classifier(TrainConfig(data=options.data, xla=options.xla))


def one_layer(options):
    """A compiled `QuantumDense` of 4 qubits, and 64 vectors of 16."""
    layers = [keras.Input((16,)), QuantumDense(1, "qffn")]
    model = keras.Sequential(layers)
    model.compile("adam", "mse", jit_compile=options.xla)
    inputs = np.random.default_rng(SEED).normal(size=(64, 16))
    return model, inputs.astype("float32"), np.ones((64, 1), "float32")


MODELS = {"BERT-tiny": bert_tiny, "one layer": one_layer}


class Trainer:
    """Trains a model of `MODELS` step by step, as `fit` with a callback."""

    def __init__(self, make, options, callback=None):
        keras.utils.set_random_seed(SEED)
        self._model, self._inputs, self._targets = make(options)
        self._callback = callback
        self._batch = 0
        self.seconds_in_callback = []
        # Builds the model and its optimizer.
        self._model.train_on_batch(self._inputs, self._targets)
        if callback is not None:
            callback.set_model(self._model)
            callback.on_train_begin()

    def turn(self, steps):
        """The seconds that some steps took, of the wall and the processor."""
        began = np.array([time.perf_counter(), time.process_time()])
        for _ in range(steps):
            if self._callback is not None:
                self._callback.on_train_batch_begin(self._batch)
            self._model.train_on_batch(self._inputs, self._targets)
            if self._callback is not None:
                before = time.perf_counter()
                self._callback.on_train_batch_end(self._batch)
                spent = time.perf_counter() - before
                self.seconds_in_callback.append(spent)
            self._batch += 1
        return [time.perf_counter(), time.process_time()] - began


def measure(make, options, log_dir):
    """The figures of one model, a dict."""
    without = Trainer(make, options)
    began = time.perf_counter()
    callback = Telemetry(log_dir, options.every, options.detail_every)
    watched = Trainer(make, options, callback)
    beginning = time.perf_counter() - began
    for trainer in (without, watched):  # to the first detail, which traces
        trainer.turn(options.detail_every + 1)
    first_detail = max(watched.seconds_in_callback)
    watched.seconds_in_callback.clear()
    seconds = {"without": [], "with": []}
    chunk = options.every
    for _ in range(options.rounds):
        spent = {"without": 0.0, "with": 0.0}
        for _ in range(options.detail_every // chunk):
            spent["without"] += without.turn(chunk)
            spent["with"] += watched.turn(chunk)
        for name, total in spent.items():
            seconds[name].append(total / options.detail_every)
    wall = {name: [float(w) for w, _ in of] for name, of in seconds.items()}
    processor = {
        name: [float(p) for _, p in of] for name, of in seconds.items()
    }
    steps = sorted(watched.seconds_in_callback)
    details = options.rounds
    readings = options.rounds * (options.detail_every // options.every)
    return {
        "steps": {name: summary(times) for name, times in wall.items()},
        "ratio": ratio(wall["with"], wall["without"]),
        "processor_ratio": ratio(processor["with"], processor["without"]),
        # By what the callback had to do after a step.
        "callback_ms": {
            "a detailed reading": _milliseconds(steps[-details:]),
            "a reading": _milliseconds(steps[-readings:-details]),
            "no reading": _milliseconds(steps[:-readings]),
        },
        "once_seconds": {
            "beginning, with the model's own building": round(beginning, 2),
            "first measurement of the engine": round(first_detail, 2),
        },
    }


def _milliseconds(seconds):
    return round(1e3 * statistics.median(seconds), 3) if seconds else None


def main():
    parser = make_parser(__doc__, rounds=5, data=True)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--detail-every", type=int, default=100)
    parser.add_argument("--xla", action="store_true")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    options = parser.parse_args()
    figures = {}
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            log_dir = pathlib.Path(folder) / "logs"
            figures[name] = measure(MODELS[name], options, log_dir)
    for name, of in figures.items():
        more = 100 * (of["ratio"]["median"] - 1)
        processor = 100 * (of["processor_ratio"]["median"] - 1)
        verdict = "reached" if more < 100 * GOAL else "missed"
        step = of["steps"]["without"]["median_ms"]
        print(
            f"{name:<12}{step:>9.2f} ms a step, {more:+.1f} % with telemetry, "
            f"{processor:+.1f} % of the processor's time"
        )
        print(f"{'':<12}goal: below {100 * GOAL:g} %, {verdict}")
        for what, spent in of["callback_ms"].items():
            print(f"{'':<12}{what:<20}{spent:>9.3f} ms")
    write(
        options.output or "telemetry" + "_xla" * options.xla,
        about=__doc__.partition("\n")[0],
        seed=SEED,
        rounds=options.rounds,
        every=options.every,
        detail_every=options.detail_every,
        xla=options.xla,
        data=options.data.rpartition("/")[2],
        goal=GOAL,
        models=figures,
    )


if __name__ == "__main__":
    main()
