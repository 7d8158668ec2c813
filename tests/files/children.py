"""Loads models in child processes of limited memory and time.

    python -m tests.files.children jobs.json

prints an outcome, as JSON, for each job of the file. What kills a child is the
outcome of its job, and another child goes on with the next one.
"""

import dataclasses
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

SECONDS = 10  # of the processor that a file may take
LONGEST = 300  # seconds that a file may take where others compute too
BYTES = 2**31  # that it may take beside what the process has: 2 GiB
ADDRESSES = 2**32  # and what it may ask the system for
JOBS_OF_CHILD = 100
CONFIG = "config.json"


@dataclasses.dataclass
class Outcome:
    """What came of a job.

    Attributes:
        kind: str. `"loaded"`, the name of an exception, or `"killed"`.
        message: str.
        seconds: float, of the processor.
        bytes: int. The most memory beside what the process had before.
    """

    kind: str
    message: str
    seconds: float
    bytes: int

    @property
    def is_harmless(self):
        return (
            self.kind in ("loaded", "UserError", "ValueError")
            # Of an allocation that only the limit stopped.
            and not re.search("memory|allocat", self.message, re.IGNORECASE)
            and self.seconds < SECONDS
            and self.bytes < BYTES
        )


def outcomes(jobs, timeout=600):
    """Loads each of some files.

    Args:
        jobs: list of dicts with `"path"`, a `.keras` file or the folder of a
            preset, and perhaps `"changes"`, pairs of the path of a value in
            its config and a value to put there, or `"config"`, a text for
            it.
        timeout: float, seconds for all of them.

    Returns:
        A list of `Outcome`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "jobs.json"
        path.write_text(json.dumps(jobs))
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
            text=True,
            check=True,
            timeout=timeout,
        )
    return [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]


def main(path):
    """Forks a child for the jobs, and another wherever one dies."""
    jobs = json.loads(pathlib.Path(path).read_text())
    # Not `keras` alone: what is imported here, no child imports again. No
    # tensor is made: TensorFlow's threads would not be in the children.
    import tfq_hybrid.files.models
    import tfq_hybrid.files.presets
    import tfq_hybrid.layers
    import tfq_hybrid.models  # noqa: F401

    done = 0
    while done < len(jobs):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _child(jobs[done : done + JOBS_OF_CHILD], writer)
        os.close(writer)
        with open(reader) as file:
            for line in file:
                print(line, end="", flush=True)
                done += 1
        _, status = os.waitpid(pid, 0)
        if status != 0:
            number = os.waitstatus_to_exitcode(status)
            outcome = Outcome("killed", f"status {number}", 0.0, 0)
            print(json.dumps(dataclasses.asdict(outcome)), flush=True)
            done += 1


def _child(jobs, writer):
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    # The first model brings TensorFlow's own threads and arenas.
    _load_simple()
    size = _kilobytes("VmSize") * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size + ADDRESSES, -1))
    for job in jobs:
        outcome = dataclasses.asdict(_outcome(job))
        os.write(writer, json.dumps(outcome).encode() + b"\n")
    os._exit(0)


def _load_simple():
    import keras

    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])


def _outcome(job):
    import keras

    keras.backend.clear_session()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = _kilobytes("VmRSS")
    with tempfile.TemporaryDirectory() as folder:
        path = _changed(job, pathlib.Path(folder))
        begin = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.alarm(LONGEST)
        try:
            _load(path)
            kind, message = "loaded", ""
        except Exception as error:
            kind, message = type(error).__name__, str(error)[-300:]
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        seconds = time.process_time() - begin
    peak = max(_kilobytes("VmHWM") - before, 0) * 1024
    return Outcome(kind, message, seconds, peak)


def _load(path):
    from tfq_hybrid.files.models import load_model
    from tfq_hybrid.files.presets import from_preset

    if path.is_dir():
        import keras_hub

        from_preset(keras_hub.models.Backbone, path)
    else:
        load_model(path, compile=True)


def _changed(job, folder):
    """The file of a job, with its changes."""
    path = pathlib.Path(job["path"])
    if path.is_dir():
        new = folder / "preset"
        new.mkdir()
        for each in path.iterdir():
            (new / each.name).write_bytes(each.read_bytes())
        (new / CONFIG).write_text(_config(job, (path / CONFIG).read_text()))
        return new
    new = folder / "model.keras"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            content = old.read(name)
            if name == CONFIG:
                content = _config(job, content.decode())
            archive.writestr(name, content)
    return new


def _config(job, text):
    if "config" in job:
        return job["config"]
    config = json.loads(text)
    for path, value in job.get("changes", ()):
        *above, last = path
        inner = config
        for key in above:
            inner = inner[key]
        inner[last] = value
    return json.dumps(config)


def _kilobytes(name):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0])


if __name__ == "__main__":
    main(sys.argv[1])
