"""latchkey attest verify: a verdict without the service."""

import json
import os
import pathlib
import subprocess

import pytest

from harness.process import BUILD, REPO
from vectors.common import parts

TPM = REPO / "tests/vectors/tpm2/swtpm-rsa"
NONCE = "a44e8e1c51e72b826485439499fc619f8f61616ebbb7c0985388c56948f5ebec"
LATER = "2026-12-01T00:00:00Z"


def verify(*argv):
    return subprocess.run([str(BUILD / "latchkey"), "attest", "verify",
        *map(str, argv)], capture_output=True, text=True, timeout=30,
        env={**os.environ, "ASAN_OPTIONS": "abort_on_error=0"})


def quoted(**changed):
    def content(name):
        return (TPM / name).read_bytes()
    values = content("pcrs.bin")
    return parts(**{"ek_cert": [content("ek-cert.der"), ca()],
        "ek_pub": content("ek.pub"), "ak_pub": content("ak.pub"),
        "quote": content("quote.msg"), "quote_sig": content("quote.sig"),
        "pcrs": b"".join(bytes([i]) + values[32 * i:32 * i + 32]
            for i in range(8)), **changed})


def ca():
    return subprocess.run(["openssl", "x509", "-in", TPM / "ek-ca.pem",
        "-outform", "DER"], check=True, capture_output=True).stdout


@pytest.fixture
def given(tmp_path):
    """The options of a verdict that accepts."""
    (tmp_path / "evidence").write_bytes(quoted())
    return ["--format", "tpm", "--anchors", TPM / "ek-root.pem", "--nonce",
        NONCE, "--time", LATER, tmp_path / "evidence"]


def test_accepted_evidence_is_status_0_and_says_what_was_proved(given):
    done = verify(*given)
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    # Without the service's own challenge a TPM has no grade.
    assert verdict["accepted"] and verdict["grade"] == "none"
    assert verdict["facts"]["model"] == "swtpm"
    assert verdict["facts"]["oem_id"] == "00001014"
    assert [m["type"] for m in verdict["facts"]["measurements"]] == [
        f"pcr{i}" for i in range(8)]
    (finding,) = verdict["findings"]
    assert finding["code"] == "activation-unchecked"
    assert finding["severity"] == "warning"
    assert finding["words"] in done.stderr
    assert "accepted, grade none" in done.stderr


@pytest.mark.parametrize("option,value,code", [
    ("--nonce", "00" * 32, "quote-nonce"),
    ("--anchors", TPM.parent / "swtpm-ecc/ek-root.pem", "chain-untrusted"),
    ("--time", "2020-01-01T00:00:00Z", "chain-expired")])
def test_refused_evidence_is_status_1_with_the_finding(
        given, option, value, code):
    given[given.index(option) + 1] = value
    done = verify(*given)
    assert done.returncode == 1, done.stderr
    verdict = json.loads(done.stdout)
    assert not verdict["accepted"] and verdict["grade"] == "none"
    assert verdict["findings"][0]["code"] == code


def test_evidence_that_cannot_be_read_is_refused(given, tmp_path):
    (tmp_path / "evidence").write_bytes(quoted() + b"x")
    done = verify(*given)
    assert done.returncode == 1
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["code"], finding["layer"]) == ("parse", "parse")


@pytest.mark.parametrize("policy,code", [
    ({"formats": ["tpm"], "pcrs": [{"index": 7}]}, None),
    ({"formats": ["matter"]}, "format"), ({"min_grade": "hardware"}, "grade"),
    ({"secure_boot": True}, "secure-boot"),
    ({"oem_id": "00000000"}, "oem"), ({"crl_required": True}, "path-no-crl"),
    ({"pcrs": [{"index": 8}]}, "pcr-not-quoted"),
    ({"pcrs": [{"index": 7, "sha256": "00" * 32}]}, "pcr-value")])
def test_a_models_policy_is_applied(given, tmp_path, policy, code):
    (tmp_path / "policy").write_text(json.dumps(policy))
    done = verify("--policy", tmp_path / "policy", *given)
    assert done.returncode == (1 if code else 0), done.stderr
    if code:
        assert code in [f["code"] for f in json.loads(done.stdout)["findings"]]


@pytest.mark.parametrize("change", [
    ("--format", "fdo"), ("--anchors", "/nonexistent"), ("--nonce", "xyz"),
    ("--time", "yesterday"), ("--anchors", pathlib.Path(__file__))])
def test_what_gives_no_verdict_is_status_2(given, change):
    given[given.index(change[0]) + 1] = change[1]
    done = verify(*given)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("latchkey: ")


def test_a_missing_file_and_a_policy_of_nobody_are_status_2(given, tmp_path):
    assert verify(*given[:-1], tmp_path / "none").returncode == 2
    (tmp_path / "policy").write_text('{"unknown": 1}')
    assert verify("--policy", tmp_path / "policy", *given).returncode == 2
