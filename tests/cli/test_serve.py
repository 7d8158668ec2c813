"""`tfq-hybrid serve`: what bad options get."""

import socket

import pytest

from tests.cli.test_main import run
from tfq_hybrid.serving.server.running import is_loopback


@pytest.mark.parametrize(
    "options,message",
    [
        (["nowhere"], "folder of an export"),
        (["nowhere", "--port", "70000"], "70000"),
        (["nowhere", "--max-batch", "0"], "nearest valid value is 1"),
        (["nowhere", "--timeout", "nan"], "timeout to be seconds"),
        (["nowhere", "--host", "256.0.0.1"], "host=256.0.0.1"),
        (["nowhere", "--max-items", "0"], "nearest valid value is 1"),
        (["nowhere", "--allowed-hosts", "a.example:80"], "a.example:80"),
        (["nowhere", "--allowed-hosts", "http://a.example"], "without a port"),
        (["nowhere", "--allowed-hosts", "a.*"], "*.DOMAIN"),
        (["nowhere", "--allowed-hosts", "a,,b"], "Received: ''"),
    ],
)
def test_bad_options(options, message, capsys):
    if "--port" not in options:
        options = [*options, "--port", "0"]
    code, out, err = run(capsys, "serve", *options)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


def test_a_port_that_is_taken(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = run(capsys, "serve", "nowhere", "--port", port)
    assert code == 2
    assert f"port={port}" in err


def test_only_this_machine_unless_asked():
    assert is_loopback("127.0.0.1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("example.org")
