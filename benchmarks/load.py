"""A served export under rising load: latencies, errors and recovery.

    python -m benchmarks.load saved_models/NAME [--seconds 5]

Starts `tfq-hybrid serve` on a free port of this machine and sends requests of
one text each at fixed rates, whether the earlier ones have been answered or
not, as independent users do. A request's time counts from when it was due, so
that a server that falls behind cannot hide it. The last step is the first
rate once more: has the server recovered? Client and server share the cores.
"""

import argparse
import asyncio
import collections
import json
import signal
import subprocess
import sys
import threading
import time

import numpy as np

from benchmarks.common import write

RATES = (25, 100, 400, 1600)
TEXTS = ("a moving and beautifully acted film", "the plot is a mess", "fine")
COMMAND = "from tfq_hybrid.cli.main import main; main()"


def start(path, options):
    """A server's process, the path to ask, and its port."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", COMMAND, "serve", path),
            *("--port", "0", "--json", *options),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "serving":
            path = event["url"].split("/", 3)[3]
            # The log is read on: a full pipe would block the server.
            threading.Thread(
                target=collections.deque, args=(process.stderr, 0), daemon=True
            ).start()
            return process, f"/{path}:predict", event["port"]
    sys.exit("the server did not start")


async def read_answer(reader):
    """An answer's status, headers in lower case, and body."""
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in lines[1:] if line)
    body = await reader.readexactly(int(fields[b"content-length"]))
    return int(lines[0].split()[1]), fields, body


class Connections:
    """Open connections to a server, used again and again."""

    def __init__(self, port):
        self._port = port
        self._idle = []

    async def ask(self, path, body):
        """Sends one request: the status, or the name of what went wrong.

        A server closes a connection that was idle for long; a request that
        meets such an end is sent once more, as other clients do.
        """
        while self._idle:
            status = await self._ask(path, body)
            if isinstance(status, int):
                return status
        return await self._ask(path, body)

    async def _ask(self, path, body):
        try:
            if self._idle:
                reader, writer = self._idle.pop()
            else:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self._port
                )
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
            head += f"Content-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            status, fields, _ = await read_answer(reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            return type(error).__name__
        if fields.get(b"connection") == b"close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status


async def step(connections, path, rate, seconds):
    """Sends `rate` requests a second: what came of them."""
    statuses, times = collections.Counter(), []
    bodies = [json.dumps({"instances": [text]}).encode() for text in TEXTS]

    async def one(number, due):
        status = await connections.ask(path, bodies[number % len(bodies)])
        statuses[str(status)] += 1
        if status == 200:
            times.append(time.perf_counter() - due)

    tasks, began = [], time.perf_counter()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*tasks)
    spent = time.perf_counter() - began
    p50, p95, p99 = np.percentile(times or [np.nan], [50, 95, 99]) * 1e3
    return {
        "rate": rate,
        "answered_per_second": round(len(times) / spent, 1),
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "p99_ms": round(float(p99), 1),
        "statuses": dict(statuses),
        "errors": sum(statuses.values()) - statuses["200"],
    }


async def climb(path, port, rates, seconds):
    """All steps, the first once more at the end."""
    connections, results = Connections(port), []
    for rate in (*rates, rates[0]):
        result = await step(connections, path, rate, seconds)
        print(json.dumps(result), flush=True)
        results.append(result)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="the folder of an export")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES)
    parser.add_argument("--output", help="a .json file")
    options, server_options = parser.parse_known_args()
    process, path, port = start(options.path, server_options)
    try:
        results = asyncio.run(climb(path, port, options.rates, options.seconds))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    write(
        options.output or "load",
        about="One text a request; client and server on the same cores.",
        seconds=options.seconds,
        server_options=server_options,
        steps=results,
    )


if __name__ == "__main__":
    main()
