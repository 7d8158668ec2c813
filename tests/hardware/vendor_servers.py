"""Servers on this machine that speak the protocols of vendors.

They stand in for devices that no test can reach. What a client sends is
simulated here with the matrices of the vendor's own gates, so that a wrong
circuit, order of bits or place of a qubit gives wrong values.
"""

import contextlib
import http.server
import json
import math
import re
import threading

import cirq
import numpy as np

X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])


def turn(pauli, angle):
    """exp(-i angle/2 P)."""
    one = np.eye(len(pauli))
    return math.cos(angle / 2) * one - 1j * math.sin(angle / 2) * pauli


def probabilities(gates, qubits):
    """Of the bits, an axis for each qubit, after (matrix, qubits) gates."""
    state = np.zeros((2,) * qubits, complex)
    state[(0,) * qubits] = 1
    for matrix, targets in gates:
        count = len(targets)
        block = matrix.reshape((2,) * (2 * count))
        axes = [*range(count, 2 * count)]
        state = np.tensordot(block, state, (axes, targets))
        state = np.moveaxis(state, range(count), targets)
    return np.abs(state) ** 2


class Server(http.server.ThreadingHTTPServer):
    """Keeps what was submitted, and drops the next answers as told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.host = f"http://127.0.0.1:{self.server_port}"
        self.random = np.random.default_rng(5)
        self.jobs = {}
        self.posts = 0
        self.drop_posts = self.drop_gets = 0
        self.state = None  # of jobs, instead of results

    def handle_error(self, request, client_address):
        """A test fails by what the client does, not by a trace on stderr."""


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, method, drops):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        text, code = getattr(self.server, method)(self, body.decode()), 200
        if isinstance(text, tuple):
            text, code = text
        if drops:
            self.close_connection = True
            return
        content = (text if isinstance(text, str) else json.dumps(text)).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        self.server.posts += 1
        drops = self.server.drop_posts > 0
        self.server.drop_posts -= drops
        self.answer("post", drops)

    def do_GET(self):
        drops = self.server.drop_gets > 0
        self.server.drop_gets -= drops
        self.answer("get", drops)


class IonQServer(Server):
    """Jobs of one or many circuits of QIS gates (API v0.3)."""

    def post(self, request, text):
        sent = json.loads(text)
        assert request.path == "/v0.3/jobs"
        if request.headers["Authorization"] != "apiKey key":
            return {"error": "Unauthorized"}, 401
        assert sent["body"]["gateset"] == "qis"
        job = f"ionq-{len(self.jobs)}"
        self.jobs[job] = sent
        return {"id": job, "status": "ready"}

    def get(self, request, _):
        path = request.path.partition("?")[0]
        if path == "/v0.3/jobs":
            return {"jobs": [self.told(job) for job in reversed(self.jobs)]}
        job, results = re.fullmatch(
            r"/v0\.3/jobs/([^/]+)(/results)?", path
        ).groups()
        if job not in self.jobs:
            return {"error": "Not Found"}, 404
        return self.results(self.jobs[job]) if results else self.told(job)

    def told(self, job):
        sent = self.jobs[job]
        told = {"id": job, "status": self.state or "completed"}
        for key in ("target", "name", "metadata"):
            told[key] = sent.get(key)
        return told | {"qubits": str(sent["body"]["qubits"])}

    def results(self, sent):
        body = sent["body"]
        if "circuits" not in body:
            return self.histogram(sent, body["circuit"])
        return {
            f"child-{k}": self.histogram(sent, one["circuit"])
            for k, one in enumerate(body["circuits"])
        }

    def histogram(self, sent, circuit):
        """Qubit 0 is the lowest bit of a key."""
        qubits = sent["body"]["qubits"]
        found = probabilities(map(self.gate, circuit), qubits)
        weights = found.transpose().reshape(-1)
        if sent["target"] == "qpu":
            shots = int(sent["shots"])
            weights = self.random.multinomial(shots, weights / weights.sum())
            weights = weights / shots
        return {str(k): float(w) for k, w in enumerate(weights) if w > 1e-12}

    @staticmethod
    def gate(sent):
        name, angle = sent["gate"], sent.get("rotation", 0)
        if name == "cnot":
            matrix = np.eye(4)[[0, 1, 3, 2]]
            return matrix, [sent["control"], sent["target"]]
        half = math.pi / 2
        named = {
            "x": X,
            "y": Y,
            "z": Z,
            "h": (X + Z) / math.sqrt(2),
            "v": turn(X, half),
            "vi": turn(X, -half),
            "s": turn(Z, half),
            "si": turn(Z, -half),
            "t": turn(Z, half / 2),
            "ti": turn(Z, -half / 2),
            "rx": turn(X, angle),
            "ry": turn(Y, angle),
            "rz": turn(Z, angle),
            "xx": turn(np.kron(X, X), angle),
            "yy": turn(np.kron(Y, Y), angle),
            "zz": turn(np.kron(Z, Z), angle),
            "swap": np.eye(4)[[0, 2, 1, 3]],
        }
        return named[name], sent["targets"]


class AQTServer(Server):
    """Circuits of RZ, R and RXX, angles in half turns (Arnica API v1)."""

    def post(self, request, text):
        if request.path != "/api/v1/submit/space/trap":
            return {"detail": "unknown"}, 404
        assert request.headers["Authorization"] == "Bearer token"
        [circuit] = json.loads(text)["payload"]["circuits"]
        job = f"aqt-{len(self.jobs)}"
        self.jobs[job] = circuit
        return {"job": {"job_id": job}, "response": {"status": "queued"}}

    def get(self, request, _):
        job = request.path.removeprefix("/api/v1/result/")
        response = {"status": self.state or "finished"}
        if not self.state:
            response["result"] = {"0": self.shots(self.jobs[job])}
        return {"job": {"job_id": job}, "response": response}

    def shots(self, circuit):
        *gates, last = circuit["quantum_circuit"]
        assert last == {"operation": "MEASURE"}
        qubits = circuit["number_of_qubits"]
        weights = probabilities(map(self.gate, gates), qubits).reshape(-1)
        drawn = self.random.choice(
            len(weights), circuit["repetitions"], p=weights / weights.sum()
        )
        return [
            [int(k) >> (qubits - 1 - place) & 1 for place in range(qubits)]
            for k in drawn
        ]

    @staticmethod
    def gate(sent):
        if sent["operation"] == "RZ":
            return turn(Z, math.pi * sent["phi"]), [sent["qubit"]]
        if sent["operation"] == "RXX":
            assert 0 <= sent["theta"] <= 0.5
            matrix = turn(np.kron(X, X), math.pi * sent["theta"])
            return matrix, sent["qubits"]
        assert sent["operation"] == "R"
        assert 0 <= sent["theta"] <= 1 and 0 <= sent["phi"] <= 2
        phi = math.pi * sent["phi"]
        axis = math.cos(phi) * X + math.sin(phi) * Y
        return turn(axis, math.pi * sent["theta"]), [sent["qubit"]]


class PasqalServer(Server):
    """Circuits and results in Cirq's JSON."""

    def post(self, request, text):
        if request.path != "/simulate/no-noise/submit":
            return "", 404
        assert request.headers["Authorization"] == "token"
        job = f"pasqal-{len(self.jobs)}"
        shots = int(request.headers["Repetitions"])
        self.jobs[job] = (cirq.read_json(json_text=text), shots)
        return job

    def get(self, request, _):
        if self.state:
            return "", 410
        circuit, shots = self.jobs[request.path.removeprefix("/get-result/")]
        seed = int(self.random.integers(1 << 30))
        return cirq.to_json(cirq.Simulator(seed=seed).run(circuit, None, shots))


@contextlib.contextmanager
def serving(kind):
    """A server in a thread, which ends with the block."""
    server = kind()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
