"""The README's Python runs, and its commands name real options."""

import pathlib
import re

import pytest

from tfq_hybrid.cli.main import commands

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"


def test_python_blocks_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) >= 3
    namespace = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), namespace)
    quantum, baseline, twin = (
        namespace[name].count_params()
        for name in ("quantum", "baseline", "twin")
    )
    assert quantum < baseline
    assert abs(twin / quantum - 1) < 0.05


@pytest.mark.parametrize(
    "line",
    re.findall(
        r"^    (tfq-hybrid .*(?:\\\n.*)*)", README.read_text(), re.MULTILINE
    ),
)
def test_commands_are_real(line):
    _, name, *words = line.replace("\\\n", " ").split()
    command = commands.commands[name]
    if hasattr(command, "commands"):  # a group: its first word is one
        command = command.commands[words[0]]
    options = {o for p in command.params for o in p.opts}
    for word in words:
        if word.startswith("--"):
            assert word in options
