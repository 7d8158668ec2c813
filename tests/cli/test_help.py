"""`--help`: what there is, by whom it is chosen, and how fast it comes."""

import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tfq_hybrid.adapters import METHODS
from tfq_hybrid.circuits import (
    ANSATZ_GATES,
    ENCODINGS,
    ENTANGLEMENTS,
    PRESETS,
    SCALINGS,
)
from tfq_hybrid.cli.main import commands
from tfq_hybrid.training.arguments import fields_of_training
from tfq_hybrid.training.systems import SYSTEMS

HEAVY = ("tensorflow", "keras", "keras_hub", "keras_tuner", "scipy")


def help_of(*words):
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    "registry",
    [ENCODINGS, ENTANGLEMENTS, SCALINGS, ANSATZ_GATES, PRESETS, METHODS],
    ids=["encodings", "entanglements", "scalings", "gates", "presets", "all"],
)
def test_train_lists_every_choice(registry):
    text = " ".join(help_of("train", "--help-all").split())
    for name in registry:
        assert re.search(rf"[|\[ ]{re.escape(name)}[|\] ,.]", text), name


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda s: s.name)
def test_the_help_is_that_of_the_chosen_classes(system):
    text = help_of("train", "--help-all", "--model", system.name)
    baselines = f"--baseline [{'|'.join(system.baselines)}]"
    assert (baselines in text) == bool(system.baselines)
    for name in system.options.names():
        assert f"--{name.replace('_', '-')}" in text


@pytest.mark.parametrize(
    "words, name, default",
    [
        ([], "depth", "2"),
        (["--model", "hybrid-bert"], "depth", "4"),
        (["--model=hybrid-bert"], "entanglement", "brick"),
        (["--circuit", "ionq"], "depth", "3"),
        (["--model", "hyqut"], "batch-size", "8"),
        (["--adapter", "ReplaceDense"], "depth", "2"),
        (["--adapter", "LoRA"], "rank", "8"),
        (["--model", "qaa", "--help"], "epochs", "1"),
    ],
    ids=str,
)
def test_defaults_are_those_of_the_chosen_classes(words, name, default):
    text = " ".join(help_of("train", "--help-all", *words).split())
    [found] = re.findall(rf"--{name} [^-].*?Default: (\S+?)\. ", text)[:1]
    assert found == default


def test_two_screens():
    for command in ("train", "tune", "screen"):
        assert len(help_of(command, "--help").splitlines()) <= 80


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_argument_says_what_it_is(system):
    methods = {None: None, **METHODS} if system == "adapted" else {None: None}
    for method in methods:
        chosen = {"adapter": method} if method else {}
        for field in fields_of_training(system, chosen):
            assert len(field.help.split()) >= 2, (field.key, field.help)
            assert not re.match("(Int|Str|Float|Bool)\\b", field.help), field


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["train", "--help"],
        ["train", "--help-all", "--model", "hyqut"],
        ["train", "--help-all", "--adapter", "QuantumAdapter"],
        ["train", "--print-config", "--data", "embedded", "--depth", "3"],
        ["tune", "--help"],
        ["screen", "--help"],
    ],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(words):
    """In a process of its own: this one has imported everything."""
    code = (
        "import sys\n"
        "from tfq_hybrid.cli.main import commands\n"
        f"try: commands.main({words!r})\n"
        "except SystemExit: pass\n"
        "print(*{name.split('.')[0] for name in sys.modules})\n"
        "print('cirq.circuits' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    *_, modules, has_cirq = done.stdout.splitlines()
    assert not {*HEAVY} & {*modules.split()}
    assert has_cirq == "False"


@pytest.mark.parametrize(
    ("words", "offered"),
    [("tfq-hybrid comp", "compare"), ("tfq-hybrid train --qub", "--qubits")],
)
def test_the_shell_completes(words, offered):
    environment = {
        **os.environ,
        "_TFQ_HYBRID_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    main = "from tfq_hybrid.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", main],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert f"plain,{offered}\n" in done.stdout
