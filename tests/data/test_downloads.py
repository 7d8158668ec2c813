import http.server
import socket
import threading

import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import downloader

from tfq_hybrid.data.tfds import has_network, no_vain_retries
from tfq_hybrid.errors import UserError


@pytest.fixture
def cut_off(monkeypatch):
    """No network, and no proxy to it."""

    def refuse(*arguments, **options):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("urllib.request.getproxies", dict)


@pytest.fixture
def busy_server():
    """Its address and the paths that it was asked for; it answers 503."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(503)

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/data.tar.gz", asked
        server.shutdown()
        thread.join()


def test_a_proxy_is_a_network(cut_off, monkeypatch):
    assert not has_network()
    proxies = {"https": "http://proxy:3128"}
    monkeypatch.setattr("urllib.request.getproxies", lambda: proxies)
    assert has_network()


@pytest.mark.parametrize("network,tries", [(False, 1), (True, 4)])
def test_canary_of_retries(busy_server, monkeypatch, tmp_path, network, tries):
    """What is set is what TFDS reads."""
    address, asked = busy_server
    manager = tfds.download.DownloadManager(
        download_dir=tmp_path, force_checksums_validation=False
    )
    monkeypatch.setattr(downloader, "MAX_RETRIES", 3)
    monkeypatch.setattr("tfq_hybrid.data.tfds.has_network", lambda: network)
    with (
        no_vain_retries(),
        pytest.raises(Exception, match="503"),
    ):
        manager.download(address)
    assert len(asked) == tries
    assert downloader.MAX_RETRIES == 3


def test_no_network_is_one_line(cut_off, tmp_path):
    from tfq_hybrid.data import load_dataset

    with pytest.raises(UserError, match="Received: no network") as caught:
        load_dataset("imdb_reviews", data_dir=str(tmp_path))
    assert "\n" not in str(caught.value)
