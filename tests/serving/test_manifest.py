"""A damaged export is refused, whatever happened to it."""

import shutil
import subprocess

import pytest

from tfq_hybrid.errors import UserError
from tfq_hybrid.files.manifest import MANIFEST
from tfq_hybrid.serving import Predictor, check_manifest


@pytest.fixture
def whole(exports, tmp_path):
    """A copy of an export, to damage."""
    return shutil.copytree(exports["classification"][0], tmp_path / "1")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_every_file_counts(whole):
    files = [p for p in whole.rglob("*") if p.is_file()]
    assert {p.name for p in files} > {
        "saved_model.pb",
        "MODEL_CARD.md",
        MANIFEST,
    }
    check_manifest(whole)
    for path in files:
        content = path.read_bytes()
        if not content:
            continue
        flip(path)
        with pytest.raises(UserError, match="damaged"):
            check_manifest(whole)
        path.unlink()
        with pytest.raises(UserError, match="missing"):
            check_manifest(whole)
        path.write_bytes(content)
    check_manifest(whole)


def test_sha256sum_agrees(whole):
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not there")
    command = ["sha256sum", "--check", "--quiet", MANIFEST]
    assert subprocess.run(command, cwd=whole, check=False).returncode == 0


@pytest.mark.parametrize(
    "text",
    ["", "\n", "nonsense\n", f"{'0' * 64}  ../../etc/passwd\n", "\x00"],
)
def test_bad_manifests(text, whole):
    (whole / MANIFEST).write_text(text)
    with pytest.raises(UserError, match="damaged"):
        check_manifest(whole)


def test_files_that_do_not_belong(whole):
    (whole / "assets" / "more.so").write_bytes(b"code")
    with pytest.raises(UserError, match="is not in"):
        check_manifest(whole)


def test_predictor_refuses(whole):
    flip(next(whole.rglob("variables.data*")))
    with pytest.raises(UserError, match="has changed"):
        Predictor(whole)
