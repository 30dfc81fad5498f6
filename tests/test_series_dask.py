"""`nbport series` on Dask: a scheduler that runs already, and none."""

import os
import socket
import ssl
import sys
import urllib.error
import urllib.request

import psutil
import pytest

from nbport.cli.nbport_command import main as nbport
from nbport.series import dask_cluster
from tests.series import SPEC, images

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
pytest.importorskip("cryptography")

UNAUTHENTICATED = "unauthenticated: whoever can connect can run programs there"


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A description in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC)
    return tmp_path


def test_workers_of_a_scheduler_make_the_same_images(spec, capsys):
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster:
        assert nbport(["series", "spec.toml", "--scheduler", cluster.scheduler_address]) == 0
    said = capsys.readouterr().err
    assert said.count(UNAUTHENTICATED) == 1 and f"warning: --scheduler {cluster.scheduler_address}: " in said
    assert nbport(["series", "spec.toml", "-o", "alone", "--jobs", "1"]) == 0
    assert len(images(spec / "spec")) == 12
    assert images(spec / "spec") == images(spec / "alone")
    assert nbport(["series", "spec.toml", "-o", "local", "--local-cluster", "2"]) == 0
    assert images(spec / "local") == images(spec / "alone")


def test_scheduler_that_does_not_answer_is_an_error(spec, capsys, monkeypatch):
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 0.5)
    assert nbport(["series", "spec.toml", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    warned, found = capsys.readouterr().err.splitlines()
    assert UNAUTHENTICATED in warned
    assert "--scheduler tcp://127.0.0.1:9: no Dask scheduler answers" in found


def test_missing_dask_is_said(spec, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert nbport(["series", "spec.toml", "--local-cluster"]) == 2
    assert capsys.readouterr().err == "nbport series: error: Dask is not installed: pip install 'nbport[series]'\n"


def test_missing_maker_of_certificates_is_said(spec, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert nbport(["series", "spec.toml", "--local-cluster"]) == 2
    found = capsys.readouterr().err
    assert found == "nbport series: error: --local-cluster needs cryptography: pip install 'nbport[series]'\n"


# -- who may connect


def own_ports():
    """Addresses on which this process and those that it started listen."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return {c.laddr for process in processes for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def refuses(port, security=None):
    """Whether a client of Dask cannot connect, and a task of its is not run."""
    scheme = "tcp" if security is None else "tls"
    try:
        with distributed.Client(f"{scheme}://127.0.0.1:{port}", timeout=2, security=security) as client:
            return client.submit(os.getpid).result(timeout=5) is None
    except (OSError, ValueError):
        return True


def speaks_http(port, scheme):
    context = ssl._create_unverified_context()
    try:
        urllib.request.urlopen(f"{scheme}://127.0.0.1:{port}/health", timeout=2, context=context)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    except Exception:  # an answer that is none of HTTP
        return False
    return True


def refuses_certificate(port, context):
    """A connection by TLS with a certificate, or none, comes to nothing."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as plain:
        try:
            with context.wrap_socket(plain) as encrypted:
                return encrypted.recv(1) == b""
        except TimeoutError:
            return False
        except (ConnectionError, ssl.SSLError):
            return True


def test_local_cluster_takes_nobody_else():
    before = own_ports()
    with dask_cluster.local_cluster(1) as client:
        assert client.scheduler.address.startswith("tls://127.0.0.1:")
        assert client.submit(os.getpid).result(timeout=30) != os.getpid()
        ports = own_ports() - before
        assert len(ports) == 3  # scheduler, nanny and worker
        assert {address.ip for address in ports} == {"127.0.0.1"}
        for address in ports:
            assert refuses_certificate(address.port, ssl._create_unverified_context())
            assert not refuses_certificate(address.port, client.security.get_connection_args("client")["ssl_context"])
            assert not speaks_http(address.port, "http") and not speaks_http(address.port, "https")
        scheduler = int(client.scheduler.address.rsplit(":", 1)[1])
        assert refuses(scheduler)
        assert refuses(scheduler, distributed.Security.temporary())
        assert not refuses(scheduler, client.security)  # as this test can tell
        [directory] = [worker["local_directory"] for worker in client.scheduler_info()["workers"].values()]
        private = directory.split("/dask-scratch-space")[0]
        assert os.stat(private).st_mode & 0o777 == 0o700
    assert not os.path.exists(private)


def test_dask_alone_would_take_anybody():
    """What the test above looks for is found where it is."""
    before = own_ports()
    with distributed.LocalCluster(n_workers=1, dashboard_address=None, threads_per_worker=1) as cluster:
        assert not refuses(int(cluster.scheduler_address.rsplit(":", 1)[1]))
        ports = [address.port for address in own_ports() - before]
        assert [speaks_http(port, "http") for port in ports].count(True) == 2


@pytest.fixture
def certificates(tmp_path):
    """PEM files of a scheduler and its client, which are the same here."""
    security = distributed.Security.temporary()
    (tmp_path / "cert.pem").write_text(security.tls_client_cert)
    (tmp_path / "key.pem").write_text(security.tls_client_key)
    return ["--tls-ca", "cert.pem", "--tls-cert", "cert.pem", "--tls-key", "key.pem"], security


def test_scheduler_with_certificates_is_used_without_a_warning(spec, certificates, capsys):
    options, security = certificates
    with distributed.LocalCluster(n_workers=1, security=security, dashboard_address=None) as cluster:
        command = ["series", "spec.toml", "--scheduler", cluster.scheduler_address]
        assert cluster.scheduler_address.startswith("tls://")
        assert nbport([*command, *options]) == 0
        assert UNAUTHENTICATED not in capsys.readouterr().err
        assert len(images(spec / "spec")) == 12
        # without certificates, and with Dask's configuration
        assert nbport([*command, "-o", "other"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        config = {
            "distributed.comm.tls.ca-file": "cert.pem",
            "distributed.comm.tls.client.cert": "cert.pem",
            "distributed.comm.tls.client.key": "key.pem",
        }
        with dask.config.set(config):
            assert nbport([*command, "-o", "other"]) == 0
    assert images(spec / "spec") == images(spec / "other")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--tls-ca", "missing.pem"], "missing.pem: cannot read a certificate or key: No such file"),
        (["--tls-ca", "spec.toml", "--tls-cert", "spec.toml"], "spec.toml: no usable certificates: "),
        (["--tls-ca", "cert.pem"], "--tls-ca and --tls-cert belong together"),
    ],
)
def test_certificates_that_cannot_be_used_are_one_line(spec, certificates, options, expected, capsys):
    assert nbport(["series", "spec.toml", "--scheduler", "tls://127.0.0.1:9", *options]) == 2
    found = capsys.readouterr().err
    assert found.count("\n") == 1 and expected in found


def test_certificates_without_a_scheduler_are_refused(spec, capsys):
    assert nbport(["series", "spec.toml", "--tls-ca", "x", "--local-cluster"]) == 2
    assert capsys.readouterr().err == ("nbport series: error: --tls-ca, --tls-cert and --tls-key go with --scheduler\n")
