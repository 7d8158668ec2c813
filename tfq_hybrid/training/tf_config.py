"""`TF_CONFIG`: who trains together, and which of them this process is."""

import json

from tfq_hybrid.errors import UserError

EXAMPLE = (
    '{"cluster": {"worker": ["host0:12345", "host1:12345"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


def read_tf_config(text):
    """The workers of a cluster, and which of them this process is.

    Args:
        text: str, the content of the variable `TF_CONFIG`, or `None`.

    Returns:
        A pair: the addresses as a list of str, the chief's first, and the
        index into it.

    Raises:
        UserError: it is not set, is not JSON of the expected form, or names
            other jobs than `chief` and `worker`.

    Example:

    >>> addresses, index = read_tf_config(EXAMPLE)
    >>> addresses[index]
    'host0:12345'
    """
    expected = f"Expected TF_CONFIG to be such as {EXAMPLE}. Received: "
    if not text:
        raise UserError(
            f"{expected}none set. Each worker needs it, with its own index."
        )
    try:
        content = json.loads(text)
        cluster, task = content["cluster"], content["task"]
        jobs = {job: list(cluster[job]) for job in cluster}
        addresses = jobs.get("chief", []) + jobs.get("worker", [])
        kind, index = task["type"], int(task["index"])
        own = jobs[kind][index]
        ports = [int(address.rpartition(":")[2]) for address in addresses]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise UserError(f"{expected}TF_CONFIG={text[:200]}") from None
    if not set(jobs) <= {"chief", "worker"} or len(jobs.get("chief", "")) > 1:
        raise UserError(
            "Expected a TF_CONFIG with the jobs 'worker' and at most one "
            f"'chief'. Received: {', '.join(sorted(jobs))}"
        )
    if index < 0 or not all(0 < port < 2**16 for port in ports):
        raise UserError(f"{expected}TF_CONFIG={text[:200]}")
    if len(set(addresses)) < len(addresses):
        raise UserError(
            "Expected an address of its own for each worker. Received: "
            f"{', '.join(addresses)}"
        )
    return addresses, addresses.index(own)
