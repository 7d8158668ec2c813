"""How long the engine takes of a step: its circuits, run again alone."""

import statistics
import time

import tensorflow as tf

RUNS = 2  # after one that traces; the faster counts


class Replay:
    """Runs circuits again on their inputs, and takes the time.

    Forward, and the gradients by inputs and weights, as a
    function of its own, compiled as the model is. Rows that a capture did
    not keep are stood in for by those that it kept.

    Args:
        model: a compiled `keras.Model`.
    """

    def __init__(self, model):
        self._jit_compile = bool(model.jit_compile)
        self._functions = {}
        self._traced = set()

    def seconds(self, circuit, captures):
        """The seconds of all calls of one circuit in a step.

        Args:
            circuit: `WatchedCircuit`.
            captures: list of `Capture`.

        Returns:
            A float; `None` for a circuit that takes data circuits,
            which are not kept.
        """
        layer = circuit.layer
        if not captures or not captures[0].inputs.size:
            return None
        if circuit.name not in self._functions:
            self._functions[circuit.name] = self._make(layer)
        return sum(self._time(circuit, capture) for capture in captures)

    def _time(self, circuit, capture):
        dtype = circuit.layer.circuit_dtype
        kept = tf.constant(capture.inputs, dtype)
        index = tf.range(capture.rows) % tf.shape(kept)[0]
        inputs = tf.gather(kept, index)
        arguments = (inputs, None)
        if capture.from_states:
            arguments = tf.zeros([capture.rows, 0], dtype), inputs
        function = self._functions[circuit.name]
        key = circuit.name, *inputs.shape
        if key not in self._traced:
            self._traced.add(key)
            float(function(*arguments))
        times = []
        for _ in range(RUNS):
            began = time.perf_counter()
            float(function(*arguments))  # waits for the result
            times.append(time.perf_counter() - began)
        return min(times)

    def _make(self, layer):
        @tf.function(
            reduce_retracing=True,
            jit_compile=self._jit_compile and layer.supports_jit,
        )
        def run(fed, states):
            sources = [fed if states is None else states]
            if layer.parameters is not None:
                sources.append(layer.parameters.value)
            with tf.GradientTape() as tape:
                tape.watch(sources)
                expectations = layer.replay(fed, states)
                total = tf.reduce_sum(expectations)
            grads = tape.gradient(total, sources)
            grads = [grad for grad in grads if grad is not None]
            return total + tf.add_n(list(map(tf.reduce_sum, grads)))

        return run


class StepTimes:
    """The times of a training's steps, as seen between two callbacks.

    Args:
        keep: int. The last steps that count. Defaults to 200.
    """

    def __init__(self, keep=200):
        self._keep = keep
        self._times = []
        self._began = None

    def begin(self):
        """A step, or an execution of several, begins."""
        self._began = time.perf_counter()

    def end(self, steps=1):
        """It ends, and was so many steps."""
        spent = time.perf_counter() - self._began
        self._times.append(spent / max(steps, 1))
        del self._times[: -self._keep]

    @property
    def count(self):
        """How many times are known."""
        return len(self._times)

    @property
    def median(self):
        """Seconds of one step. The first ones, which trace, count little."""
        return statistics.median(self._times)
