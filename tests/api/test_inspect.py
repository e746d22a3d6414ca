"""latchkey inspect: says what a file of evidence holds, whatever it holds."""

import base64
import concurrent.futures
import json
import os
import pathlib
import re
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


# What lies beside the structures, or has none left: (folder, pattern).
NO_STRUCTURE = [(folder, re.compile(pattern)) for folder, pattern in (
    ("psa-token", r"keys/.*(hs|hmac)\.bin|keys/.*\.private\.jwk"),
    ("psa-token", r"tokens/(empty|truncated-\d+|trailing-byte"
        r"|bad-signature-upstream)\.cbor"),
    # Templates without reference values or keys
    ("psa-token", r"endorsements/(comid-psa-ta|corim-psa)\.json"),
    # Not even the outermost lengths are right.
    ("csr", r"animagus-minerva-csr_bulb1-r\.der|mbedtls-hex-(4[79]|[56]\d|71)"
        r"\.der"),
    # Names, values, keys and messages as they are, without a form of their
    # own; signatures of PKCS #1 and in DER
    ("tpm2", r".*/(ak\.name|pcrs\.bin|quote\.pcrs|pop\.msg"
        r"|credential\.secret|properties-fixed\.txt|ek\.private\.pem)"),
    ("tpm2", r".*/(certify|pop|time|quote-pcr0-7)\.sig"),
    ("tpm2", r".*/(attest-bad-magic|quote-trailing|quote-truncated)\.msg"))]
FOLDERS = ["cose", "cbor", "csr", "dice", "eat", "matter", "psa-token",
    "tpm2", "x509-path"]


def is_structure(path, folder):
    name = str(path.relative_to(TESTS / "vectors" / folder))
    return path.is_file() and name not in ("README.md", "cases.json") and (
        not any(f == folder and pattern.fullmatch(name)
            for f, pattern in NO_STRUCTURE))


def within_cases(folder, *fields):
    """What stands in the cases themselves, in hex."""
    cases = json.loads((TESTS / "vectors" / folder / "cases.json").read_text())
    return {c[f] for c in cases["cases"] for f in fields if c.get(f)
        and c["expect"] == "accept"}


def test_every_structure_of_the_vectors_is_named(tmp_path):
    paths = [p for folder in FOLDERS for p in
        sorted((TESTS / "vectors" / folder).rglob("*"))
        if is_structure(p, folder)]
    # The certificates of PKITS are alike: some of them will do.
    alike = [p for p in paths if "pkits" in p.parts]
    paths = [p for p in paths if p not in alike] + alike[::8]
    assert len(paths) > 250
    for i, text in enumerate(sorted(within_cases("cose", "cbor_hex") |
            within_cases("matter", "dac", "pai", "cd", "cd_tlv"))):
        path = tmp_path / f"case-{i}"
        path.write_text(text)
        paths.append(path)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        told = list(pool.map(inspect, paths))
    assert [p for p, t in zip(paths, told)
        if t.returncode != 0 or not t.stdout] == []


def test_what_is_refused_here_is_named_with_the_reason():
    for name, reason in (("csr/made-many-sans.der", "extension"),
            ("csr/made-secp256k1.der", "key"),
            ("csr/made-sig-flip.der", "signature"),
            ("matter/noc-error/Chip-Test-NOC-Cert-Version-V2-Cert.der",
                "certificate")):
        told = inspect(TESTS / "vectors" / name).stdout
        assert told.startswith(("request: PKCS#10\n", "certificate: X.509"))
        (line,) = [x for x in told.splitlines()
            if x.startswith("refused here: ")]
        assert reason in line, line
