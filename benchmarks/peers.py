"""Install the peers in an environment of their own, and check it.

python -m benchmarks.peers [--path .peers]
"""

import json
import os
import pathlib
import shlex
import subprocess
import sys
from collections.abc import Callable

import click

from tfq_hybrid.cli.run import run_command
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import check_output_folder

REQUIREMENTS = pathlib.Path(__file__).parent / "requirements-peers.txt"
EPILOG = """
About 2 GB. PyPI's torch for Linux brings several GB of CUDA libraries along;
to have PyTorch's own build for the CPU:

\b
  PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \\
      python -m benchmarks.peers
"""
_INSTALLED = (
    "import importlib.metadata as m, json; "
    "print(json.dumps({d.name.lower().replace('_', '-'): d.version "
    "for d in m.distributions()}))"
)


def pins(requirements: pathlib.Path | None = None) -> dict[str, str]:
    """The pinned versions of a file's packages.

    Args:
        requirements: Defaults to `None`: those of the peers.

    Example:

    >>> sorted(pins())[:2]
    ['jax', 'jaxlib']
    """
    lines = (requirements or REQUIREMENTS).read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def install_peers(
    path: str | os.PathLike[str], report: Callable[[str], None] = print
) -> pathlib.Path:
    """Makes a virtual environment with the peers; returns its interpreter.

    Raises:
        UserError: the folder cannot be written, or pip failed.
    """
    python = install(path, REQUIREMENTS, "the peers", report)
    check_peers(python)
    return python


def install(
    path: str | os.PathLike[str],
    requirements: pathlib.Path,
    what: str,
    report: Callable[[str], None] = print,
) -> pathlib.Path:
    """Makes a virtual environment of pinned packages.

    pip's own settings and environment variables hold.

    Args:
        path: its folder.
        requirements: a file of the packages.
        what: they are, for messages.
        report: is told what happens. Defaults to `print`.

    Returns:
        Its interpreter.

    Raises:
        UserError: the folder cannot be written, or pip failed.
    """
    check_output_folder(path)
    path = pathlib.Path(path)
    python = path / "bin" / "python"
    report(f"Installing {', '.join(pins(requirements))} into {path}")
    commands = [
        [sys.executable, "-m", "venv", str(path)],
        [str(python), "-m", "pip", "install", "-r", str(requirements)],
    ]
    for command in commands:
        try:
            subprocess.run(command, check=True)
        except subprocess.CalledProcessError as error:
            raise UserError(
                f"Expected {what} to install. Received: exit "
                f"{error.returncode} from {' '.join(command)}"
            ) from None
    return python


def check_peers(python: str | os.PathLike[str]) -> None:
    """Raises `UserError` unless an interpreter has every peer.

    Versions may differ from the pinned ones: the results name them.
    """
    hint = "`python -m benchmarks.peers` makes one"
    if not (os.path.isfile(python) and os.access(python, os.X_OK)):
        raise UserError(
            f"Expected the peers' Python interpreter; {hint}. Received: "
            f"{python}"
        )
    result = subprocess.run(
        [str(python), "-c", _INSTALLED], capture_output=True, text=True
    )
    try:
        installed = json.loads(result.stdout)
    except ValueError:
        installed = {}
    missing = [name for name in pins() if name not in installed]
    if missing:
        raise UserError(
            f"Expected an environment with the peers; {hint}. Received: "
            f"{python} without {', '.join(missing)}"
        )


@click.command(epilog=EPILOG)
@click.option(
    "--path",
    default=".peers",
    show_default=True,
    type=click.Path(),
    help="Folder of the environment.",
)
def peers(path):
    """Install the peers in an environment of their own.

    PennyLane with its Lightning simulator, TensorCircuit-NG and pyqtorch, on
    JAX and PyTorch, in pinned versions.
    """
    python = shlex.quote(str(install_peers(path, report=click.echo)))
    click.echo(f"Next: python -m benchmarks.engines --peers {python}")


if __name__ == "__main__":
    run_command(peers, None, "benchmarks.peers")
