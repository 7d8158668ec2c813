"""A served export under clients of which some are slow, leave or ask too much.

    python -m benchmarks.faults saved_models/NAME [--requests 20000]

Starts `tfq-hybrid serve` on a free port of this machine. Clients send requests
one after another: most of one to four texts, in one piece, in chunks or two at
once, and among them slow heads, aborted uploads and bodies of 4 MB; other
connections stay idle all the while. Each answer is compared with that of the
export itself. Client and server share the cores.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import write
from benchmarks.load import TEXTS, read_answer, start

GOAL_MS = 250
LARGE_BYTES = 4_000_000
IDLE = 64
# How many of a thousand requests are sent so; the others in one piece.
SHARES = {
    "in chunks": 40,
    "two at once": 30,
    "slow head": 10,
    "aborted": 10,
    "4 MB": 5,
}


class Case(NamedTuple):
    """A body, the status it gets, and whether an answer is right."""

    body: bytes
    status: int
    is_right: Callable[[Any], bool] = lambda answer: True


def large_cases(texts: Mapping[str, Any], same: Callable) -> list[Case]:
    """Bodies of 4 MB: many lists, many levels, many numbers and long texts."""
    lists = '{"instances": [' + "[]," * (LARGE_BYTES // 3) + "[]]}"
    levels = '{"instances": ' + "[" * LARGE_BYTES
    numbers = json.dumps({"inputs": [1] * (LARGE_BYTES // 3)})
    refused = zip((lists, levels, numbers), (413, 413, 413), strict=True)
    long = [json.dumps({"instances": [text]}) for text in texts]
    return [Case(body.encode(), status) for body, status in refused] + [
        Case(body.encode(), 200, lambda a, e=e: same(a["predictions"], [e]))
        for body, e in zip(long, texts.values(), strict=True)
    ]


def small_cases(texts: Mapping[str, Any], same: Callable) -> list[Case]:
    """Bodies of one to four texts, given each text's answer."""
    cases, names = [], list(texts)
    for first in range(len(names)):
        for rows in (1, 2, 4):
            chosen = [names[(first + i) % len(names)] for i in range(rows)]
            expected = [texts[name] for name in chosen]
            body = json.dumps({"instances": chosen}).encode()
            right = lambda a, e=expected: same(a["predictions"], e)  # noqa: E731
            cases.append(Case(body, 200, right))
    return cases


class Client:
    """Sends requests one after another on a connection of its own."""

    def __init__(self, port, path, seed):
        self._port = port
        self._random = random.Random(seed)
        self._head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
        self._streams = None
        self.times = collections.defaultdict(list)
        self.wrong = []

    async def run(self, count, small, large):
        """Sends so many requests."""
        while count > 0:
            way = self._way()
            if way == "two at once" and count == 1:
                continue
            count -= 2 if way == "two at once" else 1
            cases = large if way == "4 MB" else small
            chosen = [self._random.choice(cases)]
            if way == "two at once":
                chosen.append(self._random.choice(cases))
            try:
                async with asyncio.timeout(60):
                    await self._send(way, chosen)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as e:
                self.wrong.append(f"{way}: {e!r}")
                self._streams = None

    def _way(self):
        ways = [*SHARES, "in one piece"]
        weights = [*SHARES.values(), 1000 - sum(SHARES.values())]
        return self._random.choices(ways, weights)[0]

    async def _send(self, way, cases):
        is_apart = way in ("slow head", "aborted")
        streams = None if is_apart else self._streams
        reader, writer = streams or await asyncio.open_connection(
            "127.0.0.1", self._port
        )
        began = time.perf_counter()
        for case in cases:
            head = self._head + b"Content-Length: %d\r\n\r\n" % len(case.body)
            if way == "aborted":
                writer.write(head + case.body[:-5])
            elif way == "in chunks":
                writer.write(self._head + b"Transfer-Encoding: chunked\r\n\r\n")
                for i in range(0, len(case.body), 16):
                    part = case.body[i : i + 16]
                    writer.write(b"%x\r\n%s\r\n" % (len(part), part))
                writer.write(b"0\r\n\r\n")
            elif way == "slow head":
                for i in range(0, len(head), 20):
                    writer.write(head[i : i + 20])
                    await asyncio.sleep(0.2)
                began = time.perf_counter()
                writer.write(case.body)
            else:
                writer.write(head + case.body)
        if way != "aborted":
            for case in cases:
                status, fields, body = await read_answer(reader)
                self.times[way].append(time.perf_counter() - began)
                answer = json.loads(body)
                if status != case.status or not case.is_right(answer):
                    self.wrong.append(f"{way}: {status} {body[:80]!r}")
        if is_apart or fields.get(b"connection") == b"close":
            await close(writer)
        if not is_apart:
            self._streams = None if writer.is_closing() else (reader, writer)

    async def stop(self):
        """Closes its connection."""
        if self._streams:
            await close(self._streams[1])


async def close(writer):
    """Closes a connection, also one that the other end has closed."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def load(port, path, clients, requests, small, large, seed=0):
    """Times of the requests by how they were sent, and what was wrong."""
    idle = [
        await asyncio.open_connection("127.0.0.1", port) for _ in range(IDLE)
    ]
    crowd = [Client(port, path, seed + i) for i in range(clients)]
    counts = [len(part) for part in np.array_split(range(requests), clients)]
    await asyncio.gather(
        *(
            client.run(count, small, large)
            for client, count in zip(crowd, counts, strict=True)
        )
    )
    await asyncio.gather(
        *(close(writer) for _, writer in idle),
        *(client.stop() for client in crowd),
    )
    times = collections.defaultdict(list)
    for client in crowd:
        for way, seconds in client.times.items():
            times[way] += seconds
    return times, [text for client in crowd for text in client.wrong]


def expected_answers(path, texts):
    """What the export itself answers to each text."""
    from tfq_hybrid.serving import Predictor

    answers = Predictor(path)(texts)
    return dict(zip(texts, answers, strict=True))


def same(predictions, expected):
    """Whether predictions are the expected ones, but for rounding."""
    return len(predictions) == len(expected) and all(
        one["label"] == other["label"]
        and np.allclose(
            one["probabilities"], other["probabilities"], rtol=0, atol=1e-5
        )
        for one, other in zip(predictions, expected, strict=True)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="the folder of an export")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--output", help="a .json file")
    options = parser.parse_args()
    words = (
        "a moving film with charming music and a plot that is a mess".split()
    )
    texts = [*TEXTS, *(" ".join(words[i:]) for i in range(len(words)))]
    long = ["good film " * (LARGE_BYTES // 10 - 10), ", " * 1_999_000]
    small = small_cases(expected_answers(options.path, texts), same)
    large = large_cases(expected_answers(options.path, long), same)
    process, path, port = start(options.path, [])
    busy, began = os.getloadavg()[0], time.perf_counter()
    try:
        times, wrong = asyncio.run(
            load(port, path, options.clients, options.requests, small, large)
        )
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    spent = time.perf_counter() - began
    ordinary = ("in one piece", "in chunks", "two at once")
    times["ordinary"] = [t for way in ordinary for t in times[way]]
    rows = {
        way: {
            "answers": len(seconds),
            **{
                f"p{q}_ms": round(float(np.percentile(seconds, q)) * 1e3, 1)
                for q in (50, 95, 99, 100)
            },
        }
        for way, seconds in times.items()
        if seconds
    }
    for way, row in rows.items():
        print(f"{way:<14}{row}")
    print(f"{len(wrong)} wrong of {options.requests}, exit code {code}")
    print("\n".join(wrong[:10]), file=sys.stderr)
    write(
        options.output or "faults",
        about=f"Wrong answers: none; p99 of ordinary ones: {GOAL_MS} ms.",
        clients=options.clients,
        requests=options.requests,
        seconds=round(spent, 1),
        load_average_before=busy,
        wrong=len(wrong),
        ways=rows,
    )


if __name__ == "__main__":
    main()
