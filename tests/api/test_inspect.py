"""latchkey inspect: says what a file of evidence holds, whatever it holds."""

import base64
import pathlib
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from harness.crypto import csr_der, new_key, spki_pem
from harness.players import Maker
from harness.process import BUILD

TESTS = pathlib.Path(__file__).parent.parent


def inspect(path, *options):
    return subprocess.run([BUILD / "latchkey", "inspect", *options, path],
        capture_output=True, text=True, timeout=120)


@pytest.fixture
def file(tmp_path):
    def make(data):
        path = tmp_path / "evidence"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path
    return make


def test_a_file_is_read_as_pem_der_hex_and_base64(file):
    maker = Maker()
    der = maker.certificate.public_bytes(Encoding.DER)
    for data in (maker.anchor_pem, der, der.hex() + "\n",
            base64.b64encode(der)):
        told = inspect(file(data))
        assert told.returncode == 0, told.stderr
        assert "certificate: version 3\n" in told.stdout
        assert "ca: yes\n" in told.stdout and "key: P-256\n" in told.stdout
    chain = inspect(file(maker.anchor_pem * 2))
    assert chain.stdout.count("certificate: version 3") == 2


def test_keys_and_requests_are_told_apart(file):
    assert "key_sha256: " in inspect(file(spki_pem(new_key()))).stdout
    assert inspect(file(csr_der(new_key()))).stdout.startswith("request: ")


@pytest.mark.parametrize("folder,kinds", [
    ("cose", ("message: ", "cbor")), ("crl", ("revocation list: ",)),
    ("ek", ("certificate: ",)), ("tpm", ("tpm ",)),
    ("matter", ("certification declaration: ", "attestation elements: ",
        "NOCSR elements: ")), ("cms_signed", ("signed message: ",))])
def test_whatever_a_file_holds_it_is_named_or_refused(folder, kinds):
    named = 0
    for path in sorted((TESTS / "corpus" / folder).rglob("*")):
        if not path.is_file():
            continue
        told = inspect(path)
        assert told.returncode in (0, 1), (path, told.stderr)
        assert bool(told.stdout) == (told.returncode == 0), path
        named += told.stdout.startswith(kinds)
    assert named > 3


def test_a_hash_of_zeros_is_no_event_log(file):
    told = inspect(file(b"\xa1\x19\x01\x00\x58\x40" + bytes(64)))
    assert told.returncode == 0 and "00" * 64 in told.stdout
    assert "event log" not in told.stdout


def test_a_year_beyond_clocks_is_shown_as_a_number(file):
    (path,) = (TESTS / "corpus" / "cert").rglob("time-gt-old")
    told = inspect(path)
    assert told.returncode == 0 and "s after 1970" in told.stdout


def test_what_is_nothing_is_refused_and_a_wrong_kind_is_usage(file):
    path = file(b"\xff\x00 nothing")
    assert inspect(path).returncode == 1
    assert inspect(path, "--as", "cbor").returncode == 1
    assert inspect(path, "--as", "spam").returncode == 2
    assert inspect(path.parent / "missing").returncode == 1
