"""`--help` names what there is."""

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
