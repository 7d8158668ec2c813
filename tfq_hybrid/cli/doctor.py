"""`tfq-hybrid doctor`: versions, what is missing, what runs here."""

import dataclasses
import json

import click

from tfq_hybrid.cli.run import json_option
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid doctor
  tfq-hybrid doctor --json > environment.json
"""


@click.command(epilog=EPILOG)
@json_option(help="Print JSON.")
def doctor(as_json):
    """Try what a run takes, and print a block for a bug report.

    Versions, the machine, missing packages, and a small circuit on each engine
    against Cirq. Ends with 1 where something does not work.
    """
    from tfq_hybrid import environment

    if not as_json:
        click.echo("Trying what a run takes …", err=True)
    quiet_imports()
    versions, machine = environment.versions(), environment.machine()
    checks = environment.checks()
    if as_json:
        rows = [dataclasses.asdict(check) for check in checks]
        found = {"versions": versions, "machine": machine, "checks": rows}
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("```\n" + _page(versions, machine, checks) + "\n```")
    if not all(check.is_well for check in checks):
        raise SystemExit(1)


def _page(versions, machine, checks):
    gpus = ", ".join(machine["gpus"]) or "no GPU"
    rows = [(name, version or "missing") for name, version in versions.items()]
    rows.append(
        (
            "machine",
            f"{machine['system']}, {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB, {gpus}",
        )
    )
    for check in checks:
        failed = "" if check.is_well else "FAILS: "
        rows.append((check.name, failed + check.found))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {words}" for name, words in rows)
