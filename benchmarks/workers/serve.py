"""Runs one implementation of one problem, and answers on standard output.

    python serve.py FILE:FUNCTION

One JSON line in, one JSON line out. The first line is the problem; then
`{"prepare": MODE, "save": PATH}` calls a mode twice and saves its arrays, and
`{"turn": MODE, "calls": N}` times N calls. A closed input ends the process.
"""

import ctypes
import importlib
import importlib.metadata
import json
import os
import re
import signal
import sys
import time

import numpy as np


def peak_bytes():
    """The largest resident size of this process so far.

    Not `getrusage`: its maximum also counts the parent before `exec`.
    """
    with open("/proc/self/status", encoding="ascii") as file:
        found = re.search(r"VmHWM:\s+(\d+) kB", file.read())
    return int(found[1]) * 1024


def timed(function):
    began = time.perf_counter()
    result = function()
    return time.perf_counter() - began, result


def start(name, problem):
    """Builds the two functions. Returns them and what the reply says."""
    file, _, function = name.partition(":")
    worker = importlib.import_module(file)
    build = getattr(worker, function)
    arrays = np.load(problem["values"])
    seconds, (forward, gradient) = timed(
        lambda: build(problem, arrays["fed"], arrays["trained"])
    )
    versions = {
        package: importlib.metadata.version(package)
        for package in worker.PACKAGES[function]
    }
    reply = {"seconds": seconds, "versions": versions}
    return {"forward": forward, "gradient": gradient}, reply


def answer(functions, request):
    """Answers one request."""
    if "prepare" in request:
        function = functions[request["prepare"]]
        first, result = timed(function)
        call, result = timed(function)
        np.savez(request["save"], *result)
        return {"first_seconds": first, "call_seconds": call}
    function, calls = functions[request["turn"]], request["calls"]
    seconds, _ = timed(lambda: [function() and None for _ in range(calls)])
    return {"seconds": seconds / calls}


def end_with_parent():
    """Lets Linux end this process when its parent ends, however it ends."""
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def main():
    end_with_parent()
    # Whatever a library prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    problem = json.loads(sys.stdin.readline())
    # One set of cores for everybody: most libraries count those they may use.
    cores = sorted(os.sched_getaffinity(0))[: problem["threads"]]
    os.sched_setaffinity(0, cores)
    functions, reply = start(sys.argv[1], problem)
    while True:
        reply["peak_bytes"] = peak_bytes()
        answers.write(json.dumps(reply) + "\n")
        answers.flush()
        line = sys.stdin.readline()
        if not line:
            return
        reply = answer(functions, json.loads(line))


if __name__ == "__main__":
    main()
