"""Files in a new process, which has imported nothing that they name."""

import subprocess
import sys

import pytest

from tests.adapters.zoo import EXAMPLES, make_backbone, make_method
from tfq_hybrid import adapters
from tfq_hybrid.training.build import AngleAdamW, WarmupCosine

LOAD = {
    "load_model": "m = tfq_hybrid.load_model({path!r}, compile=True)",
    "register": "tfq_hybrid.register(); m = keras.models.load_model({path!r})",
}
TOLD = "; print(type(m).__name__, type(m.optimizer).__name__)"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Models with the optimizer of a run: their files, and their classes."""
    found = {}
    for name in ("LoRA", "ReplaceDense"):
        assert name in EXAMPLES
        model = adapters.adapt(make_backbone("BERT"), make_method(name))
        rate = WarmupCosine(1e-4, 1e-3, 2, 8)
        model.compile(AngleAdamW(rate, angle_rate=2.0), "mse")
        path = tmp_path_factory.mktemp("saved") / "model.keras"
        model.save(path)
        found[path] = f"{type(model).__name__} AngleAdamW"
    return found


@pytest.mark.parametrize("how", LOAD)
def test_a_new_process_loads_them(how, saved):
    """In either order: what one loads would not help the other."""
    files = list(saved)[:: 1 if how == "register" else -1]
    lines = [LOAD[how].format(path=str(path)) + TOLD for path in files]
    program = "import keras, tfq_hybrid\n" + "\n".join(lines)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout.splitlines()[-2:]
    assert said == [saved[path] for path in files]
