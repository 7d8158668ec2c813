"""A job's process: its cores, and its end."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time

import distributed
import psutil
import pytest

from tfq_hybrid.cluster import check_address, cluster
from tfq_hybrid.errors import UserError, WorkerLostError

CODE = """
import subprocess, sys
from tfq_hybrid.startup import end_with_parent
child = subprocess.Popen(["sleep", "600"], preexec_fn=end_with_parent)
print(child.pid, flush=True)
child.wait()
"""


def test_children_end_with_a_parent_that_is_killed():
    parent = subprocess.Popen(
        [sys.executable, "-c", CODE], stdout=subprocess.PIPE, text=True
    )
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 30
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def where(folder=None):
    """The process and its cores; the first call with a folder is killed."""
    if folder is not None and not (folder / "killed").exists():
        (folder / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid(), sorted(os.sched_getaffinity(0))


def fail(number):
    raise UserError(f"Expected {number}")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def linger(folder):
    """Leaves the number of its process, and does not end."""
    (folder / str(os.getpid())).touch()
    time.sleep(600)


@pytest.fixture(scope="module")
def two():
    with cluster(2, report=lambda line: None) as processes:
        processes.jobs_of_a_process = 3
        yield processes


@pytest.mark.long
def test_processes_are_replaced_on_their_cores(two):
    found = dict(two.results(where, {i: () for i in range(10)}))
    assert sorted(found) == list(range(10))
    pids = [pid for pid, _ in found.values()]
    assert len(set(pids)) > 2 and max(map(pids.count, pids)) <= 3
    cores = {tuple(cores) for _, cores in found.values()}
    assert len(cores) == min(2, len(os.sched_getaffinity(0)))
    if len(cores) == 2:
        one, other = map(set, cores)
        assert not one & other


@pytest.mark.long
def test_the_job_of_a_killed_process_runs_again(two, tmp_path):
    found = dict(two.results(where, {"a": (tmp_path,), "b": ()}))
    assert set(found) == {"a", "b"} and (tmp_path / "killed").exists()


@pytest.mark.long
def test_a_job_that_is_always_killed(two):
    with pytest.raises(WorkerLostError, match="What is done is kept"):
        list(two.results(die, {0: ()}))
    assert dict(two.results(where, {1: ()}))  # the others go on


@pytest.mark.long
def test_what_a_job_raises(two):
    with pytest.raises(UserError, match="Expected 7"):
        list(two.results(fail, {0: (7,)}))


def test_nothing_listens_beyond_this_machine(two):
    two.client.wait_for_workers(2)  # one may be replaced just now
    addresses = [two.client.scheduler.address, *two.client.nthreads()]
    assert len(addresses) == 3
    for address in addresses:
        assert address.startswith("tcp://127.0.0.1:")
    children = psutil.Process().children(recursive=True)
    ports = {int(address.rpartition(":")[2]) for address in addresses}
    for process in (psutil.Process(), *children):
        for connection in process.net_connections("inet"):
            if connection.status == "LISTEN":
                assert connection.laddr.ip == "127.0.0.1", connection
                ports.discard(connection.laddr.port)
    assert not ports


@pytest.mark.long
def test_an_interrupt_ends_what_runs(tmp_path):
    def interrupt():
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    with (
        pytest.raises(KeyboardInterrupt),
        cluster(2, report=lambda line: None) as processes,
    ):
        threading.Thread(target=interrupt, daemon=True).start()
        list(processes.results(linger, {i: (tmp_path,) for i in range(4)}))
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert len(pids) == 2
    deadline = time.monotonic() + 30
    while any(map(psutil.pid_exists, pids)):  # they end with their parents
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    "address, message",
    [
        ("10.0.0.1:8786", "tls://HOST:PORT"),
        ("http://host:1", "tls://HOST:PORT"),
        ("tcp://host", "tls://HOST:PORT"),
        ("tcp://host:port", "tls://HOST:PORT"),
        ("tcp://10.0.0.1:8786", "insecure=True insists"),
        ("tcp://0.0.0.0:8786", "insecure=True insists"),
        ("tcp://localhost.evil.org:8786", "insecure=True insists"),
        ("tls://host:8786", "certificates with tls://"),
    ],
)
def test_addresses_that_are_not_safe(address, message):
    with pytest.raises(UserError) as caught:
        check_address(address)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1"]
)
def test_this_machine_needs_no_certificates(address):
    assert check_address(address) is None
    assert check_address("tcp://10.0.0.1:8786", insecure=True) is None


@pytest.mark.long
def test_jobs_run_elsewhere(two):
    """A scheduler of somebody else's, reached by its address."""
    address = two.client.scheduler.address
    with cluster(scheduler=address) as other:
        found = dict(other.results(where, {i: () for i in range(3)}))
    assert len(found) == 3
    assert dict(two.results(where, {1: ()}))  # it is there still


@pytest.mark.long
def test_jobs_run_behind_tls(tmp_path):
    """The scheduler takes nobody without a certificate of its authority."""
    name = ["-subj", "/CN=tests", "-days", "1", "-nodes", "-x509"]
    files = {k: tmp_path / f"{k}.pem" for k in ("cert", "key")}
    pair = ["-keyout", files["key"], "-out", files["cert"]]
    subprocess.run(
        ["openssl", "req", "-newkey", "rsa:2048", *name, *pair],
        check=True,
        capture_output=True,
    )
    tls = {"ca": files["cert"], **files}
    paths = {"tls_ca_file": str(files["cert"])}
    for role in ("client", "scheduler", "worker"):
        paths[f"tls_{role}_cert"] = str(files["cert"])
        paths[f"tls_{role}_key"] = str(files["key"])
    with distributed.LocalCluster(
        n_workers=1,
        processes=True,
        host="tls://127.0.0.1",
        dashboard_address="127.0.0.1:0",
        security=distributed.Security(require_encryption=True, **paths),
        silence_logs=logging.CRITICAL,
    ) as served:
        address = served.scheduler_address
        assert address.startswith("tls://")
        with cluster(scheduler=address, tls=tls) as processes:
            assert len(dict(processes.results(where, {0: ()}))) == 1
        plain = address.replace("tls://", "tcp://")
        with (
            pytest.raises(WorkerLostError, match="No dask scheduler answers"),
            cluster(scheduler=plain, patience="1s"),
        ):
            pass


def test_nobody_answers():
    with (
        pytest.raises(WorkerLostError, match="No dask scheduler answers"),
        cluster(scheduler="tcp://127.0.0.1:9", patience="1s"),
    ):
        pass
