"""The token signature, run by onnxruntime."""

import numpy as np
import pytest

from tests.serving.zoo import EXAMPLES
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import check_manifest, export
from tfq_hybrid.serving.checking import ask, check_answers, onnx_file
from tfq_hybrid.serving.endpoints import Options
from tfq_hybrid.serving.exporting import ONNX, to_onnx
from tfq_hybrid.serving.kinds import endpoints_of

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")
pytestmark = pytest.mark.filterwarnings("ignore")  # of tf2onnx and NumPy


@pytest.mark.parametrize("name", ["classification", "gpt2", "tensors"])
def test_same_numbers(name, exports, tmp_path):
    _, example = exports[name]
    path = export(
        example.model, tmp_path / name, **example.options, with_onnx=True
    )
    check_manifest(path)
    session = onnxruntime.InferenceSession(
        str(path / ONNX), providers=["CPUExecutionProvider"]
    )
    _, inputs, expected = example.requests[-1]
    names = [output.name for output in session.get_outputs()]
    assert names == list(expected)
    for rows in (slice(None), slice(1)):
        fed = {name: values[rows] for name, values in inputs.items()}
        for name, value in zip(names, session.run(None, fed), strict=True):
            np.testing.assert_allclose(
                value, expected[name][rows], rtol=1e-5, atol=1e-5
            )


@pytest.mark.long
def test_states_are_pairs_of_reals(tmp_path):
    """RZ makes the unitary and the state complex; no tensor is."""
    import keras

    from tfq_hybrid.circuits import CircuitSpec
    from tfq_hybrid.layers import QuantumDense

    spec = CircuitSpec(
        qubits=2, depth=2, ansatz=("rz", "ry", "cnot"), observables=("X0*Y1",)
    )
    inputs = keras.Input((3,), name="x")
    model = keras.Model(inputs, QuantumDense(2, spec)(inputs))
    path = export(model, tmp_path / "complex", with_onnx=True)
    file = onnx.shape_inference.infer_shapes(onnx.load(path / ONNX))
    kinds = {v.type.tensor_type.elem_type for v in file.graph.value_info}
    kinds |= {constant.data_type for constant in file.graph.initializer}
    complex_kinds = {onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128}
    assert kinds and not kinds & complex_kinds
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    session = onnxruntime.InferenceSession(
        str(path / ONNX), providers=["CPUExecutionProvider"]
    )
    np.testing.assert_allclose(
        session.run(None, {"x": x})[0], model(x), rtol=1e-5, atol=1e-5
    )


def test_other_answers_are_found():
    import keras

    inputs = keras.Input((3,), name="x")
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model(inputs, dense(inputs))
    options = Options()
    [endpoint] = endpoints_of(model, options)
    content = to_onnx(endpoint)
    check_answers(onnx_file(content), ask(model, options), model)
    dense.kernel.assign_add(np.full((3, 2), 0.1))
    with pytest.raises(UserError, match=r"differs by 0\.\d+"):
        check_answers(onnx_file(content), ask(model, options), model)


def test_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: None if name == "tf2onnx" else True,
    )
    with pytest.raises(UserError, match=r"tfq-hybrid\[onnx\]"):
        export(EXAMPLES["tensors"]().model, tmp_path, with_onnx=True)
    assert not list(tmp_path.iterdir())
