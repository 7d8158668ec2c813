"""Write readings, hyperparameters and circuits to TensorBoard and CSV."""

import csv
import os
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.circuits.drawing import draw_circuit, figure_pixels, fold_text
from tfq_hybrid.config.values import flatten
from tfq_hybrid.files import replacing
from tfq_hybrid.reading import foreign_code, reading
from tfq_hybrid.training.telemetry.readings import Reading, WatchedCircuit


def shown(arguments: dict[str, Any]) -> dict[str, bool | int | float | str]:
    """Nested plain data as the flat values that the page can show.

    >>> circuit = {"qubits": 4, "ansatz": ["ry", "cz"]}
    >>> shown({"circuit": circuit, "seed": None})
    {'circuit.qubits': 4, 'circuit.ansatz': 'ry, cz', 'seed': 'none'}
    """
    return {key: _shown(value) for key, value in flatten(arguments)}


def _shown(value):
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if value is None:
        return "none"
    return value if isinstance(value, (bool, int, float)) else str(value)


def write_session(
    log_dir: str | os.PathLike[str],
    arguments: dict[str, Any],
    metrics: dict[str, float],
    began: float,
    step: int,
) -> None:
    """Makes a row of the page, in event files of its own.

    TensorBoard finds the columns itself, over all runs that it shows: every
    argument, and every scalar of these event files. They go to `final/` in
    the folder, in place of those of an earlier end of the same training; the
    tags of metrics are `final/<name>`. The training `began` so many seconds
    after 1970.
    """
    from tensorboard.plugins.hparams import api

    folder = pathlib.Path(log_dir) / "final"
    for path in folder.glob("events.out.tfevents.*"):
        path.unlink()
    writer = tf.summary.create_file_writer(str(folder))
    start = api.hparams_pb(shown(arguments), start_time_secs=began)
    with writer.as_default(step=step):
        tf.summary.experimental.write_raw_pb(start.SerializeToString())
        for name, value in metrics.items():
            tf.summary.scalar(f"final/{name}", value)
    writer.close()


def write_circuits(
    circuits: list[WatchedCircuit], writer: "ReadingWriter", step: int
) -> None:
    """Writes each circuit once, whatever number of layers share it.

    The tags are `circuit/<layer>` of the picture and `diagram/<layer>` of
    the text, of the first layer with that circuit. TensorBoard shows a tag
    on one of its pages only.
    """
    alike: dict[tuple, list[WatchedCircuit]] = {}
    for circuit in circuits:
        program = circuit.program
        words = tuple(map(str, program.operators))
        key = program.circuit.freeze(), words, program.weights
        alike.setdefault(key, []).append(circuit)
    for members in alike.values():
        first = members[0]
        program = first.program
        text = _markdown(members)
        writer.write_text(f"diagram/{first.name}", text, step)
        figure = draw_circuit(
            program.circuit,
            trained=program.weights,
            operators=program.operators,
            title=first.name.removeprefix("quantum/"),
        )
        pixels = figure_pixels(figure)
        writer.write_image(f"circuit/{first.name}", pixels, step)


def _markdown(members):
    """The diagram in a code block, under what is to be known about it."""
    layer, program = members[0].layer, members[0].program
    names = ", ".join(f"`{member.name}`" for member in members)
    idle = len(layer.weights_without_effect)
    facts = (
        f"{program.qubits} qubits, {len(program.features)} features, "
        f"{len(program.weights)} weights, {idle} of them without effect, "
        f"{len(program.operators)} observables; engine {layer.engine_choice}"
    )
    diagram = fold_text(program.circuit)
    return f"{names}\n\n{facts}\n\n```\n{diagram}\n```"


COLUMNS = ("step", "layer", "quantity", "value", "low", "high")


def summary_of(reading: Reading) -> tuple[bytes, dict]:
    """A reading as TensorBoard's summary, and the buckets of its histograms.

    The tags are `<quantity>/<layer>`, the buckets arrays of rows (low, high,
    count) by `(layer, quantity)`. TensorBoard's writers in pure Python: the
    ones in TensorFlow take several milliseconds for each histogram.
    """
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.histogram.summary_v2 import histogram_pb
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb

    summary, buckets = Summary(), {}
    for (layer, quantity), value in reading.scalars.items():
        summary.MergeFrom(scalar_pb(f"{quantity}/{layer}", value))
    for (layer, quantity), sample in reading.samples.items():
        finite = sample[np.isfinite(sample)]
        if finite.size:
            histogram = histogram_pb(f"{quantity}/{layer}", finite)
            buckets[layer, quantity] = tf.make_ndarray(
                histogram.value[0].tensor
            )
            summary.MergeFrom(histogram)
    return summary.SerializeToString(), buckets


class ReadingWriter:
    """Writes readings to event files and to a CSV file alike.

    Events go to `telemetry/` in the folder, rows to `telemetry.csv`. What
    either holds of steps after `step`, from which a training is resumed, is
    dropped. `goes_on` says whether an earlier part of the training is there.
    """

    def __init__(self, log_dir: str | os.PathLike[str], step: int = 0):
        folder = pathlib.Path(log_dir)
        self._csv = folder / "telemetry.csv"
        self.goes_on = step > 0 and self._csv.exists()
        drop_events_after(folder / "telemetry", step)
        self._events = tf.summary.create_file_writer(str(folder / "telemetry"))
        keep_rows_until(self._csv, step)

    def write(self, reading: Reading) -> None:
        """Writes a reading, and flushes it to the disk."""
        with np.errstate(over="ignore"):  # TensorBoard keeps float32
            scalars = {
                key: float(np.float32(value))
                for key, value in reading.scalars.items()
            }
        reading = Reading(reading.step, scalars, reading.samples)
        summary, buckets = summary_of(reading)
        with self._events.as_default():
            tf.summary.experimental.write_raw_pb(summary, reading.step)
        self._events.flush()
        rows: list[tuple] = [
            (*key, repr(value), "", "") for key, value in scalars.items()
        ]
        for key, histogram in buckets.items():
            rows += [
                (*key, int(count), repr(float(low)), repr(float(high)))
                for low, high, count in histogram
                if count
            ]
        with self._csv.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((reading.step, *row) for row in rows)

    def write_text(self, tag: str, text: str, step: int) -> None:
        """Writes Markdown to TensorBoard alone."""
        with self._events.as_default():
            tf.summary.text(tag, text, step=step)
        self._events.flush()

    def write_image(self, tag: str, pixels: np.ndarray, step: int) -> None:
        """Writes an array of shape (height, width, 3 or 4), 0 to 255."""
        with self._events.as_default():
            tf.summary.image(tag, pixels[None], step=step)
        self._events.flush()

    def close(self) -> None:
        """Closes the event file."""
        self._events.close()


def read_rows(path):
    """The rows of a CSV file of readings, a list of lists of str.

    Raises:
        OSError, ValueError: it cannot be read, or is no CSV.
    """
    with (
        path.open(encoding="utf-8", newline="") as file,
        foreign_code(),
    ):
        return list(csv.reader(file))[1:]


def keep_rows_until(path, step):
    """Begins a CSV file, or keeps of an old one the rows up to a step."""
    rows = []
    if step and path.exists():
        with reading("the readings of a training", path):
            # A kill may have cut the last row short.
            rows = [
                row
                for row in read_rows(path)
                if len(row) == len(COLUMNS) and int(row[0]) <= step
            ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        replacing(path) as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        csv.writer(file).writerows([COLUMNS, *rows])


def drop_events_after(folder, step):
    """Takes the events after a step out of all event files of a folder.

    A training that begins anew, at step 0, drops the files themselves.
    """
    from tensorboard.compat.proto.event_pb2 import Event

    for path in sorted(folder.glob("events.out.tfevents.*")):
        if not step:
            path.unlink()
            continue
        with (
            replacing(path) as partial,
            tf.io.TFRecordWriter(str(partial)) as file,
        ):
            try:
                for record in tf.data.TFRecordDataset(str(path)):
                    if Event.FromString(record.numpy()).step <= step:
                        file.write(record.numpy())
            except tf.errors.DataLossError:
                pass  # a kill cut the last event short
