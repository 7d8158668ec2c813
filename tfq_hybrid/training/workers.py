"""The workers of a training, and what they tell each other."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.errors import UserError

CHUNK = 2**24  # numbers told at once


class Alone:
    """One process on one device.

    Attributes:
        rank, count: which worker this is, of how many.
        replicas: devices of this worker.
    """

    rank, count, replicas = 0, 1, 1

    @property
    def is_chief(self) -> bool:
        """Whether it reads and writes the run folder."""
        return self.rank == 0

    @property
    def devices(self) -> int:
        """Devices of all workers."""
        return self.count * self.replicas

    def place(self) -> int | tf.Tensor:
        """Which of all devices this is."""
        return self.rank

    def scope(self) -> contextlib.AbstractContextManager:
        """A context in which models are built and trained."""
        return contextlib.nullcontext()

    def training(
        self, model: keras.Model, *batches: tf.data.Dataset
    ) -> contextlib.AbstractContextManager[Sequence[tf.data.Dataset]]:
        """A context in which a model trains on this worker's rows of batches.

        It gives them, for each of `batches`.
        """
        return contextlib.nullcontext(batches)

    def all_sum(self, tensor: tf.Tensor) -> tf.Tensor:
        """The sum of a tensor over all devices, each of which calls this."""
        return tensor

    def from_chief(self, make: Callable[[], Any]) -> Any:
        """What the chief makes, here the only one."""
        return make()

    def check_same(self, name: str, value: Any) -> None:
        """Raises `UserError` unless all workers have the same value."""

    def copy_state(self, model: keras.Model) -> None:
        """Gives the chief's state of a model and its optimizer to all others.

        But for the random numbers, of which each has its own.
        """


class Mirrored(Alone):
    """One process on several devices."""

    def __init__(self, strategy: tf.distribute.MirroredStrategy):
        self._strategy = strategy
        self.replicas = strategy.num_replicas_in_sync

    def scope(self):
        return self._strategy.scope()

    def training(self, model, *batches):
        from tfq_hybrid.training.distribution import distributed

        return distributed(model, self, *batches)

    def place(self):
        return tf.distribute.get_replica_context().replica_id_in_sync_group

    def all_sum(self, tensor):
        return _add_up(tensor)


class Workers(Alone):
    """The workers of a cluster, as one of them sees it.

    Args:
        addresses: `host:port` of each.
        rank: this one's place there; the chief's is 0.
        strategy: what adds up over them.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        rank: int,
        strategy: tf.distribute.MultiWorkerMirroredStrategy,
    ):
        self.addresses = addresses
        self.rank = rank
        self.count = len(addresses)
        self._strategy = strategy
        self._function = tf.function(self.all_sum, autograph=False)

    def training(
        self, model: keras.Model, *batches: tf.data.Dataset
    ) -> contextlib.AbstractContextManager[Sequence[tf.data.Dataset]]:
        """A context in which a model trains on this worker's rows of batches.

        Args:
            model: a keras-hub task, compiled with a `keras.losses.Loss`, of
                the same weights on all workers.
            *batches: the same on all workers.

        Returns:
            The context, which gives the rows of each of `batches`.
        """
        from tfq_hybrid.training.distribution import distributed

        if self.count == 1:
            return super().training(model, *batches)
        return distributed(model, self, *batches)

    def all_sum(self, tensor: tf.Tensor) -> tf.Tensor:
        """The sum of a tensor over all workers, each of which calls this."""
        return self._strategy.run(_add_up, args=(tensor,))

    def from_chief(self, make: Callable[[], Any]) -> Any:
        """What the chief makes, told to all.

        Args:
            make: function to plain JSON types; the chief calls it.

        Raises:
            UserError: for all workers, where it raised one.
        """
        content = {}
        if self.is_chief:
            try:
                content["value"] = make()
            except UserError as error:
                content["error"] = str(error)
        content = json.loads(self._tell(json.dumps(content).encode("utf-8")))
        if "error" in content:
            raise UserError(content["error"])
        return content["value"]

    def check_same(self, name: str, value: Any) -> None:
        """Compares a value of all workers.

        Args:
            name: what it is, for the message.
            value: plain JSON types.

        Raises:
            UserError: it is not the same on all of them.
        """
        digest = hashlib.sha256(json.dumps(value).encode("utf-8")).digest()
        table = np.zeros((self.count, len(digest)), np.int32)
        table[self.rank] = list(digest)
        table = self._add(table)
        other = [i for i, row in enumerate(table) if (row != table[0]).any()]
        if other:
            places = ", ".join(self.addresses[i] for i in other)
            raise UserError(
                f"Expected the same {name} on all workers. Received: other "
                f"{name} on {places} than on {self.addresses[0]}"
            )

    def copy_state(self, model: keras.Model) -> None:
        """Gives the chief's state of a model and its optimizer to all others.

        But for the random numbers, of which each has its own.
        """
        from tfq_hybrid.training.distribution import part_randomness

        if self.count > 1:
            self._copy([*model.variables, *model.optimizer.variables])
            part_randomness(model, self.rank)

    def _copy(self, variables):
        values = [np.asarray(v) for v in variables]
        data = self._tell(b"".join(value.tobytes() for value in values))
        if self.is_chief:
            return
        start = 0
        for variable, value in zip(variables, values, strict=True):
            part = np.frombuffer(data, value.dtype, value.size, start)
            variable.assign(part.reshape(value.shape))
            start += value.nbytes

    def _tell(self, data):
        """The bytes of the chief; the others' are not looked at."""
        own = data if self.is_chief else b""
        (size,) = self._add(np.array([len(own)], np.int32))
        words = np.zeros(-(-int(size) // 4), np.int32)
        if self.is_chief:
            words[:] = np.frombuffer(own.ljust(4 * len(words), b"\0"), np.int32)
        # A sum with zeros keeps every bit of an integer.
        parts = [
            self._add(words[start : start + CHUNK])
            for start in range(0, len(words), CHUNK)
        ]
        return b"".join(part.tobytes() for part in parts)[: int(size)]

    def _add(self, array):
        return self._function(tf.constant(array)).numpy()


def _add_up(tensor):
    context = tf.distribute.get_replica_context()
    here = tf.identity(tensor)  # what comes from outside has no device
    return context.all_reduce(tf.distribute.ReduceOp.SUM, here)
