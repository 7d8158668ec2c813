"""A bug in any function behind a reader comes through as itself.

Each reader reads a whole file, and then again for each function of the package
that it has entered, which raises `AttributeError` or `TypeError` this time. To
a user that must not look like a damaged file.
"""

import pathlib
import random
import sys
import tempfile

import pytest
import tensorflow as tf

from tests.fuzz.readers import READERS, adapter, small_model
from tests.fuzz.targets import TARGETS, find
from tests.fuzz.trees import write_tree
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.files.yaml_reader import read_yaml
from tfq_hybrid.reading import PACKAGE, foreign_code
from tfq_hybrid.verify import verify

KINDS = (AttributeError, TypeError)


def verify_whole(path):
    assert verify(path).is_whole


FILES = {
    **READERS,
    "yaml": ("a.yaml", lambda: b"a: [1, b]\n", read_yaml),
    "verify a model": ("a.keras", small_model, verify_whole),
    "verify an adapter": ("a.h5", adapter, verify_whole),
}
LONG = {"run folder": pytest.mark.long}
# The server answers what it cannot read, and goes on.
FOLDERS = [
    pytest.param(name, marks=LONG.get(name, ()))
    for name in TARGETS
    if name != "HTTP bodies"
]
# Where Keras keeps the text of what is raised alone, and where it asks by
# `hasattr` whether there is something.
LOST = (
    "_Slot.load_own_variables",
    "_extend_reading.<locals>.get",
    "_extend_variables.<locals>.assigned",
    "_replace",
    "_Slot.input_spec",
    "Opened.adapter",  # which the one before reads
    "named_layers",  # a generator that is dropped: nobody can hear it then
)
# As if a line of the package raised.
HOOK = """
def hook(frame, event, argument):
    if event == "call" and frame.f_code is code and is_heard(frame):
        raised.append(kind("planted"))
        raise raised[0]
"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_behind_the_reader_of_a_file(name):
    file, make, reader = FILES[name]
    content = make()

    def read(folder):
        (folder / file).write_bytes(content)
        reader(folder / file)

    check(read)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FOLDERS)
def test_behind_the_reader_of_a_folder(name):
    target = find(name)
    reader = target.reader()
    trees = {str(sorted(tree.items())): tree for tree in target.corpus()}
    done = set()
    for tree in trees.values():

        def read(folder, tree=tree):
            write_tree(tree, folder / "in")
            reader(folder / "in", set(tree), random.Random(0))

        done |= check(read, done)


@pytest.mark.long
def test_behind_the_reader_of_an_export():
    def read(folder):
        module = tf.Module()
        module.weight = tf.Variable([1.0])
        shape = tf.TensorSpec([None], tf.float32, name="x")
        serve = tf.function(lambda x: {"y": x * module.weight}, [shape])
        path = folder / "export"
        tf.saved_model.save(module, str(path), serve.get_concrete_function())
        write_manifest(path)
        verify_whole(path)

    check(read)


def check(read, done=()):
    """Plants a bug into each function that is entered, one after another.

    Args:
        read: function of an empty folder, which it fills and reads.
        done: functions that are left out.

    Returns:
        All functions that are entered, a set of code objects.
    """
    run(read)  # so that what is kept in a cache is there
    codes = {}

    def watch(frame, event, argument):
        if event == "call" and is_own(frame):
            codes.setdefault(frame.f_code)

    run(read, watch)
    assert codes
    for place, code in enumerate(code for code in codes if code not in done):
        kind, raised = KINDS[place % len(KINDS)], []
        space = {"__name__": f"{PACKAGE}.planted", "is_heard": is_heard}
        space |= {"code": code, "kind": kind, "raised": raised}
        exec(HOOK, space)
        try:
            run(read, space["hook"])
        except kind as error:
            assert error in raised, code.co_qualname
        except Exception as error:
            pytest.fail(f"a bug in {code.co_qualname} becomes {error!r}")
        else:
            is_lost = raised and code.co_qualname not in LOST
            assert not is_lost, f"nobody hears of a bug in {code.co_qualname}"
    return {*codes}


def is_heard(frame):
    """Whether Keras does not just read all attributes of a layer.

    It leaves out those that raise.
    """
    while frame is not None and frame.f_code.co_name != "_walk_saveable":
        frame = frame.f_back
    return frame is None


def is_own(frame):
    module = frame.f_globals.get("__name__", "")
    is_function = frame.f_code.co_name != "<module>"
    return module.partition(".")[0] == PACKAGE and is_function


def run(read, hook=None):
    with tempfile.TemporaryDirectory() as folder:
        sys.setprofile(hook)
        try:
            read(pathlib.Path(folder))
        finally:
            sys.setprofile(None)


def from_config(kind):
    """What a function of this package raises that a library calls."""
    space = {"__name__": f"{PACKAGE}.planted", "kind": kind}
    exec("def called(): raise kind('of ours')", space)
    return space["called"]


@pytest.mark.parametrize("kind", [AttributeError, KeyError, NameError])
def test_a_bug_that_a_library_wraps(kind):
    def library(function):
        try:
            function()
        except Exception as error:
            raise RuntimeError("of the library") from error

    with pytest.raises(kind, match="of ours"), foreign_code():
        library(from_config(kind))
    # Raised on purpose, and so damage.
    with pytest.raises(ValueError, match="of the library"), foreign_code():
        library(from_config(UserError))


def test_what_was_handled_before_is_no_part_of_it():
    def library():
        raise RuntimeError("of the library")

    try:
        from_config(KeyError)()
    except KeyError:
        with pytest.raises(ValueError, match="of the library"), foreign_code():
            library()


def test_the_cause_is_kept():
    with pytest.raises(ValueError, match="a line") as caught, foreign_code():
        raise RuntimeError("a line\nand another")
    assert type(caught.value.__cause__) is RuntimeError
