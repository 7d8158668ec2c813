"""Where readings go: TensorBoard's event files, and a CSV file."""

import csv
import pathlib

import numpy as np
import tensorflow as tf

from tfq_hybrid.files import replacing
from tfq_hybrid.reading import reading
from tfq_hybrid.training.telemetry.readings import Reading

COLUMNS = ("step", "layer", "quantity", "value", "low", "high")


def summary_of(reading):
    """A reading as TensorBoard's summary, and the buckets of its histograms.

    TensorBoard's writers in pure Python: the ones in TensorFlow take several
    milliseconds for each histogram.

    Args:
        reading: `Reading`.

    Returns:
        The bytes of a summary, with tags `<quantity>/<layer>`; and a dict of
        a pair `(layer, quantity)` and an array of rows (low, high, count).
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

    Args:
        log_dir: str or path. Events go to `telemetry/` there, rows to
            `telemetry.csv`.
        step: int. Steps that are done. What either holds of later steps, of
            a training that is resumed from before them, is dropped.

    Attributes:
        goes_on: bool. Whether an earlier part of the training is there.
    """

    def __init__(self, log_dir, step=0):
        folder = pathlib.Path(log_dir)
        self._csv = folder / "telemetry.csv"
        self.goes_on = step > 0 and self._csv.exists()
        drop_events_after(folder / "telemetry", step)
        self._events = tf.summary.create_file_writer(str(folder / "telemetry"))
        keep_rows_until(self._csv, step)

    def write(self, reading):
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
        rows = [(*key, repr(value), "", "") for key, value in scalars.items()]
        for key, histogram in buckets.items():
            rows += [
                (*key, int(count), repr(float(low)), repr(float(high)))
                for low, high, count in histogram
                if count
            ]
        with self._csv.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((reading.step, *row) for row in rows)

    def write_text(self, tag, text, step):
        """Writes Markdown to TensorBoard alone."""
        with self._events.as_default():
            tf.summary.text(tag, text, step=step)
        self._events.flush()

    def write_image(self, tag, pixels, step):
        """Writes an array of shape (height, width, 3 or 4), 0 to 255."""
        with self._events.as_default():
            tf.summary.image(tag, pixels[None], step=step)
        self._events.flush()

    def close(self):
        """Closes the event file."""
        self._events.close()


def keep_rows_until(path, step):
    """Begins a CSV file, or keeps of an old one the rows up to a step."""
    rows = []
    if step and path.exists():
        with (
            reading("the readings of a training", path, errors=(csv.Error,)),
            path.open(encoding="utf-8", newline="") as file,
        ):
            # A kill may have cut the last row short.
            rows = [
                row
                for row in list(csv.reader(file))[1:]
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
