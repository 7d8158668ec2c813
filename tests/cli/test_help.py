"""`--help` names what there is."""

import re

import pytest
from click.testing import CliRunner

from tfq_hybrid.circuits import (
    ANSATZ_GATES,
    ENCODINGS,
    ENTANGLEMENTS,
    PRESETS,
    SCALINGS,
)
from tfq_hybrid.cli.main import commands
from tfq_hybrid.training.systems import SYSTEMS


@pytest.mark.parametrize(
    "registry",
    [ENCODINGS, ENTANGLEMENTS, SCALINGS, ANSATZ_GATES, PRESETS],
    ids=["encodings", "entanglements", "scalings", "gates", "presets"],
)
def test_train_lists_every_choice(registry):
    result = CliRunner().invoke(commands, ["train", "--help"])
    text = " ".join(result.output.split())
    for name in registry:
        assert name in text


def test_train_lists_every_system_and_baseline():
    params = {param.name: param for param in commands.commands["train"].params}
    for system in SYSTEMS.values():
        assert system.name in params["model"].metavar
        for baseline in system.baselines:
            assert re.search(rf"\b{baseline}\b", params["classical"].help)
