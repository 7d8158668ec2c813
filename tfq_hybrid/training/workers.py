"""The workers of a training, and what they tell each other."""

import contextlib
import hashlib
import json

import numpy as np
import tensorflow as tf

from tfq_hybrid.errors import UserError

CHUNK = 2**24  # numbers told at once


class Alone:
    """One process on one device.

    Attributes:
        rank, count: int. Which worker this is, of how many.
        is_chief: bool. Whether it is the first one.
        replicas: int. Devices of this worker.
    """

    rank, count, replicas = 0, 1, 1

    @property
    def is_chief(self):
        """Whether it reads and writes the run folder."""
        return self.rank == 0

    @property
    def devices(self):
        """Devices of all workers, an int."""
        return self.count * self.replicas

    def place(self):
        """Which of all devices this is, an int or a tensor."""
        return self.rank

    def scope(self):
        """A context in which models are built and trained."""
        return contextlib.nullcontext()

    def all_sum(self, tensor):
        """The sum of a tensor over all devices, each of which calls this."""
        return tensor

    def from_chief(self, make):
        """What the chief makes, here the only one."""
        return make()

    def check_same(self, name, value):
        """Raises `UserError` unless all workers have the same value."""

    def copy_from_chief(self, variables):
        """Gives the chief's values to the variables of all others."""


class Mirrored(Alone):
    """One process on several devices.

    Args:
        strategy: `tf.distribute.MirroredStrategy`.
    """

    def __init__(self, strategy):
        self._strategy = strategy
        self.replicas = strategy.num_replicas_in_sync

    def scope(self):
        return self._strategy.scope()

    def place(self):
        return tf.distribute.get_replica_context().replica_id_in_sync_group

    def all_sum(self, tensor):
        return _add_up(tensor)


class Workers(Alone):
    """The workers of a cluster, as one of them sees it.

    Args:
        addresses: list of str.
        rank: int. This one's place there; the chief's is 0.
        strategy: `tf.distribute.MultiWorkerMirroredStrategy`.
    """

    def __init__(self, addresses, rank, strategy):
        self.addresses = addresses
        self.rank = rank
        self.count = len(addresses)
        self._strategy = strategy
        self._function = tf.function(self.all_sum, autograph=False)

    def all_sum(self, tensor):
        return self._strategy.run(_add_up, args=(tensor,))

    def from_chief(self, make):
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

    def check_same(self, name, value):
        """Raises `UserError` unless all workers have the same value.

        Args:
            name: str. What it is, for the message.
            value: plain JSON types.
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

    def copy_from_chief(self, variables):
        """Gives the chief's values to the variables of all others."""
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
