"""`Checkpoint`, and other callbacks that stop a training or let it go on."""

import contextlib
import io
import math
import os
import pathlib
import re
from collections.abc import Collection, Sequence
from typing import Any, TypedDict

import keras
import numpy as np
from keras.src.saving import saving_lib

from tfq_hybrid.errors import TrainingDivergedError, check_choice, check_integer
from tfq_hybrid.files import replacing, write_json
from tfq_hybrid.files.hdf5 import check_weights, open_hdf5
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.reading import foreign_code, read_json, reading


class Checkpoint(keras.callbacks.Callback):
    """Saves the training before it begins and after each epoch.

    A checkpoint holds the weights, the optimizer and the random state. It
    becomes valid when its entry in `state.json` is replaced, which is
    atomic, so that a kill at any moment leaves the last good one. Keeps the
    last checkpoint and the best one by the monitored metric (the earliest
    epoch on ties).

    Args:
        folder: one folder a training.
        monitor: the key of the logs. Defaults to `"val_accuracy"`.
        mode: `"max"` or `"min"`: which of its values is best. Defaults to
            `"max"`.

    Attributes:
        state: dict of the last valid checkpoint: `epoch` (epochs done),
            `last` and `best` (file names) and `history` (the logs of each
            epoch done) and `random` (the states of the random generators,
            such as those of dropout); `None` where there is none yet.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        monitor: str = "val_accuracy",
        mode: str = "max",
    ):
        super().__init__()
        check_choice("mode", mode, ("max", "min"))
        self.monitor = monitor
        self.mode = mode
        self.folder = pathlib.Path(folder)
        path = self.folder / "state.json"
        self.state: dict[str, Any] | None = (
            read_state(path) if path.exists() else None
        )

    @property
    def epoch(self) -> int:
        """Epochs done: the `initial_epoch` of the next `fit`."""
        return self.state["epoch"] if self.state else 0

    @property
    def history(self) -> list[dict[str, float]]:
        """The logs of each epoch done."""
        return list(self.state["history"]) if self.state else []

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, of the best validation; 0 for none."""
        best = max if self.mode == "max" else min
        scores = [logs[self.monitor] for logs in self.history]
        return scores.index(best(scores)) + 1 if scores else 0

    def restore(self, model: keras.Model, which: str = "last") -> None:
        """Loads the state into a compiled model, if there is one.

        Args:
            model: as the training had it.
            which: `"last"` or `"best"`. Defaults to `"last"`.

        Raises:
            UserError: a file is damaged, or of another model.
        """
        if self.state:
            if not model.optimizer.built:
                model.optimizer.build(model.trainable_variables)
            path = self.folder / self.state[which]
            with reading(WHOLE, path):
                with open_hdf5(path) as file:
                    check_weights(file)
                with calling_keras():
                    model.load_weights(path)
                states = self.state["random"]
                for state, value in zip(_random(model), states, strict=True):
                    with foreign_code():  # of another shape
                        state.assign(np.array(value, state.dtype))

    def on_train_begin(self, logs: dict | None = None) -> None:
        if self.state is None:
            self._save(0, [])

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = {key: float(value) for key, value in (logs or {}).items()}
        self._save(epoch + 1, [*self.history, logs])

    def _save(self, epoch, history):
        self.folder.mkdir(parents=True, exist_ok=True)
        last = f"epoch_{epoch:04d}.weights.h5"
        weights = weights_in_memory(self.model)
        with replacing(self.folder / last) as partial:
            partial.write_bytes(weights.getbuffer())
        best = self.state["best"] if self.state else last
        self.state = {"epoch": epoch, "last": last, "history": history}
        # Keras does not save these with the weights.
        states = [keras.ops.convert_to_numpy(v) for v in _random(self.model)]
        self.state["random"] = [state.tolist() for state in states]
        self.state["best"] = last if self.best_epoch == epoch else best
        write_json(self.folder / "state.json", self.state)
        for old in self.folder.glob("*.weights.h5"):
            if old.name not in (last, self.state["best"]):
                old.unlink()


WHOLE = "a whole checkpoint"


class State(TypedDict):
    """The content of `state.json`."""

    epoch: int
    last: str
    best: str
    history: list[dict[str, float]]
    random: list[list[int]]


def read_state(path):
    """The content of `state.json`, which names weights that lie beside it."""
    state = read_json(path, WHOLE, State)
    with reading(WHOLE, path):
        check_integer("epoch", state["epoch"], 0)
        for which in ("last", "best"):
            if not re.fullmatch(r"epoch_\d{4,}\.weights\.h5", state[which]):
                raise ValueError(f"{which} is no name of a checkpoint")
        if len(state["history"]) != state["epoch"]:
            raise ValueError("the history is not that of the epochs")
    return state


def weights_in_memory(model):
    """What `model.save_weights` writes, as `io.BytesIO`.

    Keras's own way, of private names, since its public one takes a path
    alone: the HDF5 library does not survive a disk that fills up under it.
    """
    memory = io.BytesIO()
    with contextlib.closing(saving_lib.H5IOStore(memory, mode="w")) as store:
        saving_lib._save_state(
            model,
            weights_store=store,
            assets_store=None,
            inner_path="",
            visited_saveables=set(),
        )
    return memory


def _random(model):
    """The variables that hold the states of random generators."""
    return [v for v in model.variables if v.name == "seed_generator_state"]


class StopOnNaN(keras.callbacks.Callback):
    """Raises `TrainingDivergedError` when the training is no longer finite.

    The loss is looked at after each step, the validation loss and the
    weights, which the last step of an epoch may have spoilt unseen, after
    each epoch. To guard a checkpoint it must stand before it.

    Raising, rather than asking the loop to stop, keeps later callbacks from
    saving what is left of the weights.
    """

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            step = int(self.model.optimizer.iterations.numpy())
            raise TrainingDivergedError(
                f"The loss became {loss} at step {step}."
            )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        loss = float((logs or {}).get("val_loss", 0.0))
        weights = self.model.get_weights()
        if not math.isfinite(loss) or not all(map(_is_finite, weights)):
            raise TrainingDivergedError(
                f"The weights left the range of numbers in epoch {epoch + 1}."
            )


def _is_finite(weight):
    return bool(np.isfinite(np.asarray(weight, np.float64)).all())


class ResumableEarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's early stopping, which remembers the epochs before a resume.

    Args:
        history: the logs of the epochs that are done.
        extended: the epochs after which somebody asked for more of them:
            from there on the patience counts anew. Defaults to none.
        **kwargs: as for `keras.callbacks.EarlyStopping`.
    """

    def __init__(
        self,
        history: Sequence[dict[str, float]] = (),
        extended: Collection[int] = (),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.history = list(history)
        self.extended = frozenset(extended)

    @classmethod
    def is_due(
        cls,
        model: keras.Model,
        history: Sequence[dict[str, float]],
        extended: Collection[int] = (),
        **kwargs: Any,
    ) -> bool:
        """Whether a training with this history has stopped already.

        Args:
            model: what is trained.
            history, extended, **kwargs: as for the class.
        """
        stopper = cls(history, extended, **kwargs)
        stopper.set_model(model)
        model.stop_training = False
        stopper.on_train_begin()
        return model.stop_training

    def on_train_begin(self, logs: dict | None = None) -> None:
        super().on_train_begin(logs)
        for epoch, epoch_logs in enumerate(self.history):
            self.on_epoch_end(epoch, epoch_logs)
            if epoch + 1 in self.extended:
                self.wait = 0
                self.model.stop_training = False


class Followed(keras.callbacks.Callback):
    """The chief's checkpoint, as another worker follows it: in memory."""

    def __init__(self, history, monitor, mode):
        super().__init__()
        self.history = list(history)
        self.monitor = monitor
        self.mode = mode

    @property
    def epoch(self):
        return len(self.history)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = {key: float(value) for key, value in (logs or {}).items()}
        self.history.append(logs)
