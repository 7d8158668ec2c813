"""Keras layers of methods that are linear in their input, and so merge."""

import functools
import itertools
import math

import keras
import numpy as np

from tfq_hybrid.adapters.kernels import kernel_of
from tfq_hybrid.adapters.layers import Adapter


@keras.saving.register_keras_serializable("tfq_hybrid")
class Scaling(Adapter):
    """Each feature times a factor of its own, 1 at first."""

    def __init__(self, place: str, **kwargs):
        super().__init__(**kwargs)
        self.place = place

    def build(self, input_shape):
        self.factors = self.add_weight(
            shape=(input_shape[-1],), initializer="ones", name="factors"
        )

    def call(self, inputs):
        return inputs * (self.factors - 1)

    def merged(self, kernel, bias):
        factors = np.asarray(self.factors).astype("float64")
        if self.place == "before":
            return factors[:, None] * kernel, bias
        return kernel * factors, None if bias is None else bias * factors

    def get_config(self):
        return {**super().get_config(), "place": self.place}


@keras.saving.register_keras_serializable("tfq_hybrid")
class Shift(Adapter):
    """A bias beside the Dense layer's own, zero at first."""

    place = "within"

    def build(self, input_shape):
        self.shift = self.add_weight(
            shape=(input_shape[-1],), initializer="zeros", name="shift"
        )

    def call(self, inputs):
        return keras.ops.broadcast_to(self.shift, keras.ops.shape(inputs))

    def merged(self, kernel, bias):
        return kernel, bias + np.asarray(self.shift).astype("float64")


@functools.lru_cache
def _shared(rows: int, columns: int, seed: int) -> np.ndarray:
    """The random matrix of a shape, the same in every place and process."""
    # Of all generators of NumPy, the one whose numbers never change.
    generator = np.random.RandomState(seed)
    limit = math.sqrt(6 / rows)  # He uniform
    return generator.uniform(-limit, limit, (rows, columns)).astype("float32")


@keras.saving.register_keras_serializable("tfq_hybrid")
class VectorScaled(Adapter):
    """`b * B (d * A x)` with shared random `A` and `B`, and `b` 0 at first."""

    place = "beside"

    def __init__(self, units: int, rank: int, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rank = rank
        self.seed = seed

    def build(self, input_shape):
        for name, shape in (
            ("a", (input_shape[-1], self.rank)),
            ("b", (self.rank, self.units)),
        ):
            matrix = self.add_weight(
                shape=shape, initializer="zeros", trainable=False, name=name
            )
            matrix.assign(_shared(*shape, self.seed))
            setattr(self, name, matrix)
        start = keras.initializers.Constant(0.1)
        self.inner = self.add_weight(
            shape=(self.rank,), initializer=start, name="inner"
        )
        self.outer = self.add_weight(
            shape=(self.units,), initializer="zeros", name="outer"
        )

    def call(self, inputs):
        code = keras.ops.matmul(inputs, self.a) * self.inner
        return keras.ops.matmul(code, self.b) * self.outer

    def merged(self, kernel, bias):
        a, b, inner, outer = (
            np.asarray(weight).astype("float64")
            for weight in (self.a, self.b, self.inner, self.outer)
        )
        return kernel + (a * inner) @ b * outer, bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        config = {"units": self.units, "rank": self.rank, "seed": self.seed}
        return {**super().get_config(), **config}


@keras.saving.register_keras_serializable("tfq_hybrid")
class SmallCore(Adapter):
    """`B R A x`: `A` and `B` from the matrix's largest singular values."""

    place = "beside"

    def __init__(self, units: int, rank: int, scale: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rank = rank
        self.scale = scale

    def build(self, input_shape):
        options = {"initializer": "zeros", "trainable": False}
        shape = (input_shape[-1], self.rank)
        self.a = self.add_weight(shape=shape, name="a", **options)
        shape = (self.rank, self.units)
        self.b = self.add_weight(shape=shape, name="b", **options)
        self.core = self.add_weight(
            shape=(self.rank, self.rank), initializer="zeros", name="core"
        )

    def adopt(self, layer: keras.Layer) -> None:
        """Takes `A` and `B` from a Dense layer."""
        left, values, right = np.linalg.svd(
            kernel_of(layer), full_matrices=False
        )
        self.a.assign(left[:, : self.rank] * values[: self.rank])
        self.b.assign(right[: self.rank])

    def call(self, inputs):
        code = keras.ops.matmul(keras.ops.matmul(inputs, self.a), self.core)
        return keras.ops.matmul(code, self.b) * self.scale

    def merged(self, kernel, bias):
        a, core, b = (
            np.asarray(weight).astype("float64")
            for weight in (self.a, self.core, self.b)
        )
        return kernel + self.scale * a @ core @ b, bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        config = {"units": self.units, "rank": self.rank, "scale": self.scale}
        return {**super().get_config(), **config}


@functools.lru_cache
def _skew_entries(
    block: int, is_complex: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Which weight each entry of a skew matrix is, 0 for none, and its sign.

    A skew-Hermitian `X + iY` is the real `[[X, -Y], [Y, X]]`.
    """
    size = block // 2 if is_complex else block
    upper = np.triu_indices(size, 1)
    index, sign = np.zeros((2, size, size), int)
    index[upper] = index.T[upper] = 1 + np.arange(len(upper[0]))
    sign[upper], sign.T[upper] = 1, -1
    if not is_complex:
        return index, sign
    places = np.triu_indices(size)
    other = np.zeros_like(index)
    other[places] = other.T[places] = (
        1 + len(upper[0]) + np.arange(len(places[0]))
    )
    ones = np.ones_like(sign)
    return (
        np.block([[index, other], [other, index]]),
        np.block([[sign, -ones], [ones, sign]]),
    )


@keras.saving.register_keras_serializable("tfq_hybrid")
class Rotation(Adapter):
    """Blocks of features turned, each by an orthogonal or unitary matrix.

    `Q = (I - K)^-1 (I + K)`, the Cayley map of a skew `K`, zero at first;
    solved in float32, and not inverted. A unitary block takes its first half
    of features as real parts and its second half as imaginary ones.

    Args:
        block: features in a block.
        is_complex: whether the blocks are unitary. Defaults to `False`.
        place: `"before"` turns the inputs, `"within"` the outputs without
            their bias. Defaults to `"within"`.
    """

    def __init__(
        self,
        block: int,
        is_complex: bool = False,
        place: str = "within",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.block = block
        self.is_complex = is_complex
        self.place = place

    def build(self, input_shape):
        index, _ = _skew_entries(self.block, self.is_complex)
        self.skew = self.add_weight(
            shape=(input_shape[-1] // self.block, int(index.max())),
            initializer="zeros",
            autocast=False,
            name="skew",
        )

    def rotations(self) -> "keras.KerasTensor":
        """The matrices `Q`, of shape (blocks, block, block), in float32."""
        index, sign = _skew_entries(self.block, self.is_complex)
        weights = keras.ops.pad(
            keras.ops.cast(self.skew, "float32"), ((0, 0), (1, 0))
        )
        skew = keras.ops.take(weights, index, axis=1)
        skew = skew * keras.ops.cast(sign, "float32")
        one = keras.ops.eye(self.block)
        return keras.ops.solve(one - skew, one + skew)

    def call(self, inputs):
        width = inputs.shape[-1]
        # A product for each block with all tokens in its columns: with tokens
        # in rows a step of small blocks takes eight times as long.
        tokens = keras.ops.transpose(keras.ops.reshape(inputs, (-1, width)))
        blocks = keras.ops.reshape(
            tokens, (width // self.block, self.block, -1)
        )
        rotations = keras.ops.cast(self.rotations(), inputs.dtype)
        turned = keras.ops.reshape(
            keras.ops.matmul(rotations, blocks), (width, -1)
        )
        turned = keras.ops.transpose(turned)
        return keras.ops.reshape(turned, keras.ops.shape(inputs)) - inputs

    def within(self, slot, outputs):
        """Turns what the matrix gives, without its bias."""
        if slot.bias is not None:
            outputs = outputs - keras.ops.reshape(slot.bias, (-1,))
        return self(outputs)

    def merged(self, kernel, bias):
        q = keras.ops.convert_to_numpy(self.rotations()).astype("float64")
        if self.place == "before":
            blocks = kernel.reshape(-1, self.block, kernel.shape[1])
            turned = np.einsum("goi,gon->gin", q, blocks)
        else:
            blocks = kernel.reshape(len(kernel), -1, self.block)
            turned = np.einsum("ngi,goi->ngo", blocks, q)
        return turned.reshape(kernel.shape), bias

    def get_config(self):
        config = {
            "block": self.block,
            "is_complex": self.is_complex,
            "place": self.place,
        }
        return {**super().get_config(), **config}


def near_equal_axes(width: int, count: int) -> tuple[int, ...]:
    """Sizes of `count` axes that hold `width` features, as equal as can be.

    >>> near_equal_axes(384, 3), near_equal_axes(7, 2)
    ((6, 8, 8), (2, 4))
    """
    best = None
    root = width ** (1 / count)
    choices = range(max(2, math.floor(root / 2)), math.ceil(2 * root) + 1)
    for axes in itertools.combinations_with_replacement(choices, count):
        product = math.prod(axes)
        if product >= width:
            key = (product, sum(axes))
            best = min(best or (key, axes), (key, axes))
    assert best is not None
    return best[1]


@keras.saving.register_keras_serializable("tfq_hybrid")
class TensorAdapter(Adapter):
    """`T x - x`, where `T` is a product of gates on two axes of features each.

    Args:
        axes: their sizes; a width that is no product is filled with zeros.
        scale: of what is added.
        place: `"beside"` a square matrix, else `"before"`.
    """

    def __init__(
        self, axes: tuple[int, ...], scale: float, place: str, **kwargs
    ):
        super().__init__(**kwargs)
        self.axes = tuple(axes)
        self.scale = scale
        self.place = place
        self.pairs = list(itertools.combinations(range(len(self.axes)), 2))

    def build(self, input_shape):
        self.gates = []
        for i, j in self.pairs:
            shape = 2 * (self.axes[i], self.axes[j])
            gate = self.add_weight(
                shape=shape, initializer="zeros", name=f"gate_{i}_{j}"
            )
            self.gates.append(gate)

    def _apply(self, ops, inputs, gates):
        width = inputs.shape[-1]
        extra = math.prod(self.axes) - width
        states = ops.reshape(inputs, (-1, width))
        states = ops.pad(states, ((0, 0), (0, extra)))
        states = ops.reshape(states, (-1, *self.axes))
        for (i, j), gate in zip(self.pairs, gates, strict=True):
            added = ops.tensordot(states, gate, ((i + 1, j + 1), (2, 3)))
            states = states + ops.moveaxis(added, (-2, -1), (i + 1, j + 1))
        return ops.reshape(states, (-1, width + extra))[:, :width]

    def call(self, inputs):
        turned = self._apply(keras.ops, inputs, self.gates)
        turned = keras.ops.reshape(turned, keras.ops.shape(inputs))
        return self.scale * (turned - inputs)

    def merged(self, kernel, bias):
        gates = [np.asarray(gate).astype("float64") for gate in self.gates]
        one = np.eye(len(kernel))
        added = self.scale * (self._apply(np, one, gates) - one)
        if self.place == "before":
            return kernel + added @ kernel, bias
        return kernel + added, bias

    def get_config(self):
        config = {"axes": self.axes, "scale": self.scale, "place": self.place}
        return {**super().get_config(), **config}
