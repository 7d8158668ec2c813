"""Systems by entry points: what is broken is named, and breaks no other."""

import importlib.metadata

import pytest

from tfq_hybrid.errors import UserError
from tfq_hybrid.files.homes import SYSTEMS as GROUP
from tfq_hybrid.training.systems import Systems


def systems(**values):
    found = Systems()
    entries = {
        name: importlib.metadata.EntryPoint(name, value, GROUP)
        for name, value in values.items()
    }
    vars(found)["_entries"] = entries
    return found


def test_only_what_is_asked_for_is_loaded():
    found = systems(
        qaa="tfq_hybrid.models.qaa.system:SYSTEM", broken="no.where"
    )
    assert list(found) == ["broken", "qaa"] and len(found) == 2
    assert "broken" in found and found["qaa"].name == "qaa"


@pytest.mark.parametrize(
    "value,message",
    [
        ("no.where:SYSTEM", "of no.where:SYSTEM to be loaded"),
        ("tfq_hybrid.models.qaa.system:SYSTEM", "a System named 'mine'"),
        ("math:pi", "a System named 'mine'"),
    ],
)
def test_what_is_no_system_is_named(value, message):
    with pytest.raises(UserError, match=message):
        systems(mine=value)["mine"]
