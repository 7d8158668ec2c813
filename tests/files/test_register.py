"""Files in a new process, which has imported nothing that they name."""

import json
import pathlib
import re
import subprocess
import sys

import keras
import pytest

import tfq_hybrid
from tests.adapters.zoo import EXAMPLES, make_backbone, make_method
from tfq_hybrid import adapters
from tfq_hybrid.adapters.hosts import HOSTS
from tfq_hybrid.encoders.pooled import PooledTextClassifier
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.files.classes import is_allowed_class
from tfq_hybrid.files.homes import LIBRARY, home_of, system_entries
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.models import QFFNBert
from tfq_hybrid.training.build import AngleAdamW, WarmupCosine

PACKAGE = pathlib.Path(tfq_hybrid.__file__).parent
LOAD = {
    "load_model": "m = tfq_hybrid.load_model({path!r}, compile=True)",
    "register": "tfq_hybrid.register(); m = keras.models.load_model({path!r})",
    "keras": "m = keras.models.load_model({path!r})",
}
TOLD = "; print(type(m).__name__, type(m.optimizer).__name__)"


def run(*lines):
    """The lines that a new process prints for a program."""
    program = "\n".join(["import keras, tfq_hybrid", *lines])
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Models with the optimizer of a run: their files, and their classes."""
    names = ("LoRA", "ReplaceDense")
    assert set(names) <= EXAMPLES.keys()
    models = [
        adapters.adapt(make_backbone("BERT"), make_method(name))
        for name in names
    ]
    found = {}
    for model in (*models, QFFNBert(vocabulary_size=8)):
        rate = WarmupCosine(1e-4, 1e-3, 2, 8)
        model.compile(AngleAdamW(rate, angle_rate=2.0), "mse")
        path = tmp_path_factory.mktemp("saved") / "model.keras"
        model.save(path)
        found[path] = f"{type(model).__name__} AngleAdamW"
    return found


@pytest.mark.long
@pytest.mark.parametrize("how", LOAD)
def test_a_new_process_loads_them(how, saved):
    """In either order: what one loads would not help the other."""
    files = list(saved)[:: 1 if how == "register" else -1]
    lines = [LOAD[how].format(path=str(path)) + TOLD for path in files]
    assert run(*lines)[-3:] == [saved[path] for path in files]


def test_every_registered_class_is_found():
    """What a full `register` tells Keras, by the table or by a system."""
    tfq_hybrid.register()
    systems = {entry.module.rpartition(".")[0] for entry in entries()}
    of_library = set()
    for name, kind in keras.saving.get_custom_objects().items():
        package, _, bare = name.partition(">")
        if package != "tfq_hybrid":
            continue
        if kind.__module__.rpartition(".")[0] in systems:
            assert home_of(name) is None
            continue
        assert home_of(name) == kind.__module__
        assert is_allowed_class(kind)
        of_library.add(bare)
    tasks = [PooledTextClassifier, TokenClassifier]
    tasks += [made for task in tasks for made in task.__subclasses__()]
    made = {
        name.removeprefix("tfq_hybrid>")
        for name in map(
            keras.saving.get_registered_name, (*HOSTS.values(), *tasks)
        )
        if name.startswith("tfq_hybrid>")
    }
    assert of_library == made.union(*map(str.split, LIBRARY.values()))


def entries():
    return system_entries().values()


def test_no_module_that_registers_a_class_is_left_out():
    """Held against the sources: `register` itself reads the table."""
    found = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for room in PACKAGE.iterdir()
        if not room.is_symlink() and room.is_dir()
        for path in room.rglob("*.py")
        if re.search(r"^@.*register_keras", path.read_text("utf-8"), re.M)
    }
    assert found == set(LIBRARY)


@pytest.mark.long
@pytest.mark.parametrize(
    "build, left_out",
    [
        (
            lambda: keras.Sequential(
                [keras.Input((4,)), QuantumDense(2, "qffn")]
            ),
            ["tfq_hybrid.adapters", "tfq_hybrid.training", "tfq_hybrid.models"],
        ),
        (
            lambda: QFFNBert(vocabulary_size=8),
            ["tfq_hybrid.models.qaa", "tfq_hybrid.models.hyqut"],
        ),
    ],
    ids=["a layer of the library", "a model of a system"],
)
def test_only_what_a_file_names_is_imported(build, left_out, tmp_path):
    path = tmp_path / "model.keras"
    build().save(path)
    loaded = LOAD["load_model"].format(path=str(path))
    listed = "import json, sys; print(json.dumps(list(sys.modules)))"
    assert set(left_out).isdisjoint(json.loads(run(loaded, listed)[-1]))
