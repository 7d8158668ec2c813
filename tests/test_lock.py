"""The lock file holds what setup.cfg asks for, and nothing of a machine."""

import configparser
import pathlib
import re

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements/lock.txt").read_text("utf-8")


def lines(text):
    found = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in found if line and not line.startswith("#")]


def asked():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    texts = lines(config["options"]["install_requires"])
    texts += lines(config["options.extras_require"]["test"])
    texts += lines((ROOT / "requirements/tools.in").read_text("utf-8"))
    return [Requirement(text) for text in texts]


def locked():
    """Requirements of the lock file, with the number of their hashes."""
    found = []
    for line in LOCK.replace("\\\n", " ").splitlines():
        if line[:1].isalnum():
            text, *hashes = line.split("--hash=sha256:")
            assert all(re.fullmatch("[0-9a-f]{64} *", h) for h in hashes)
            found.append((Requirement(text), len(hashes)))
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_the_lock_satisfies_what_is_asked(python):
    environment = default_environment()
    environment |= {"python_version": python, "extra": ""}
    environment["python_full_version"] = f"{python}.1"
    pins = {}
    for pin, _ in locked():
        if pin.marker is None or pin.marker.evaluate(environment):
            name = canonicalize_name(pin.name)
            assert name not in pins, f"{name} is pinned twice"
            (exact,) = pin.specifier
            assert exact.operator == "=="
            pins[name] = exact.version
    for requirement in asked():
        name = canonicalize_name(requirement.name)
        assert name in pins, f"`make lock`: {name} is not in the lock file"
        assert requirement.specifier.contains(pins[name]), (
            f"`make lock`: {requirement} asked for, {pins[name]} locked"
        )


def test_everything_is_hashed():
    assert len(locked()) > 100
    assert all(hashes for _, hashes in locked())


def test_no_place_of_a_machine_is_in_it():
    for trace in ("://", "/home", "/root", "index-url", "find-links"):
        assert trace not in LOCK


def test_exceptions_of_the_audit_have_a_pin_and_a_reason():
    pinned = {canonicalize_name(pin.name) for pin, _ in locked()}
    text = (ROOT / "requirements/audit-exceptions.txt").read_text("utf-8")
    for line in lines(text):
        advisory, package, reason = line.split(maxsplit=2)
        assert re.fullmatch(r"(CVE|GHSA|PYSEC)-[\w-]+", advisory)
        assert package in pinned and len(reason) > 10
