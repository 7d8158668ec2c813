"""`Device`: gate sets, limits, jobs that run once, and the order of bits."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware import Device, JobFailedError, check_order
from tfq_hybrid.layers import ControlledPQC

A, B = cirq.LineQubit.range(2)
X, W = sympy.symbols("x w")
CIRCUIT = cirq.Circuit(cirq.ry(X)(A), cirq.CNOT(A, B), cirq.rz(W)(B))
VALUES = np.array([[0.3], [2.0]])


class Keeping(cirq.Sampler):
    """A simulator that keeps what it runs."""

    def __init__(self, seed=1):
        self.simulator = cirq.Simulator(seed=seed)
        self.programs = []

    def run_sweep(self, program, params, repetitions=1):
        self.programs.append(program)
        return self.simulator.run_sweep(program, params, repetitions)


class Remote(Keeping):
    """A service with job ids, whose connection is lost as often as told."""

    def __init__(self, losses=0, failure=None):
        super().__init__()
        self.losses, self.failure = losses, failure
        self.jobs = {}

    def submit(self, programs, sweeps, repetitions):
        job = f"job-{len(self.jobs)}"
        self.jobs[job] = self.run_batch(programs, sweeps, [*repetitions])
        return job

    def fetch(self, job, timeout):
        self.timeout = timeout
        if self.failure:
            raise self.failure
        if self.losses:
            self.losses -= 1
            raise ConnectionError("lost")
        return self.jobs[job]


def layer_of(backend, circuit=CIRCUIT, operators=None, repetitions=2_000):
    return ControlledPQC(
        circuit,
        operators or cirq.Z(B),
        trained_symbols=["w"],
        initializer="zeros",
        backend=backend,
        repetitions=repetitions,
    )


@pytest.mark.parametrize(
    "gateset, two",
    [
        (cirq.CZTargetGateset(), cirq.CZ),
        (cirq.SqrtIswapTargetGateset(), cirq.SQRT_ISWAP),
    ],
    ids=["CZ", "sqrt-iSWAP"],
)
def test_circuits_are_compiled(gateset, two):
    sampler = Keeping()
    found = layer_of(Device(sampler, gateset))(VALUES).numpy()
    np.testing.assert_allclose(found, np.cos(VALUES), atol=0.1)
    [program] = sampler.programs
    assert cirq.is_parameterized(program)
    assert gateset.validate(program)
    assert any(op.gate == two for op in program.all_operations())


def test_gates_without_symbols_in_the_set_are_compiled_by_value():
    sampler = Keeping()
    circuit = cirq.Circuit(cirq.X(A), cirq.H(B), cirq.CZ(A, B) ** X, cirq.H(B))
    circuit += cirq.rz(W)(B)
    device = Device(sampler, cirq.CZTargetGateset())
    found = layer_of(device, circuit)(np.array([[0.0], [1.0]]))
    np.testing.assert_array_equal(found, [[1], [-1]])
    assert len(sampler.programs) == 2 and device.jobs == 1


def test_limits_stop_before_they_are_passed():
    sampler = Keeping()
    layer = layer_of(Device(sampler, max_jobs=2), repetitions=10)
    layer(VALUES), layer(VALUES)
    with pytest.raises(UserError, match="max_jobs=2"):
        layer(VALUES)
    assert len(sampler.programs) == 2
    device = Device(Keeping(), max_shots=50)
    layer = layer_of(device, repetitions=10)
    layer(VALUES)
    with tf.GradientTape() as tape:
        value = layer(VALUES)
    with pytest.raises(UserError, match="max_shots=50: 40 ran"):
        tape.gradient(value, layer.trainable_weights)
    assert (device.jobs, device.shots) == (2, 40)


def test_a_lost_connection_is_no_second_submission(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    remote = Remote(losses=2)
    device = Device(remote, retries=2, timeout=7.5)
    layer_of(device, repetitions=10)(VALUES)
    assert remote.timeout == 7.5
    assert len(remote.jobs) == 1 and device.jobs == 1
    remote.losses = 9
    with pytest.raises(UserError, match="not submitted again"):
        layer_of(device, repetitions=10)(VALUES)
    assert len(remote.jobs) == 2


def test_a_failed_job_is_not_tried_again(tmp_path):
    remote = Remote(failure=JobFailedError("cancelled"))
    device = Device(remote, log=tmp_path / "jobs")
    with pytest.raises(UserError, match="job-0 failed: cancelled"):
        layer_of(device, repetitions=10)(VALUES)
    assert len(remote.jobs) == 1


def test_the_id_is_on_disk_before_the_wait_and_a_restart_asks_by_it(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    remote = Remote(losses=5)
    with pytest.raises(UserError, match="the same command asks"):
        layer_of(Device(remote, log=tmp_path), repetitions=10)(VALUES)
    [kept] = tmp_path.glob("*.json")
    assert "job-0" in kept.read_text("utf-8")
    remote.losses = 0
    again = Device(remote, log=tmp_path)
    first = layer_of(again, repetitions=10)(VALUES)
    assert len(remote.jobs) == 1 and again.jobs == 0
    # And from then on from the disk.
    remote.jobs.clear()
    once_more = Device(remote, log=tmp_path)
    np.testing.assert_array_equal(
        layer_of(once_more, repetitions=10)(VALUES), first
    )


def test_equal_jobs_are_several_measurements(tmp_path):
    sampler = Keeping(seed=None)
    layer = layer_of(Device(sampler, log=tmp_path), repetitions=50)
    found = [layer(VALUES).numpy() for _ in range(4)]
    assert len(sampler.programs) == 4
    assert len({one.tobytes() for one in found}) > 1
    again = layer_of(Device(Keeping(), log=tmp_path), repetitions=50)
    for one in found:
        np.testing.assert_array_equal(again(VALUES), one)


def test_a_job_without_id_is_not_run_twice(tmp_path):
    class Broken(Keeping):
        def run_sweep(self, program, params, repetitions=1):
            super().run_sweep(program, params, repetitions)
            raise ConnectionError("lost")

    sampler = Broken()
    for message in ("may have run", "was submitted before"):
        device = Device(sampler, log=tmp_path)
        with pytest.raises(UserError, match=message):
            layer_of(device, repetitions=10)(VALUES)
    assert len(sampler.programs) == 1


def test_two_measurements_of_one_qubit_stay_two():
    device = Device(cirq.Simulator(), cirq.CZTargetGateset())
    circuit = cirq.Circuit(
        cirq.X(A), cirq.measure(A, key="a"), cirq.measure(A, key="b")
    )
    records = device.run(circuit, repetitions=3).measurements
    assert records["a"].all() and records["b"].all()


class Reordered(Keeping):
    """A provider with an order of its own."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def run_sweep(self, program, params, repetitions=1):
        found = super().run_sweep(program, params, repetitions)
        return [
            cirq.ResultDict(params=r.params, records=self.change(r.records))
            for r in found
        ]


def shuffled(records):
    random = np.random.default_rng(0)
    return {key: random.permutation(bits) for key, bits in records.items()}


def exchanged(key, *order):
    """Bits of one key in another order."""
    return lambda r: r | {key: r[key][..., list(order)]}


def all_reversed(records):
    """The five bits as one register, from its other end."""
    bits = np.concatenate([records["b"], records["a"]], axis=-1)[..., ::-1]
    return {"b": bits[..., :3], "a": bits[..., 3:]}


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda r: {k: v[..., ::-1] for k, v in r.items()}, "another way"),
        (all_reversed, "another way"),
        (exchanged("b", 2, 1, 0), "another way"),
        (exchanged("b", 1, 0, 2), "another way"),
        (exchanged("b", 0, 2, 1), "another way"),
        (exchanged("b", 1, 2, 0), "another way"),
        (exchanged("a", 1, 0), "another way"),
        (lambda r: {"a": r["b"], "b": r["a"]}, "of shape"),
        (lambda r: {"m_a": r["a"], "m_b": r["b"]}, "Received: none"),
        (shuffled, "shots of each key"),
    ],
    ids=[
        "bits",
        "register",
        "ends",
        "first",
        "last",
        "turned",
        "other-key",
        "keys",
        "names",
        "shots",
    ],
)
def test_another_order_is_found(change, message):
    """Reversed bits, permuted keys and shots shuffled by key are told."""
    check_order(Device(cirq.Simulator(seed=1)))
    with pytest.raises(UserError, match=message):
        check_order(Reordered(change))


def test_what_a_device_is_not_made_of():
    with pytest.raises(UserError, match="once each"):
        Device(cirq.Simulator(), mitigation=["zne"])
    with pytest.raises(UserError, match="max_jobs"):
        Device(cirq.Simulator(), max_jobs=0)
