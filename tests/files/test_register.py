"""Files in a new process, which has imported nothing that they name."""

import subprocess
import sys

import pytest

from tests.adapters.zoo import EXAMPLES, make_backbone, make_method
from tfq_hybrid import adapters

LOADS = {
    "load_model": "import tfq_hybrid; m = tfq_hybrid.load_model({path!r})",
    "register": (
        "import keras, tfq_hybrid; tfq_hybrid.register(); "
        "m = keras.models.load_model({path!r})"
    ),
}


@pytest.fixture(scope="module", params=["LoRA", "ReplaceDense"])
def saved(request, tmp_path_factory):
    assert request.param in EXAMPLES
    model = adapters.adapt(make_backbone("BERT"), make_method(request.param))
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return path, type(model).__name__


@pytest.mark.parametrize("how", LOADS)
def test_a_new_process_loads_it(how, saved):
    path, name = saved
    program = LOADS[how].format(path=str(path)) + "; print(type(m).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == name
