"""`Telemetry`: the callback that watches a model's circuits during `fit`."""

import collections
import os
import statistics
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from tfq_hybrid.errors import check_integer
from tfq_hybrid.training.telemetry.readings import (
    CLASSICAL,
    Alarms,
    Reading,
    capture_figures,
    capture_samples,
    flat_values,
    gradient_figures,
    gradient_groups,
    logger,
    norm_and_variance,
    watched_circuits,
)
from tfq_hybrid.training.telemetry.recorder import (
    Recorder,
    Replay,
    uninstall,
    unscaled,
)
from tfq_hybrid.training.telemetry.writers import (
    ReadingWriter,
    write_circuits,
    write_session,
)

MODEL = "model"  # the layer of what belongs to none
LEAST_STEPS = 5  # before a step's time is known
STEPS = 200  # the last ones, whose times count


class Watch:
    """One `fit` under a `Telemetry`."""

    def __init__(self, settings: "Telemetry", model: keras.Model):
        self._model = model
        self._settings = settings
        self._circuits = watched_circuits(model)
        self._groups = gradient_groups(model)
        optimizer = unscaled(model.optimizer)
        accumulated = optimizer.gradient_accumulation_steps or 1
        step = int(optimizer.iterations) * accumulated
        self._recorder = Recorder(
            model, self._circuits, self._groups, settings.every, step
        )
        self._recorder.install()
        self._began = time.time()
        self._times: collections.deque[float] = collections.deque(maxlen=STEPS)
        self._step_began = 0.0
        self._replay = Replay(model)
        self._has_share = False
        self._alarms = Alarms()
        self._marks = [-1, -1]
        self._steps = step
        self._detail_period = self._period(step)
        self._readings: list[dict[str, float]] = []
        self._writer: ReadingWriter | None = None
        if settings.log_dir is not None:
            self._writer = ReadingWriter(settings.log_dir, step)
            if not self._writer.goes_on:
                write_circuits(self._circuits, self._writer, step)

    def _period(self, step):
        """Counts the details that are due at a step; below zero for none."""
        return (step - 1) // self._settings.detail_every

    def begin(self):
        """Before a step, or an execution of several."""
        self._step_began = time.perf_counter()

    def look(self):
        """After a step, or an execution of several: what was recorded?"""
        if self._recorder.unreached:
            names = ", ".join(self._recorder.unreached)
            logger.warning(
                "No gradient reaches %s: they stay as they are", names
            )
            self._recorder.unreached = []
        steps, *marks = self._recorder.marks
        spent = time.perf_counter() - self._step_began
        self._times.append(spent / max(steps - self._steps, 1))
        self._steps = steps
        if marks == self._marks:
            return
        (observed, graded), before = marks, self._marks
        self._marks = marks
        reading = Reading(max(marks))
        period = self._period(observed)
        has_details = period != self._detail_period
        self._detail_period = period
        if graded != before[1]:
            self._read_gradients(reading, has_details)
        elif observed > graded:
            self._raise_alarms(self._alarms.skip(observed), observed)
        if observed != before[0]:
            self._read_captures(reading, has_details)
            if has_details and len(self._times) >= LEAST_STEPS:
                self._read_share(reading)
        if self._writer is not None:
            self._writer.write(reading)

    def _read_gradients(self, reading, has_details):
        classical = self._read_classical(reading)
        means = {}
        for name, gradient in self._recorder.gradients.items():
            for quantity, value in gradient_figures(gradient).items():
                reading.scalars[name, quantity] = value
            if has_details:
                reading.samples[name, "gradients"] = gradient
                weights = flat_values(self._groups[name])
                reading.samples[name, "weights"] = weights
            alarms = self._alarms.read(reading.step, name, gradient, classical)
            self._raise_alarms(alarms, reading.step, reading, name)
        for (name, quantity), value in reading.scalars.items():
            if quantity in ("gradient_norm", "gradient_variance"):
                means[f"{quantity}/{name}"] = value
        self._readings.append(means)

    def _read_classical(self, reading):
        """The root mean square of the classical gradients, or `None`."""
        if CLASSICAL not in self._groups:
            return None
        count = sum(int(np.prod(v.shape)) for v in self._groups[CLASSICAL])
        squares, total = self._recorder.classical
        norm, variance = norm_and_variance(squares, total, count)
        reading.scalars[CLASSICAL, "gradient_norm"] = norm
        reading.scalars[CLASSICAL, "gradient_variance"] = variance
        return norm / np.sqrt(count)

    def _read_captures(self, reading, has_details):
        captures = self._recorder.captures
        for circuit in self._circuits:
            samples = capture_samples(captures.get(circuit.name, []))
            figures = capture_figures(circuit, samples)
            for quantity, value in figures.items():
                reading.scalars[circuit.name, quantity] = value
            if has_details:
                for quantity, sample in samples.items():
                    reading.samples[circuit.name, quantity] = sample

    def _read_share(self, reading):
        """The engine's share of a step; only where it is logged."""
        if self._writer is None:
            return
        captures = self._recorder.captures
        seconds = [
            self._replay.seconds(circuit, captures.get(circuit.name, []))
            for circuit in self._circuits
        ]
        seconds = [value for value in seconds if value is not None]
        # The first ones, which trace, count little.
        step = statistics.median(self._times)
        reading.scalars[MODEL, "step_seconds"] = step
        if seconds:
            share = sum(seconds) / step
            reading.scalars[MODEL, "engine_share"] = share
            self._has_share = True

    def _raise_alarms(self, alarms, step, reading=None, name=MODEL):
        for alarm, text in alarms:
            if reading is not None:
                reading.scalars[name, f"alarm_{alarm}"] = 1.0
            if self._writer is not None:
                self._writer.write_text(f"alarms/{name}", text, step)

    def epoch_means(self):
        """Means over the epoch's finite readings, for the Keras logs."""
        result = {}
        for tag in {tag: None for means in self._readings for tag in means}:
            values = [means[tag] for means in self._readings if tag in means]
            values = [value for value in values if np.isfinite(value)]
            if values:
                result[tag] = sum(values) / len(values)
        self._readings = []
        return result

    def finish(self, logs):
        """After the last epoch, with its logs."""
        uninstall(self._model)
        if self._writer is None:
            return
        reading = Reading(self._steps)
        if not self._has_share and len(self._times) >= LEAST_STEPS:
            self._read_share(reading)
        if reading.scalars:
            self._writer.write(reading)
        self._writer.close()
        hparams = self._settings.hparams
        if hparams is not None:
            metrics = {
                name: float(value)
                for name, value in logs.items()
                if not name.startswith("gradient_")
            }
            write_session(
                self._settings.log_dir,
                hparams,
                metrics,
                self._began,
                self._steps,
            )


class Telemetry(keras.callbacks.Callback):
    """Logs what the circuits of a model do while `fit` trains it.

    Every `every` steps, of the mini-batch of that step and for each circuit
    layer (`quantum/<path>`): `gradient_norm` (Euclidean),
    `gradient_variance` (over the parameters) and `gradient_zero_share`; mean
    and standard deviation of the encoded angles, `angle_mean` and
    `angle_std`, in radians, and `angle_saturation`, the share at the ends of
    the scaling's range; `expectation_mean` and `expectation_std`. For the
    rest, `classical`: `gradient_norm` and `gradient_variance`.

    Every `detail_every` steps: histograms of `gradients`, `weights`,
    `angles` and `expectations`; and for `model` `step_seconds` and
    `engine_share`, the circuits' share of it, run again alone, forward and
    backward, on their inputs.

    When the gradient of a circuit vanishes, explodes or is NaN, one line is
    logged as a warning by `tfq_hybrid.telemetry`; see `Alarms`. So are
    trainable weights that no gradient reaches.

    With a `log_dir`, all goes to TensorBoard under `telemetry/`, with tags
    `<quantity>/<layer>`, and to `telemetry.csv`: the columns `step`,
    `layer`, `quantity`, `value`; a bucket of a histogram is a row, its count
    the value, with the bounds in `low` and `high`. TensorBoard shows each
    circuit as text, `diagram/<layer>`, and as a picture, `circuit/<layer>`,
    and the alarms as text, `alarms/<layer>`. A training that is resumed
    goes on in the same files, and what they hold of steps after its
    checkpoint is dropped.

    The means of gradient norms and variances over an epoch go to the Keras
    logs, so to `History` and to callbacks that stand after this one, as
    `gradient_norm/<layer>` and `gradient_variance/<layer>`.

    Angles and expectations are of up to 4096 evenly spaced rows of the
    batch. Steps are batches. It works with XLA, mixed precision, loss
    scales, gradient accumulation and executions of several steps.

    Args:
        log_dir: the folder to write. Defaults to `None`: Keras logs and
            alarms only.
        every: steps between two readings. Defaults to 10.
        detail_every: steps between two histograms and two measurements of
            the engine. Defaults to 100.
        hparams: plain JSON types by name, for a row of TensorBoard's HParams
            page, with the metrics of the last epoch, under `final/`. Defaults
            to `None`: no row.

    Raises:
        UserError: an interval is below 1.

    Example:

    >>> import numpy as np
    >>> from tfq_hybrid.layers import QuantumDense
    >>> block = QuantumDense(1, "qffn", name="block")
    >>> model = keras.Sequential([keras.Input((2,)), block])
    >>> model.compile("sgd", "mse")
    >>> data = np.ones((4, 2)), np.ones((4, 1))
    >>> logs = model.fit(*data, verbose=0, callbacks=[Telemetry()]).history
    >>> [name for name in sorted(logs) if name.startswith("gradient_norm")]
    ['gradient_norm/classical', 'gradient_norm/quantum/block/pqc']
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        every: int = 10,
        detail_every: int = 100,
        hparams: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        check_integer("every", every, minimum=1)
        check_integer("detail_every", detail_every, minimum=1)
        self.log_dir = None if log_dir is None else str(log_dir)
        self.every = every
        self.detail_every = detail_every
        self.hparams = None if hparams is None else dict(hparams)
        # keras-tuner copies callbacks: no writer, model or tensor here.
        self._watch: Any = None  # a `Watch`, while it trains

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._watch = Watch(self, self.model)

    def on_train_batch_begin(
        self, batch: int, logs: dict | None = None
    ) -> None:
        self._watch.begin()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._watch.look()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is not None:
            logs.update(self._watch.epoch_means())

    def on_train_end(self, logs: dict | None = None) -> None:
        self._watch.finish(logs or {})
        self._watch = None
