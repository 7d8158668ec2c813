"""One worker of a training, as a process: what `test_distribution*` start.

Its argument is JSON: `config`, `output` and `resume` as for `train`;
`distribute`; `devices`, how many the CPU is cut into; `kill_at`, a step at
which it kills itself, and `stop_at`, at which it stops; `steps`, a file for
the loss of each step, and then the metrics of an epoch are of its last step.
"""

import json
import os
import signal
import sys

import keras
import tensorflow as tf

from tests.presets import one_block
from tfq_hybrid.errors import UserError, WorkerLostError
from tfq_hybrid.training import TrainConfig, join, train


class Watch(keras.callbacks.Callback):
    """Writes down the losses of steps; kills the process at one of them."""

    def __init__(self, steps=None, kill_at=None, stop_at=None):
        super().__init__()
        self.steps = steps
        self.signals = {kill_at: signal.SIGKILL, stop_at: signal.SIGSTOP}
        self.losses = []

    def on_train_batch_begin(self, batch, logs=None):
        if self.steps:
            self.model.reset_metrics()
        self.on_test_begin()

    def on_test_begin(self, logs=None):
        step = int(self.model.optimizer.iterations.numpy())
        sent = self.signals.get(step)
        if sent is not None:
            os.kill(os.getpid(), sent)

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))

    def on_train_end(self, logs=None):
        if self.steps:
            with open(self.steps, "w") as file:
                json.dump(self.losses, file)


def watch_fit(**options):
    """Adds a `Watch` to every `fit`; returns what takes it off again."""
    fit = keras.Model.fit

    def watched(self, *args, callbacks, **kwargs):
        callbacks = [Watch(**options), *callbacks]
        return fit(self, *args, callbacks=callbacks, **kwargs)

    keras.Model.fit = watched

    def stop():
        keras.Model.fit = fit

    return stop


def main(task):
    devices = [tf.config.LogicalDeviceConfiguration()] * task.get("devices", 1)
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, devices)
    config = TrainConfig.from_dict(task["config"])
    names = ("steps", "kill_at", "stop_at")
    watch_fit(**{name: task.get(name) for name in names})
    try:
        with join(task["distribute"]) as workers, one_block():
            train(
                config,
                task["output"],
                resume=task.get("resume", False),
                verbose=0,
                report=lambda line: None,
                workers=workers,
            )
    except (UserError, WorkerLostError) as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
