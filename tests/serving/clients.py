"""Processes that ask an export with nothing but TensorFlow."""

import json
import subprocess
import sys

import numpy as np
from tensorflow.core.protobuf import saved_model_pb2

from tests.tolerances import rounding

# Packages that cannot be imported in a client.
BANNED = """
import importlib.abc, importlib.machinery, json, sys
BANNED = {"tensorflow_quantum", "cirq", "keras", "tf_keras", "keras_hub",
          "keras_nlp", "tfq_hybrid"}
class Ban(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    # TensorFlow asks where Keras is, without importing it.
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BANNED:
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        raise ImportError("banned: " + spec.name)
    def exec_module(self, module):
        pass
sys.meta_path.insert(0, Ban())
"""

PYTHON = (
    BANNED
    + """
import importlib.util, pathlib
import tensorflow as tf
text_spec = importlib.util.find_spec("tensorflow_text")
# The Python side of TensorFlow Text imports Keras; its operations do not.
for library in pathlib.Path(text_spec.origin).parent.rglob("ops/_*.so"):
    tf.load_op_library(str(library))
def decoded(value):
    if isinstance(value, list):
        return [decoded(item) for item in value]
    is_text = isinstance(value, bytes)
    return value.decode("utf-8", "replace") if is_text else value
answers = []
for path, requests, _ in json.load(sys.stdin):
    model = tf.saved_model.load(path)
    for signature, inputs in requests:
        function = model.signatures[signature]
        outputs = function(**{
            name: tf.constant(values, dtype)
            for name, (dtype, values) in inputs.items()
        })
        answers.append({
            name: decoded(value.numpy().tolist())
            for name, value in outputs.items()
        })
loaded = sorted(BANNED & {name.split(".")[0] for name in sys.modules})
print(json.dumps({"answers": answers, "loaded": loaded}))
"""
)

# The same through TensorFlow's C API, whose library needs no Python.
C_API = (
    BANNED.replace("BANNED = {", 'BANNED = {"tensorflow", "tensorflow_text",')
    + """
import ctypes, math, pathlib
site = next(folder for folder in map(pathlib.Path, sys.path)
            if (folder / "tensorflow" / "libtensorflow_cc.so.2").exists())
tf = ctypes.CDLL(str(site / "tensorflow" / "libtensorflow_cc.so.2"))
POINTER, SIZE, INT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
class Output(ctypes.Structure):  # TF_Output
    _fields_ = [("oper", POINTER), ("index", INT)]
for name, result in {
    "TF_NewStatus": POINTER, "TF_NewGraph": POINTER,
    "TF_NewSessionOptions": POINTER, "TF_LoadLibrary": POINTER,
    "TF_LoadSessionFromSavedModel": POINTER, "TF_TensorData": POINTER,
    "TF_GraphOperationByName": POINTER, "TF_AllocateTensor": POINTER,
    "TF_StringGetDataPointer": POINTER, "TF_StringGetSize": SIZE,
    "TF_Message": ctypes.c_char_p, "TF_Dim": ctypes.c_int64,
}.items():
    getattr(tf, name).restype = result
status = POINTER(tf.TF_NewStatus())
def check():
    if tf.TF_GetCode(status):
        raise SystemExit(tf.TF_Message(status).decode())
ops = site / "tensorflow_text" / "python" / "ops"
for library in sorted(ops.glob("_*.so")):
    tf.TF_LoadLibrary(str(library).encode(), status)
    check()
# TF_DataType, and the C type of a number.
TYPES = {"float32": (1, ctypes.c_float), "int32": (3, ctypes.c_int32)}
STRING, STRING_BYTES = 7, 24  # TF_STRING, sizeof(TF_TString)
def as_tensor(dtype, nested):
    values, shape = nested, []
    inner = nested
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0]
    for _ in shape[1:]:
        values = [x for row in values for x in row]
    dims = (ctypes.c_int64 * len(shape))(*shape)
    code, kind = TYPES.get(dtype, (STRING, None))
    size = STRING_BYTES if kind is None else ctypes.sizeof(kind)
    tensor = POINTER(tf.TF_AllocateTensor(
        code, dims, INT(len(shape)), SIZE(size * len(values))))
    data = tf.TF_TensorData(tensor)
    if kind:
        (kind * len(values)).from_address(data)[:] = values
        return tensor
    for place, text in enumerate(values):
        there, text = POINTER(data + place * STRING_BYTES), text.encode()
        tf.TF_StringInit(there)
        tf.TF_StringCopy(there, text, SIZE(len(text)))
    return tensor
def as_list(tensor):
    shape = [tf.TF_Dim(tensor, i) for i in range(tf.TF_NumDims(tensor))]
    count, data = math.prod(shape), tf.TF_TensorData(tensor)
    if tf.TF_TensorType(tensor) == STRING:
        values = []
        for place in range(count):
            there = POINTER(data + place * STRING_BYTES)
            start = tf.TF_StringGetDataPointer(there)
            text = ctypes.string_at(start, tf.TF_StringGetSize(there))
            values.append(text.decode("utf-8", "replace"))
    else:
        kind = dict(TYPES.values())[tf.TF_TensorType(tensor)]
        values = list((kind * count).from_address(data))
    for size in shape[:0:-1]:
        values = [values[i:i + size] for i in range(0, len(values), size)]
    return values
answers = []
for path, requests, names in json.load(sys.stdin):
    graph, tags = POINTER(tf.TF_NewGraph()), (ctypes.c_char_p * 1)(b"serve")
    session = POINTER(tf.TF_LoadSessionFromSavedModel(
        POINTER(tf.TF_NewSessionOptions()), None, path.encode(), tags,
        INT(1), graph, None, status))
    check()
    def places(tensors):
        found = (Output * len(tensors))()
        for place, tensor in enumerate(tensors):
            name, index = tensor.split(":")
            operation = tf.TF_GraphOperationByName(graph, name.encode())
            found[place] = Output(operation, int(index))
        return found
    for signature, inputs in requests:
        fed, fetched = names[signature]
        tensors = [as_tensor(*inputs[name]) for name in fed]
        results = (POINTER * len(fetched))()
        tf.TF_SessionRun(
            session, None, places(list(fed.values())),
            (POINTER * len(tensors))(*tensors), INT(len(tensors)),
            places(list(fetched.values())), results, INT(len(results)),
            None, INT(0), None, status)
        check()
        answers.append({
            name: as_list(POINTER(result))
            for name, result in zip(fetched, results)
        })
loaded = sorted(BANNED & {name.split(".")[0] for name in sys.modules})
print(json.dumps({"answers": answers, "loaded": loaded}))
"""
)


def ask(client, exports):
    """Asks many exports in one process.

    Args:
        client: str. The client's program: reads triples of a path, requests
            and the graph's names on standard input, and writes the answers.
        exports: dict of a name, and a pair of the path and an `Example`.

    Returns:
        A dict of a name and a list of answers; and the banned packages that
        the client has loaded all the same.
    """
    task = [
        (
            str(path),
            [(r[0], _plain(r[1])) for r in example.requests],
            _tensor_names(path),
        )
        for path, example in exports.values()
    ]
    done = subprocess.run(
        [sys.executable, "-c", client],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    reply = json.loads(done.stdout)
    answers = iter(reply["answers"])
    return {
        name: [next(answers) for _ in example.requests]
        for name, (_, example) in exports.items()
    }, reply["loaded"]


def _tensor_names(path):
    """What a signature's inputs and outputs are called in the graph."""
    content = (path / "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0]
    return {
        name: [
            {key: info.name for key, info in sorted(side.items())}
            for side in (signature.inputs, signature.outputs)
        ]
        for name, signature in graph.signature_def.items()
    }


def _plain(inputs):
    return {
        name: (
            "string" if values.dtype == object else values.dtype.name,
            values.tolist(),
        )
        for name, values in inputs.items()
    }


def assert_answers(example, answers):
    """Answers are those of the model itself, numbers but for rounding.

    The models are of one block of at most 24 features with a circuit, their
    vectors of at most 24 tokens: a chain of about 250 operations.
    """
    for (_, _, expected), answer in zip(example.requests, answers, strict=True):
        assert answer.keys() == expected.keys()
        for name, values in expected.items():
            if values.dtype == object:
                assert answer[name] == values.tolist()
            else:
                most = rounding(250, np.abs(values).max())
                np.testing.assert_allclose(
                    answer[name], values, rtol=0, atol=most
                )
