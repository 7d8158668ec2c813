"""The process in which a reader reads: inputs by number, one after another.

It tells what happened in lines of JSON on a pipe. Whoever started it keeps
the time; see `runner`.
"""

import argparse
import contextlib
import gc
import json
import os
import pathlib
import pickle
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings

from tests.fuzz.guard import Guard, listing
from tests.fuzz.mutations import Material, mutate_tree
from tests.fuzz.mutations.attacks import MARKER
from tests.fuzz.targets import find
from tests.fuzz.trees import empty, write_tree
from tfq_hybrid.errors import UserError

# What an input may take: time of the processor, time of the clock, which a
# busy machine may need, and memory above the process before it.
SECONDS = 10
PATIENCE = 60
KIBIBYTES = 2 * 2**20  # 2 GiB
CLEARED_EVERY = 200  # inputs, after which Keras forgets its names
GROWTH = 2**20  # KiB: 1 GiB, after which another process goes on
SHARE_OF_HOSTILE = 0.1
# What no file is to do, and the machine would not survive.
HARD_LIMIT = 8 * 2**30  # bytes of address space above the idle process


def main():
    parser = argparse.ArgumentParser()
    for name in ("targets", "seed", "folder"):
        parser.add_argument(name)
    for name in ("begin", "end", "pipe"):
        parser.add_argument(name, type=int)
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.simplefilter("ignore")
    with os.fdopen(options.pipe, "w", buffering=1) as pipe:
        worker = Worker(options.seed, pathlib.Path(options.folder), pipe)
        begin = options.begin
        for name in json.loads(options.targets):
            if not worker.run(name, begin, options.end):
                break
            begin = 0


class Worker:
    """One process's share of the inputs.

    Args:
        seed: str.
        folder: path of a folder of its own, beside which whole files of
            targets are kept.
        pipe: file that is told what happens.
    """

    def __init__(self, seed, folder, pipe):
        self.seed, self.folder, self.pipe = seed, folder, pipe
        self.temporary = pathlib.Path(tempfile.gettempdir())
        assert self.temporary.parent == folder  # it is emptied
        self.input = folder / "in/side/input"
        self.input.mkdir(parents=True)
        self.ignored = []
        sys.unraisablehook = lambda found: self.ignored.append(
            f"{found.err_msg}: {found.exc_value!r}"
        )
        self.guard = Guard([self.input, self.temporary])

    def tell(self, **event):
        print(json.dumps(event), file=self.pipe)

    def listing(self):
        """What must stay as it is."""
        log = self.folder / "log"
        return listing(self.folder, {self.input, self.temporary, log})

    def run(self, name, begin, end):
        """Reads inputs of a target; `False` where memory is short before."""
        target = find(name)
        generator = Generator(target, self.folder.parent / f"{name}.pickle")
        reader = target.reader()
        for tree in {id(tree): tree for tree in generator.corpus}.values():
            self.check(tree, reader)
        self.before = self.listing()
        gc.collect()
        gc.freeze()
        idle = memory()["VmRSS"]
        limit_address_space()
        self.tell(ready=name, idle=idle)
        for index in range(begin, end):
            self.tell(begin=index)
            self.tell(end=index, **self.one(generator, reader, index))
            if index % CLEARED_EVERY == 0:
                clear()
            if memory()["VmRSS"] > idle + GROWTH:
                return False
        self.tell(done=name)
        return True

    def check(self, tree, reader):
        """A whole file is read, by all that may be drawn for it."""
        for number in range(2):
            empty(self.input)
            write_tree(tree, self.input)
            reader(self.input, set(tree), random.Random(number))

    def one(self, generator, reader, index):
        """Reads one input and says how it went, a dict."""
        random, tree, changed = generator.input(self.seed, index)
        empty(self.input)
        empty(self.temporary)
        # A name of damaged text may be none that the system takes.
        with contextlib.suppress(OSError, ValueError):
            write_tree(tree, self.input)
        reset_peak()
        idle, began = memory()["VmRSS"], time.process_time()
        failure, accepted = None, False
        try:
            with self.guard.watching():
                accepted = attempt(reader, self.input, changed, random)
        except BaseException:
            failure = traceback.format_exc()
        seconds = time.process_time() - began
        peak = memory()["VmHWM"] - idle
        failure = failure or self.traces()
        if failure is None and seconds > SECONDS:
            failure = f"took {seconds:.1f} s"
        if failure is None and peak > KIBIBYTES:
            failure = f"took {peak / 1024:,.0f} MiB"
        if failure:
            kept = self.folder / "failed" / str(index)
            shutil.copytree(self.input, kept, symlinks=True)
            self.before = self.listing()
        return {
            "accepted": accepted,
            "seconds": seconds,
            "peak": peak,
            "failure": failure,
        }

    def traces(self):
        """What an input did beside being read, a text, or `None`."""
        if self.guard.found:
            return f"forbidden: {self.guard.found[0]}"
        if self.ignored:
            return f"ignored: {self.ignored.pop()}"
        if MARKER.exists():
            MARKER.unlink()
            return "an attack wrote its marker"
        after = self.listing()
        if after != self.before:
            changed, self.before = after ^ self.before, after
            return f"files changed: {sorted(map(str, changed))[:5]}"
        return None


def attempt(reader, folder, changed, random):
    """Whether the reader takes what is in a folder."""
    try:
        reader(folder, changed, random)
    except UserError as error:
        assert len(str(error).splitlines()) == 1, "an error of several lines"
        return False
    return True


class Generator:
    """Inputs by their seed and number.

    Args:
        target: `Target`.
        cache: path, where the first process keeps the whole files.
    """

    def __init__(self, target, cache):
        if not cache.exists():
            made = target.corpus(), target.hostile()
            partial = cache.with_suffix(f".{os.getpid()}")
            partial.write_bytes(pickle.dumps(made))
            partial.replace(cache)
        self.corpus, self.hostile = pickle.loads(cache.read_bytes())
        self.target = target
        self.material = Material.of(self.corpus, target.names(), target.attacks)

    def input(self, seed, index):
        """An input.

        Returns:
            A `random.Random` for what else is drawn, a dict of paths and
            contents, and the set of the paths that were changed.
        """
        drawn = random.Random(f"{seed} {index}")
        place, other = divmod(index, 5)
        if not other and place < len(self.hostile):  # each as it is
            tree = self.hostile[place]
            return drawn, tree, set(tree)
        corpus = self.corpus
        if self.hostile and drawn.random() < SHARE_OF_HOSTILE:
            corpus = self.hostile
        tree = drawn.choice(corpus)
        tree, changed = mutate_tree(
            drawn, tree, self.material, self.target.weights
        )
        return drawn, tree, changed


def memory():
    """What `/proc` knows of this process's memory, in KiB."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        rows = [line.split() for line in file if line.startswith("Vm")]
    return {row[0].rstrip(":"): int(row[1]) for row in rows}


def reset_peak():
    """Lets `VmHWM` begin anew."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def limit_address_space():
    """Refuses what would take the machine with it."""
    limit = 1024 * memory()["VmSize"] + HARD_LIMIT
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def clear():
    """Lets Keras forget what it counts."""
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()


if __name__ == "__main__":
    main()
