"""Values and texts that do harm where a reader trusts them."""

import pathlib

# What no reader may make: the attacks below try to.
MARKER = pathlib.Path("/tmp/tfq-hybrid-fuzz-marker")
CODE = f"__import__('pathlib').Path('{MARKER}').write_text('x')"
COMMAND = f"__import__('os').system('touch {MARKER}')"
NUMBERS = [
    None,
    True,
    False,
    -1,
    0,
    1,
    2,
    3,
    64,
    1000,
    65536,
    2**31 - 1,
    2**31,
    2**63 - 1,
    2**64,
    10**9,
    10**400,
    -(2**63),
    1e-300,
    0.5,
    -0.5,
    1e30,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
]
TEXTS = [
    "",
    ".",
    "..",
    "/",
    "\0",
    "\ud800",
    "\r\n",
    "a" * 5000,
    "é\u202e\u2028",
    "__class__",
    "None",
    "1e999",
    "10**10**9",
    "9" * 5000,
    "x0",
    "w0",
    "Z0*X1",
    "X99999999",
    "Z0*" * 2000 + "Z0",
    "(a+)+$",
    "((((a|a)*)*)*)*b",
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:9/x",
    "hf://user/model",
    "kaggle://a/b/c/d",
    str(MARKER),
    f"../../../../../..{MARKER}",
    CODE,
    COMMAND,
    f"exec({CODE!r})",
    f"lambda x: {CODE}",
    f"Symbol('x') + {CODE}",
]
EMPTY = [[], {}, [[]], {"": None}, [None] * 100, [[[[[]]]]]]
_BYTES_OF_LAMBDA = "4wEAAAAAAAAAAAAAAAEAAAADAAAA8wYAAACXAHwAUwCpAFMA"
# Objects of a Keras config.
KERAS = [
    {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {
            "name": "a",
            "function": {
                "class_name": "__lambda__",
                "config": {"code": _BYTES_OF_LAMBDA, "defaults": None},
            },
        },
        "registered_name": None,
    },
    {
        "class_name": "__lambda__",
        "config": {"code": _BYTES_OF_LAMBDA, "defaults": None},
    },
    {"class_name": "function", "config": "system", "module": "os"},
    {
        "module": "builtins",
        "class_name": "function",
        "config": "exec",
        "registered_name": "function",
    },
    {
        "module": "subprocess",
        "class_name": "Popen",
        "config": {"args": ["touch", str(MARKER)]},
        "registered_name": None,
    },
    {
        "module": "keras.utils",
        "class_name": "get_file",
        "config": {"fname": str(MARKER), "origin": "file:///etc/passwd"},
        "registered_name": None,
    },
    {
        "module": "tfq_hybrid.files",
        "class_name": "write_text",
        "config": {"path": str(MARKER), "text": "x"},
        "registered_name": None,
    },
    {
        "module": "keras.layers",
        "class_name": "TFSMLayer",
        "config": {"filepath": "/etc", "call_endpoint": "serve"},
        "registered_name": None,
    },
    {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"name": "dense", "units": 2**31},
        "registered_name": None,
        "build_config": {"input_shape": [None, 2**20]},
    },
    {
        "module": "keras.layers",
        "class_name": "Embedding",
        "config": {"name": "e", "input_dim": 10**9, "output_dim": 10**9},
        "registered_name": None,
        "build_config": {"input_shape": [None, 2]},
    },
    {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"name": "a", "vocabulary": "/etc/passwd"},
        "registered_name": None,
    },
    {
        "class_name": "__keras_tensor__",
        "config": {
            "shape": [None, 2**30, 2**30],
            "dtype": "float32",
            "keras_history": ["dense", 0, 0],
        },
    },
    {
        "class_name": "__tensor__",
        "config": {"value": [[1.0] * 50] * 50, "dtype": "float32"},
    },
    {"class_name": "__slice__", "config": {"start": 0, "stop": 2**62}},
    {"class_name": "__ellipsis__"},
    {"class_name": "__bytes__", "config": "\ud800"},
    {"class_name": "__typespec__", "spec_name": "TensorSpec", "config": {}},
    {
        "module": "tfq_hybrid.layers",
        "class_name": "QuantumDense",
        "config": {
            "units": 2,
            "circuit": {"qubits": 30, "depth": 10**6},
        },
        "registered_name": "tfq_hybrid>QuantumDense",
    },
]
# Objects of Cirq's JSON.
_SYMBOL = {"cirq_type": "sympy.Symbol", "name": "x"}
_QUBIT = {"cirq_type": "LineQubit", "x": 0}


def _gate(kind, **arguments):
    return {"cirq_type": kind, **arguments}


CIRQ = [
    {"cirq_type": "sympy.Symbol", "name": CODE},
    {"cirq_type": "sympy.Integer", "i": CODE},
    {"cirq_type": "sympy.Float", "approx": COMMAND},
    {"cirq_type": "sympy.Rational", "p": COMMAND, "q": CODE},
    {"cirq_type": "sympy.Add", "args": [CODE, _SYMBOL]},
    {"cirq_type": "sympy.Mul", "args": [_SYMBOL, COMMAND]},
    {
        "cirq_type": "sympy.Pow",
        "args": [
            {"cirq_type": "sympy.Integer", "i": 10},
            {
                "cirq_type": "sympy.Pow",
                "args": [
                    {"cirq_type": "sympy.Integer", "i": 10},
                    {"cirq_type": "sympy.Integer", "i": 9},
                ],
            },
        ],
    },
    {
        "cirq_type": "sympy.Pow",
        "args": [_SYMBOL, {"cirq_type": "sympy.Integer", "i": 10**9}],
    },
    {"cirq_type": "sympy.pi"},
    {"cirq_type": "sympy.E"},
    {"cirq_type": "sympy.EulerGamma"},
    {"cirq_type": "complex", "real": 0, "imag": float("inf")},
    {"cirq_type": "LineQubit", "x": 10**400},
    {"cirq_type": "LineQid", "x": 0, "dimension": 10**9},
    {"cirq_type": "GridQubit", "row": 2**62, "col": -1},
    {"cirq_type": "NamedQubit", "name": CODE},
    _gate("IdentityGate", num_qubits=10**9),
    _gate("IdentityGate", num_qubits=1, qid_shape=[10**9] * 40),
    _gate("MatrixGate", matrix=[[1] * 64] * 64),
    _gate("MatrixGate", matrix=[[1, 0], [0, 1]], qid_shape=[2]),
    _gate("QuantumFourierTransformGate", num_qubits=40, without_reverse=False),
    _gate("DiagonalGate", diag_angles_radians=[0.0] * 1024),
    _gate(
        "ParallelGate",
        sub_gate=_gate("_PauliX", exponent=1.0, global_shift=0.0),
        num_copies=10**9,
    ),
    _gate(
        "ControlledGate",
        control_qid_shape=[2] * 60,
        sub_gate=_gate("_PauliX", exponent=1.0, global_shift=0.0),
    ),
    _gate("DepolarizingChannel", p=0.5, n_qubits=30),
    _gate("ResetChannel", dimension=10**9),
    _gate("WaitGate", duration=_gate("Duration", picos=CODE), num_qubits=1),
    _gate(
        "BooleanHamiltonianGate",
        parameter_names=["a"],
        boolean_strs=[CODE],
        theta=0.1,
    ),
    _gate("SympyCondition", sympy_expr=CODE),
    _gate("SympyCondition", sympy_src=COMMAND),
    _gate("KeyCondition", key=_gate("MeasurementKey", name="a"), index=0),
    _gate("MeasurementGate", num_qubits=1, key=CODE, invert_mask=[]),
    _gate("CliffordTableau", n=10**6, rs=[], xs=[], zs=[]),
    _gate(
        "CircuitOperation",
        circuit=_gate("FrozenCircuit", moments=[]),
        repetitions=10**9,
        qubit_map=[],
        measurement_key_map=[],
        param_resolver=_gate("ParamResolver", param_dict=[["x", CODE]]),
        repetition_ids=None,
        parent_path=[],
    ),
    _gate(
        "CircuitOperation",
        circuit=_gate(
            "FrozenCircuit",
            moments=[
                _gate(
                    "Moment",
                    operations=[
                        _gate(
                            "GateOperation",
                            gate=_gate("Rx", rads=_SYMBOL),
                            qubits=[_QUBIT],
                        )
                    ],
                )
            ],
        ),
        repetitions=10**7,
        qubit_map=[],
        measurement_key_map=[],
        param_resolver=_gate("ParamResolver", param_dict=[]),
        repetition_ids=None,
        parent_path=[],
    ),
    _gate("_SerializedContext", obj=_SYMBOL, key=1),
    _gate("_SerializedKey", key=1),
    _gate(
        "_ContextualSerialization",
        object_dag=[
            _gate(
                "_SerializedContext", key=1, obj=_gate("_SerializedKey", key=1)
            ),
            _gate("_SerializedKey", key=1),
        ],
    ),
    _gate("VAL", key=0, val=_gate("REF", key=0)),
    _gate("REF", key=0),
    _gate("pandas.DataFrame", data=[], columns=[], index=[]),
    _gate("datetime.datetime", timestamp=1e300),
    _gate("Circuit", moments=[_gate("Moment", operations=[])] * 200),
    _gate("PauliString", qubit_pauli_dict=[], coefficient=_SYMBOL),
    _gate(
        "RandomGateChannel", sub_gate=_gate("Rx", rads=CODE), probability=CODE
    ),
    _gate("TaggedOperation", sub_operation=_QUBIT, tags=[CODE]),
]
CIRCUITS = [
    {"qubits": 10**9},
    {"qubits": 2, "depth": 10**9},
    {"qubits": 20, "depth": 10**5, "ansatz": ["rx", "cnot"]},
    {"qubits": 2, "reuploads": 10**9},
    {"qubits": 2, "observables": ["X99999999"]},
    {"qubits": 2, "entanglement": "long_range", "distance": 10**9},
]
# Arguments of adapters.
METHODS = [
    {"method": "LoRA", "targets": ["dense"], "rank": 10**9},
    {"method": "PrefixTuning", "length": 10**9},
    {"method": "BottleneckAdapter", "targets": ["dense"], "width": 10**9},
    {"method": "BottleneckAdapter", "targets": ["dense"], "activation": CODE},
    {"method": "ReplaceDense", "targets": ["dense"], "circuit": CIRCUITS[0]},
    {"method": "LoRA", "targets": ["((((a|a)*)*)*)*b"]},
    {"method": "LoRA", "targets": "dense", "layers": "0-999999999999"},
]
SHARDS = [
    {"weight_map": {"/dense": ["/etc/passwd"]}, "metadata": {}},
    {"weight_map": {"/dense": ["../model.weights.h5"]}},
    {"weight_map": {"a": f"../../..{MARKER}"}},
]
VALUES = [*NUMBERS, *TEXTS, *EMPTY]
