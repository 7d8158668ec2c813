"""The formulas of the methods that merge, against NumPy."""

import cirq
import keras
import numpy as np
import pytest

from tests.adapters.test_merging import weights_of
from tests.adapters.zoo import TURNS
from tfq_hybrid import adapters
from tfq_hybrid.adapters.linear_layers import Rotation, near_equal_axes
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.build import count_circuit_parameters

RANDOM = np.random.default_rng(11)
INPUTS = RANDOM.normal(size=(3, 12)).astype("float32")


def adapted(method, units=8, use_bias=True):
    """A trained adapter on a Dense layer from 12 features, and what it is."""
    keras.utils.set_random_seed(3)
    layer = keras.layers.Dense(units, use_bias=use_bias, name="only")
    model = keras.Sequential([keras.Input((12,)), layer])
    if use_bias:
        layer.bias.assign(RANDOM.normal(size=units))
    adapters.adapt(model, method)
    for variable in model.trainable_variables:
        variable.assign_add(RANDOM.normal(size=variable.shape))
    return model, layer


def parts(layer):
    """The matrix (outputs, inputs) and the bias, as in a formula."""
    return np.array(layer.kernel).T, np.array(layer.bias)


def assert_is(model, expected):
    """The model gives what the formula says, of inputs in columns."""
    found = np.array(model(INPUTS))
    np.testing.assert_allclose(found, expected.T, rtol=2e-5, atol=2e-5)


def test_ia3():
    model, layer = adapted(adapters.IA3(targets="only"))
    w, b = parts(layer)
    scale = np.array(layer.adapter.factors)
    assert_is(model, scale[:, None] * (w @ INPUTS.T + b[:, None]))


def test_ia3_with_a_factor_of_zero_is_undone_exactly():
    model, layer = adapted(adapters.IA3(targets="only"))
    layer.adapter.factors.assign(np.arange(8.0))
    before = weights_of(model)
    for _ in range(3):
        adapters.merge(model)
        assert not np.array(layer.kernel)[:, 0].any()
        adapters.unmerge(model)
    for path, values in weights_of(model).items():
        np.testing.assert_array_equal(values, before[path])


def test_bitfit():
    model, layer = adapted(adapters.BitFit(targets="only"))
    w, b = parts(layer)
    shift = np.array(layer.adapter.shift)
    assert_is(model, w @ INPUTS.T + (b + shift)[:, None])
    with pytest.raises(UserError, match="only, which has none"):
        adapted(adapters.BitFit(targets="only"), use_bias=False)


def test_vera():
    model, layer = adapted(adapters.VeRA(targets="only", rank=5))
    w, b = parts(layer)
    names = ("a", "b", "inner", "outer")
    a, up, d, outer = (np.array(getattr(layer.adapter, n)) for n in names)
    delta = np.diag(outer) @ up.T @ np.diag(d) @ a.T
    assert_is(model, (w + delta) @ INPUTS.T + b[:, None])
    assert np.abs(a).max() <= np.sqrt(6 / 12)


def test_vera_shares_its_matrices():
    """Whatever Keras's seed, in every place of a shape; other seeds differ."""
    found = []
    for seed in (0, 0, 1):
        model, layer = adapted(adapters.VeRA(targets="only", rank=2, seed=seed))
        found.append(np.array(layer.adapter.a))
        assert adapters.trainable_parameters(model) == 2 + 8
    np.testing.assert_array_equal(found[0], found[1])
    assert np.all(found[0] != found[2])
    expected = np.random.RandomState(0).uniform(-(0.5**0.5), 0.5**0.5, (12, 2))
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)


def test_lora_xs():
    method = adapters.LoRA_XS(targets="only", rank=3, alpha=6)
    model, layer = adapted(method)
    w, b = parts(layer)
    u, s, v = np.linalg.svd(w, full_matrices=False)
    core = np.array(layer.adapter.core).T
    adapter = layer.adapter
    a, up = np.array(adapter.a).T, np.array(adapter.b).T
    # Singular vectors have a sign of their own choosing.
    np.testing.assert_allclose(
        np.abs(a), np.abs(s[:3, None] * v[:3]), atol=1e-5
    )
    np.testing.assert_allclose(np.abs(up), np.abs(u[:, :3]), atol=1e-5)
    np.testing.assert_allclose(up @ a, (u[:, :3] * s[:3]) @ v[:3], atol=1e-5)
    assert_is(model, (w + 2 * up @ core @ a) @ INPUTS.T + b[:, None])
    with pytest.raises(UserError, match="rank"):
        adapted(adapters.LoRA_XS(targets="only", rank=9))


def cayley(k):
    one = np.eye(len(k))
    return np.linalg.inv(one - k) @ (one + k)


def skew(weights, size):
    k = np.zeros((size, size))
    k[np.triu_indices(size, 1)] = weights
    return k - k.T


def blocks(matrices):
    """A block-diagonal matrix."""
    size = sum(map(len, matrices))
    found, place = np.zeros((size, size)), 0
    for matrix in matrices:
        end = place + len(matrix)
        found[place:end, place:end] = matrix
        place = end
    return found


def test_oft():
    model, layer = adapted(adapters.OFT(targets="only", block=4))
    w, b = parts(layer)
    weights = np.array(layer.adapter.skew)
    q = blocks([cayley(skew(each, 4)) for each in weights])
    assert weights.shape == (3, 6)
    assert_is(model, w @ q @ INPUTS.T + b[:, None])


def test_unitary():
    model, layer = adapted(adapters.UnitaryAdapter(targets="only", qubits=2))
    w, b = parts(layer)
    u = blocks([cayley(skew(e, 4)) for e in np.array(layer.adapter.skew)])
    np.testing.assert_allclose(u @ u.T, np.eye(8), atol=1e-12)
    assert_is(model, u @ w @ INPUTS.T + b[:, None])


def test_unitary_of_pairs():
    """Halves of a block are real and imaginary parts."""
    method = adapters.UnitaryAdapter(targets="only", qubits=2, is_complex=True)
    model, layer = adapted(method)
    w, b = parts(layer)
    weights = np.array(layer.adapter.skew)
    assert weights.shape == (2, 4)
    y = w @ INPUTS.T
    expected = []
    for block, (x, *imaginary) in enumerate(weights):
        k = skew([x], 2) + 0j
        k[np.triu_indices(2)] += 1j * np.array(imaginary)
        k[1, 0] += 1j * imaginary[1]
        np.testing.assert_allclose(k, -k.conj().T)
        u = cayley(k)
        np.testing.assert_allclose(u @ u.conj().T, np.eye(2), atol=1e-12)
        real, imaginary = y[4 * block : 4 * block + 4].reshape(2, 2, 3)
        z = u @ (real + 1j * imaginary)
        expected += [z.real, z.imag]
    assert_is(model, np.concatenate(expected) + b[:, None])


@pytest.mark.parametrize(
    ("ansatz", "is_complex"),
    [(("ry", "cz"), False), (("cnot_ry", "ry"), False), (("rx", "rz"), True)],
)
def test_unitary_of_circuits(ansatz, is_complex):
    """What Cirq makes of the circuits that can be read back."""
    spec = CircuitSpec(qubits=2, depth=2, encoding="amplitude", ansatz=ansatz)
    method = adapters.UnitaryAdapter(
        targets="only", circuit=spec, is_complex=is_complex
    )
    model, layer = adapted(method)
    adapter = layer.adapter
    w, b = parts(layer)
    found = []
    for row, circuit in enumerate(adapter.circuits()):
        u, start, there = (
            circuit.unitary(spec.qids, spec.qids)
            for circuit in (
                circuit,
                at_angles(spec, adapter.start[row]),
                at_angles(spec, adapter.start[row] + adapter.turns[row]),
            )
        )
        np.testing.assert_allclose(u, there @ start.conj().T, atol=1e-6)
        real, imaginary = u.real, u.imag
        assert is_complex or not imaginary.any()
        whole = np.block([[real, -imaginary], [imaginary, real]])
        found.append(whole if is_complex else real)
    assert len(found) == (1 if is_complex else 2)
    assert_is(model, blocks(found) @ w @ INPUTS.T + b[:, None])
    trained = len(found) * spec.weight_count
    assert adapters.trainable_parameters(model) == trained
    assert count_circuit_parameters(model) == trained
    adapter.turns.assign(np.zeros(adapter.turns.shape))
    assert_is(model, w @ INPUTS.T + b[:, None])
    model.compile("sgd", "mse")  # in a graph
    model.fit(INPUTS, np.zeros((3, 8)), verbose=0)
    assert np.array(adapter.turns).any()


def at_angles(spec, angles):
    values = dict(zip(spec.weights, np.array(angles).tolist(), strict=True))
    return cirq.resolve_parameters(spec.circuit, values)


def test_cayley_by_hand():
    """The exact map of half a turn's tangent, and not a series."""
    layer = Rotation(2)
    layer.build((None, 2))
    layer.skew.assign([[0.5]])
    expected = [[[0.6, 0.8], [-0.8, 0.6]]]
    np.testing.assert_allclose(layer.rotations(), expected, rtol=1e-6)


@pytest.mark.parametrize("is_complex", [False, True])
def test_large_rotations_stay_orthogonal(is_complex):
    layer = Rotation(8, is_complex)
    layer.build((None, 16))
    weights = RANDOM.normal(size=layer.skew.shape)
    layer.skew.assign(100 * weights / np.linalg.norm(weights))
    q = np.array(layer.rotations(), "float64")
    left = q.swapaxes(1, 2) @ q - np.eye(8)
    assert np.linalg.norm(left, axis=(1, 2)).max() < 1e-4
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = keras.ops.sum(layer(np.ones((2, 16), "float32")) ** 2)
    [gradient] = tape.gradient(loss, layer.trainable_variables)
    assert np.isfinite(gradient).all() and np.any(gradient)


def test_quanta_of_a_square_matrix():
    """One gate for each pair of axes, in the order 01, 02, 12."""
    model, layer = adapted(adapters.QuanTA(targets="only", alpha=2), units=12)
    assert layer.adapter.axes == (2, 2, 3)
    w, b = parts(layer)
    t = np.eye(12)
    for (i, j), gate in zip(
        layer.adapter.pairs, map(np.array, layer.adapter.gates), strict=True
    ):
        [k] = {0, 1, 2} - {i, j}
        sizes = [layer.adapter.axes[x] for x in (i, j, k)]
        size = sizes[0] * sizes[1]
        pair = np.eye(size) + gate.reshape(size, size)
        whole = np.kron(pair, np.eye(sizes[2])).reshape(2 * sizes)
        back = np.argsort([i, j, k])
        whole = whole.transpose(*back, *(3 + back)).reshape(12, 12)
        t = whole @ t
    assert_is(model, (w + 2 * (t - np.eye(12))) @ INPUTS.T + b[:, None])


def test_quanta_of_other_shapes_fills_up():
    model, layer = adapted(adapters.QuanTA(targets="only", axes=2))
    assert layer.adapter.axes == (3, 4)
    w, b = parts(layer)
    [gate] = map(np.array, layer.adapter.gates)
    t = np.eye(12) + gate.reshape(12, 12)
    assert_is(model, w @ t @ INPUTS.T + b[:, None])
    assert near_equal_axes(13, 2) == (2, 7)  # 14, the nearest above


@pytest.mark.parametrize("units", [8, 12, 5])
def test_quantum_peft(units):
    """Columns of the unitaries that Cirq has of the same circuits."""
    method = adapters.QuantumPEFT(targets="only", rank=3, depth=2, alpha=0.5)
    model, layer = adapted(method, units)
    w, b = parts(layer)
    v, u = (
        cirq.unitary(circuit)[:width, :3]
        for circuit, width in zip(
            layer.adapter.circuits(), (12, units), strict=True
        )
    )
    assert np.abs(np.imag(u)).max() == 0 and np.abs(np.real(u)).max() > 0.1
    values = np.array(layer.adapter.values)
    delta = 0.5 * np.real(u) @ np.diag(values) @ np.real(v).T
    assert_is(model, (w + delta) @ INPUTS.T + b[:, None])
    n, m = 4, int(np.ceil(np.log2(units)))
    angles = (2 * 2 + 1) * n - 4 + (2 * 2 + 1) * m - 4
    assert adapters.trainable_parameters(model) == angles + 3
    assert count_circuit_parameters(model) == angles


@pytest.mark.parametrize(
    ("method", "arguments", "match"),
    [
        ("OFT", {"block": 5}, "divide the 12 features of only, such as [46]"),
        ("OFT", {"block": 1}, "block"),
        ("UnitaryAdapter", {"qubits": 4}, "divide the 8 features of only"),
        ("UnitaryAdapter", {"is_complex": 1}, "True or False"),
        ("UnitaryAdapter", {"circuit": "qffn"}, "encoding='amplitude'"),
        ("UnitaryAdapter", {"circuit": "qaa"}, "is_complex=True"),
        ("UnitaryAdapter", {"circuit": "ionq"}, "divide the 8 features"),
        ("UnitaryAdapter", {"circuit": "ionq", "qubits": 3}, "no qubits"),
        ("QuanTA", {"axes": 1}, "axes"),
        ("QuanTA", {"alpha": "x"}, "alpha"),
        ("VeRA", {"rank": 0}, "rank"),
        ("VeRA", {"seed": -1}, "seed"),
        ("LoRA_XS", {"alpha": "x"}, "alpha"),
        ("QuantumPEFT", {"alpha": "x"}, "alpha"),
        ("QuantumPEFT", {"rank": 9}, "rank"),
        ("QuantumPEFT", {"depth": 65}, "depth"),
    ],
)
def test_bad_arguments_are_refused(method, arguments, match):
    with pytest.raises(UserError, match=match):
        adapted(adapters.METHODS[method](targets="only", **arguments))


@pytest.mark.parametrize("method", ["OFT", "QuanTA"])
def test_no_size_fits(method):
    layer = keras.layers.Dense(8, name="only")
    model = keras.Sequential([keras.Input((3,)), layer])
    if method == "OFT":  # 3 and 8 have no block in common
        model.add(keras.layers.Dense(2, name="next"))
    found = adapters.METHODS[method](targets="dense")
    with pytest.raises(UserError, match="none that fits all"):
        found.for_parameters(model, 10)


@pytest.mark.parametrize(
    ("method", "wanted", "reached"),
    [
        ("VeRA", 100, 92 + 8),
        ("LoRA_XS", 40, 36),
        ("OFT", 30, 30),
        ("UnitaryAdapter", 30, 28),
        ("UnitaryAdapter of circuits", 30, 2 * 2 * 7),
        ("QuanTA", 90, 2**4 + 2 * 6**2),
    ],
)
def test_sizes_are_chosen(method, wanted, reached):
    model = keras.Sequential(
        [keras.Input((12,)), keras.layers.Dense(8, name="only")]
    )
    options = {"circuit": TURNS} if "of circuits" in method else {}
    method = adapters.METHODS[method.split()[0]](targets="only", **options)
    found = method.for_parameters(model, wanted, report=lambda line: None)
    assert found.parameters(model) == reached
