"""Of each reader of files: a name, a valid content, and how it is called."""

import functools
import hashlib
import io
import json
import pathlib
import tempfile
import zipfile

import cirq
import keras
import numpy as np
import sympy

from benchmarks.results import Results as BenchmarkResults
from tests.adapters.zoo import make_backbone, make_method
from tests.bases.gguf_files import tiny
from tests.reports import contents
from tfq_hybrid import adapters
from tfq_hybrid.adapters.weights import read_weights
from tfq_hybrid.bases.gguf_file import open_gguf
from tfq_hybrid.bases.gguf_tokenizer import read_tokenizer
from tfq_hybrid.bases.hugging_face import config_of
from tfq_hybrid.bases.llama import backbone_config, check_tensors
from tfq_hybrid.circuits import (
    CircuitSpec,
    CustomCircuit,
    as_circuit,
    from_qasm,
    to_qasm,
)
from tfq_hybrid.cli.given import read_circuit
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.data import load_corpus, load_dataset
from tfq_hybrid.encoders.embedding import read_cached
from tfq_hybrid.files.manifest import MANIFEST
from tfq_hybrid.files.models import load_model
from tfq_hybrid.reading import read_text, reading
from tfq_hybrid.reports.write import read_document
from tfq_hybrid.serving import check_manifest
from tfq_hybrid.training import Checkpoint, RunFolder, TrainConfig
from tfq_hybrid.training.telemetry.writers import COLUMNS, keep_rows_until
from tfq_hybrid.tuning import SearchFolder, Study

DIALOGUE = {
    "conversations": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
    ]
}
STATE = {
    "epoch": 1,
    "last": "epoch_0001.weights.h5",
    "best": "epoch_0000.weights.h5",
    "history": [{"loss": 0.5, "val_accuracy": 0.75}],
    "random": [[1, 2]],
}
CONFIG = {
    "config": TrainConfig("embedded", options={"circuit": "qffn"}).to_dict(),
    "data": "0" * 64,
    "label_values": ["0", "1"],
    "label_names": ["bad", "good"],
}
LANGUAGE = {"config": TrainConfig("a.txt", model="hyqut").to_dict(), "data": ""}
BENCHMARK = {"environment": {}, "settings": {}, "cases": {}}
STUDY = {
    "config": CONFIG["config"],
    "space": [
        {"name": "depth", "type": "choice", "values": [1, 2], "condition": None}
    ],
    "objectives": [{"name": "val_loss", "direction": "min"}],
    "tuner": "random",
    "seed": 0,
    "executions": 1,
}
METRICS = {
    "epochs": 1,
    "best_epoch": 1,
    "validation_loss": 0.5,
    "parameters": {"total": 3},
    "history": [{"val_loss": 0.5}],
    "seconds": 1.0,
}
TRIAL = {
    "id": "00",
    "status": "completed",
    "values": {"depth": 1},
    "epochs": None,
    "metrics": {"val_loss": 0.5},
    "curve": {"val_loss": [0.5]},
    "predicted": {"bytes": 1, "seconds": 0.5},
    "seconds": 1.0,
    "parameters": 3,
    "reason": None,
    "attempts": 1,
    "started": 0.0,
}


@functools.cache
def own_circuit():
    import cirq
    import sympy

    x, w = sympy.symbols("x w")
    a, b = cirq.LineQubit.range(2)
    gates = [cirq.rx(x)(a), cirq.ry(2 * w)(b), cirq.CNOT(a, b)]
    return json.dumps(CustomCircuit(cirq.Circuit(gates)).to_dict())


def cirq_circuit():
    return json.loads(own_circuit())["circuit"].encode()


@functools.cache
def adapter():
    backbone = adapters.adapt(make_backbone("GPT-2"), make_method("LoRA"))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "adapter.h5"
        adapters.save_weights(backbone, path)
        return path.read_bytes()


@functools.cache
def small_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def arrays(save, *values):
    file = io.BytesIO()
    save(file, *values)
    return file.getvalue()


def read_run(path):
    """The path is that of its config; beside it a good vocabulary."""
    (path.parent / "vocabulary.txt").write_text("[PAD]\n[UNK]\n")
    run = RunFolder(path.parent)
    run.read()
    run.facts()


def model_config():
    with zipfile.ZipFile(io.BytesIO(small_model())) as archive:
        return archive.read("config.json")


def read_configured(path):
    """The path is that of a model's config; the rest of it is good."""
    model = path.with_name("a.keras")
    with (
        zipfile.ZipFile(io.BytesIO(small_model())) as old,
        zipfile.ZipFile(model, "w") as new,
    ):
        for name in old.namelist():
            changed = name == "config.json"
            new.writestr(name, path.read_bytes() if changed else old.read(name))
    load_model(model)


def read_vocabulary(path):
    (path.parent / "config.json").write_text(json.dumps(CONFIG))
    RunFolder(path.parent).read()


def read_metrics(path):
    read_vocabulary_beside(path)
    RunFolder(path.parent).metrics()


def read_vocabulary_beside(path):
    (path.parent / "config.json").write_text(json.dumps(CONFIG))
    (path.parent / "vocabulary.txt").write_text("[PAD]\n")


def read_manifest(path):
    """The path is that of a manifest, the valid one of the file beside it."""
    path.with_name("a").write_bytes(b"")
    check_manifest(path.parent)


def read_results(path):
    Results.open(path.parent, {"recipe": "qffn-bert"})


def read_array(path):
    jobs = path.parent / "jobs"
    jobs.mkdir(exist_ok=True)
    path.rename(jobs / "a.npz")
    Results(path.parent, {}).array("a", "scores")


def read_checkpoint(path):
    Checkpoint(path.parent)


def read_search(path):
    content = SearchFolder(path.parent).study()
    with reading("a whole search", path):
        Study.from_dict(content)


def read_trials(path):
    from tfq_hybrid.tuning.trial import read_record

    read_record(path.parent)


def read_circuit_file(path):
    circuit = as_circuit(read_circuit(str(path)))
    as_circuit(circuit.to_dict())


def qasm():
    a, b = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(
        cirq.X(a) ** sympy.Symbol("x[0]"),
        cirq.measure(a, key="a key"),
        (cirq.X(b) ** 0.25).with_classical_controls("a key"),
    )
    return to_qasm(circuit).encode()


def read_qasm_file(path):
    to_qasm(from_qasm(read_text(path)))


def read_gguf(path):
    """All of a file but the backbone, whose sizes were checked by then."""
    with open_gguf(path) as file:
        check_tensors(file, backbone_config(file))
        read_tokenizer(file)
        for name in file.tensors:
            file.read(name)


def read_readings(path):
    keep_rows_until(path, 10)


def text_of(content):
    return json.dumps(content).encode()


ROWS = "text\tlabel\na fine film\t1\na bad one\t0\n"
# Of each reader the name of the file, a valid content, and the reader.
READERS = {
    "tsv": ("a.tsv", lambda: ROWS.encode(), load_dataset),
    "csv": ("a.csv", lambda: b'text,label\n"a ""b""",1\nc,0\n', load_dataset),
    "jsonl": (
        "a.jsonl",
        lambda: b'{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n',
        load_dataset,
    ),
    "dialogues": ("a.jsonl", lambda: text_of(DIALOGUE) + b"\n", load_corpus),
    "plain text": ("a.txt", lambda: "déjà vu\n\n".encode(), load_corpus),
    "config": ("config.json", lambda: text_of(CONFIG), read_run),
    "language": ("config.json", lambda: text_of(LANGUAGE), read_run),
    "vocabulary": ("vocabulary.txt", lambda: b"[PAD]\na\n", read_vocabulary),
    "metrics": ("metrics.json", lambda: text_of(METRICS), read_metrics),
    "state": ("state.json", lambda: text_of(STATE), read_checkpoint),
    "readings": (
        "telemetry.csv",
        lambda: f"{','.join(COLUMNS)}\n1,a,b,0.5,,\n".encode(),
        read_readings,
    ),
    "circuit": (
        "a.json",
        lambda: CircuitSpec(qubits=2, encoding="iqp").to_json().encode(),
        read_circuit_file,
    ),
    "qasm": ("a.qasm", qasm, read_qasm_file),
    "own circuit": (
        "a.json",
        lambda: own_circuit().encode(),
        read_circuit_file,
    ),
    "adapter": ("a.h5", adapter, read_weights),
    "model": ("a.keras", small_model, load_model),
    "model config": ("config.json", model_config, read_configured),
    "search": (
        "a.json",
        lambda: text_of(contents.search(count=2)),
        read_document,
    ),
    "screening": (
        "a.json",
        lambda: text_of(contents.screening()),
        read_document,
    ),
    "diagnosis": (
        "a.json",
        lambda: text_of(contents.diagnosis()),
        read_document,
    ),
    "results": (
        "results.json",
        lambda: b'{"config": {"recipe": "qffn-bert"}}',
        read_results,
    ),
    "arrays": (
        "a.npz",
        lambda: arrays(lambda f, a: np.savez_compressed(f, scores=a), [1.0]),
        read_array,
    ),
    "embeddings": (
        "a.npy",
        lambda: arrays(np.save, np.ones((2, 3), np.float32)),
        read_cached,
    ),
    "benchmark": (
        "results.json",
        lambda: text_of(BENCHMARK),
        BenchmarkResults.read,
    ),
    "study": ("study.json", lambda: text_of(STUDY), read_search),
    "trial": ("trial.json", lambda: text_of(TRIAL), read_trials),
    "hugging face": (
        "config.json",
        lambda: b'{"model_type": "bert"}',
        lambda path: config_of(path.parent),
    ),
    "gguf": ("a.gguf", tiny, read_gguf),
    "manifest": (
        MANIFEST,
        lambda: f"{hashlib.sha256().hexdigest()}  a\n".encode(),
        read_manifest,
    ),
    "cirq": ("a.json", cirq_circuit, read_circuit_file),
}
