"""IonQ, AQT and Pasqal: their own clients against servers of this machine.

No device can be reached from a test; `vendor_servers` speaks the protocols.
"""

import time

import cirq
import cirq_aqt
import cirq_ionq
import cirq_pasqal
import numpy as np
import pytest
from cirq_aqt.aqt_target_gateset import AQTTargetGateset

from tests.hardware.circuits import agrees, layer_of
from tests.hardware.vendor_servers import (
    AQTServer,
    IonQServer,
    PasqalServer,
    serving,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware import AQT, Device, IonQ, check_order

LINE = cirq.LineQubit.range(6)
VALUES = np.array([[0.4, 1.1]])
# A square of 4 units, whose diagonal is out of reach.
SQUARE = [
    cirq_pasqal.ThreeDQubit(x, y, 0)
    for x, y in ((0, 0), (4, 0), (4, 4), (0, 4))
]


def ionq(server, target="qpu", **options):
    sampler = IonQ("key", target, seed=1, remote_host=server.host)
    return Device(sampler, "ionq", qubits=LINE, **options)


def aqt(server, **options):
    sampler = AQT(
        cirq_aqt.AQTSampler("space", "trap", "token", f"{server.host}/api/v1/")
    )
    return Device(sampler, AQTTargetGateset(), qubits=LINE, **options)


def pasqal(server, device=None, **options):
    device = device or cirq_pasqal.PasqalDevice(
        cirq.NamedQubit.range(6, prefix="q")
    )
    return Device(
        cirq_pasqal.PasqalSampler(server.host, "token", device),
        cirq_pasqal.PasqalGateset(include_additional_controlled_ops=False),
        qubits=device,
        **options,
    )


def one_circuit(device):
    device.run(cirq.Circuit(cirq.X(LINE[0]), cirq.measure(*LINE[:2], key="m")))


VENDORS = pytest.mark.parametrize(
    "kind, device_of",
    [(IonQServer, ionq), (AQTServer, aqt), (PasqalServer, pasqal)],
    ids=["ionq", "aqt", "pasqal"],
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Clients and jobs wait seconds between questions."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@VENDORS
def test_values_and_order(kind, device_of):
    """Every output of every row is exact within 5 standard errors."""
    with serving(kind) as server:
        device = device_of(server)
        agrees(device)
        check_order(device)
        assert device.jobs == 2


def test_ionq_s_simulator_and_its_own_sampler():
    """Probabilities of the simulator and the client's own sampler agree too."""
    with serving(IonQServer) as server:
        agrees(ionq(server, "simulator"))
        service = cirq_ionq.Service(
            server.host, "key", max_retry_seconds=0, default_target="qpu"
        )
        sampler = service.sampler()
        agrees(Device(sampler, "ionq", qubits=LINE))
    assert all(one["body"]["gateset"] == "qis" for one in server.jobs.values())


def test_gates_that_aqt_allows():
    """Any angle comes within what the service takes, and does the same."""
    line = LINE[:2]
    local = AQT(cirq_aqt.AQTSamplerLocalSimulator(simulate_ideal=True))
    with serving(AQTServer) as server:
        for turn in (-1.7, -0.6, -0.2, 0.3, 0.8, 1.2, 1.9):
            circuit = cirq.Circuit(
                cirq.PhasedXPowGate(exponent=turn, phase_exponent=turn).on(
                    line[1]
                ),
                cirq.XX(*line) ** turn,
                cirq.PhasedXPowGate(exponent=0.4, phase_exponent=0.3).on(
                    line[0]
                ),
                cirq.measure(line[1], key="b"),
                cirq.measure(line[0], key="a", invert_mask=(True,)),
            )
            exact = cirq.Simulator().run(circuit, repetitions=4_000)
            for sampler in (aqt(server).sampler, local):
                found = sampler.run(circuit, repetitions=4_000)
                for key in "ab":
                    one, other = (
                        run.measurements[key].mean() for run in (found, exact)
                    )
                    assert abs(one - other) < 5 * np.sqrt(0.5 / 4_000)


def test_pasqal_s_positions():
    """Atoms that are far apart are not paired, and gates come one by one."""
    device = cirq_pasqal.PasqalVirtualDevice(4.5, SQUARE)
    with serving(PasqalServer) as server:
        agrees(pasqal(server, device))
    for circuit, _ in server.jobs.values():
        pairs = [
            op.qubits
            for op in circuit.all_operations()
            if not cirq.is_measurement(op)
        ]
        assert all(
            device.distance(*pair) <= 4.5 for pair in pairs if len(pair) == 2
        )
        assert all(
            len(moment) == 1 or all(map(cirq.is_measurement, moment))
            for moment in circuit
        )


@VENDORS
def test_a_dropped_answer_is_no_second_submission(kind, device_of, tmp_path):
    """What a server accepts before it drops the connection comes once."""
    with serving(kind) as server:
        server.drop_posts = 1
        if kind is IonQServer:  # finds it by its name
            one_circuit(device_of(server, log=tmp_path))
        else:
            for message in ("may have run", "was submitted before"):
                device = device_of(server, log=tmp_path)
                with pytest.raises(UserError, match=message):
                    one_circuit(device)
        assert server.posts == len(server.jobs) == 1


def test_ionq_is_asked_by_id():
    """Lost answers to questions are asked again, by the same id."""
    with serving(IonQServer) as server:
        server.drop_gets = 3  # after the job was accepted, and at its results
        device = ionq(server)
        with pytest.raises(UserError, match="may have run"):
            one_circuit(device)
        assert server.posts == 1
        server.drop_gets = 1
        one_circuit(device)
        assert server.posts == 2


def test_a_restart_asks_ionq_by_the_id_on_disk(tmp_path):
    """The id is on disk before the wait; another process asks by it."""
    with serving(IonQServer) as server:
        server.state = "running"
        device = ionq(server, log=tmp_path, timeout=1, retries=0)
        with pytest.raises(UserError, match="asks for its results"):
            layer_of(device, 2_000)(VALUES)
        [kept] = tmp_path.glob("*.json")
        assert "ionq-0" in kept.read_text("utf-8")
        server.state = None
        again = ionq(server, log=tmp_path)
        found = layer_of(again, 2_000)(VALUES).numpy()
        assert (server.posts, again.jobs) == (1, 0)
    wanted = layer_of(None, None)(VALUES).numpy()
    np.testing.assert_allclose(found, wanted, atol=5 / np.sqrt(2_000))


def test_a_job_without_an_answer_is_not_submitted_again(tmp_path):
    """Where not even the list of jobs answers, a restart says so."""
    with serving(IonQServer) as server:
        server.drop_posts = 1
        server.drop_gets = 1
        for message in ("may have run", "without an answer was submitted"):
            with pytest.raises(UserError, match=message):
                one_circuit(ionq(server, log=tmp_path))
        assert server.posts == 1


@VENDORS
def test_a_cancelled_job_is_not_retried(kind, device_of, tmp_path):
    """One submission, and a `UserError`."""
    with serving(kind) as server:
        server.state = "canceled" if kind is IonQServer else "error"
        device = device_of(server, log=tmp_path)
        with pytest.raises(UserError, match="not submitted again"):
            one_circuit(device)
        assert server.posts == 1


def test_what_a_service_refuses_leaves_no_trace(tmp_path):
    """A wrong key is said, and the job is free to be submitted."""
    with serving(IonQServer) as server:
        sampler = IonQ("wrong", remote_host=server.host)
        device = Device(sampler, "ionq", qubits=LINE, log=tmp_path)
        with pytest.raises(UserError, match="Not authorized"):
            one_circuit(device)
        assert not server.jobs and not [*tmp_path.iterdir()]


def test_what_vendors_do_not_take():
    """Retries of the client, other qubits and measurements on the way."""
    with pytest.raises(UserError, match="without max_retry_seconds"):
        IonQ("key", max_retry_seconds=5)
    sampler = AQT(cirq_aqt.AQTSamplerLocalSimulator())
    a, b = LINE[:2]
    for circuit in (
        cirq.Circuit(cirq.measure(cirq.NamedQubit("a"))),
        cirq.Circuit(cirq.measure(a, key="m"), cirq.Z(a)),
        cirq.Circuit(cirq.measure(a, key="m"), cirq.measure(b, key="m")),
        cirq.Circuit(cirq.Z(a)),
    ):
        with pytest.raises(UserError, match="measured at the end"):
            sampler.run(circuit)
    with pytest.raises(UserError, match="one number of shots"):
        IonQ("key").submit([], [], [1, 2])
