"""latchkey attest verify: a verdict without the service."""

import base64
import json
import os
import pathlib
import subprocess

import pytest

from harness.process import BUILD, REPO
from vectors.common import parts

VECTORS = REPO / "tests/vectors"
TPM = REPO / "tests/vectors/tpm2/swtpm-rsa"
NONCE = "a44e8e1c51e72b826485439499fc619f8f61616ebbb7c0985388c56948f5ebec"
LATER = "2026-12-01T00:00:00Z"


def verify(*argv):
    return subprocess.run([str(BUILD / "latchkey"), "attest", "verify",
        *map(str, argv)], capture_output=True, text=True, timeout=120,
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


def pem(label, *ders):
    return "".join(f"-----BEGIN {label}-----\n"
        + base64.encodebytes(der).decode() + f"-----END {label}-----\n"
        for der in ders)


def judged(format_, *argv):
    """(exit status, verdict), the words beside it being true."""
    done = verify("--format", format_, *argv)
    verdict = json.loads(done.stdout)
    assert done.returncode == (0 if verdict["accepted"] else 1), done.stderr
    for finding in verdict["findings"]:
        assert (f"{finding['severity']}: {finding['words']} "
            f"({finding['code']}, {finding['layer']})") in done.stderr
    return done.returncode, verdict, done.stderr


def codes(verdict):
    return [f["code"] for f in verdict["findings"]]


def test_a_psa_token_says_what_runs_on_the_device():
    folder = VECTORS / "psa-token"
    token = folder / "tokens/rfc9783-sign1.cbor"
    key = folder / "keys/psa-rfc9783-iak.pub.pem"
    status, verdict, words = judged("psa", "--anchors", key, "--nonce",
        "01" * 32, token)
    assert status == 0 and verdict["grade"] == "hardware"
    assert f"unit: {verdict['facts']['ueid']}\n" in words
    for measured in verdict["facts"]["measurements"]:
        assert measured["value"] in words
    status, verdict, _ = judged("psa", "--anchors", key, "--nonce",
        "02" * 32, token)
    assert (status, codes(verdict)) == (1, ["nonce-mismatch"])
    status, verdict, _ = judged("psa", "--anchors",
        folder / "keys/tfm-iak.pub.pem", token)
    assert (status, codes(verdict)) == (1, ["signature"])


def test_a_token_under_a_secret_needs_it_and_the_models_word(tmp_path):
    folder = VECTORS / "psa-token"
    secret, policy = tmp_path / "secret", tmp_path / "policy"
    secret.write_text(
        (folder / "keys/psa-rfc9783-hs.bin").read_bytes().hex() + "\n")
    policy.write_text('{"mac": true}')
    token = folder / "tokens/rfc9783-mac0.cbor"
    given = ["psa", "--secret", secret, "--nonce", "01" * 32, token]
    secret.chmod(0o644)
    done = verify("--format", *given)
    assert done.returncode == 2 and "chmod 600" in done.stderr
    secret.chmod(0o600)
    status, verdict, _ = judged(*given)
    assert (status, codes(verdict)) == (1, ["mac"])
    assert judged(*given, "--policy", policy)[0] == 0


@pytest.mark.parametrize("token,code", [("good", None),
    ("fw-old", "sw-version"), ("oemboot-false", "secure-boot"),
    ("dbgstat-0", "debug"), ("hwmodel-unknown", "hw-model"),
    ("oemid-other", "oem"), ("profile-other", "profile"),
    ("ueid-missing", "no-identity")])
def test_an_eat_is_judged_by_the_models_policy(tmp_path, token, code):
    """The policy is that of the README of these tokens."""
    folder = VECTORS / "eat"
    (tmp_path / "policy").write_text(json.dumps({"formats": ["eat"],
        "profiles": ["tag:example.com,2026:smarthome#1"],
        "ueid_required": True, "oem_id": "88124e",
        "hw_model": "881cf5f243fbef3336bbd22547dddefc", "secure_boot": True,
        "debug": "disabled-since-boot", "min_version": "2.7.0"}))
    status, verdict, words = judged("eat", "--anchors",
        folder / "keys/eat-test.pub.pem", "--policy", tmp_path / "policy",
        "--nonce", "88b20f5b9fc0bc8f7685bbc0aabbccdd",
        folder / f"tokens/device-{token}.cbor")
    assert status == (1 if code else 0)
    assert codes(verdict) == ([code] if code else [])
    assert code or "secure boot: yes\n" in words


def test_a_dice_layer_is_verified_by_the_device_key():
    folder = VECTORS / "dice"
    layer = folder / "open-dice-cbor-ed25519-zeroinput.cbor"
    status, verdict, _ = judged("dice", "--anchors",
        folder / "keys/authority-zeroinput-ed25519.pem", layer)
    assert status == 0 and "not-bound" in codes(verdict)
    assert verdict["grade"] == "none"
    status, verdict, _ = judged("dice", "--anchors",
        folder / "keys/authority-hashonlyinput-ed25519.pem", layer)
    assert (status, codes(verdict)) == (1, ["unknown-root"])


@pytest.fixture
def matter(tmp_path):
    """Evidence, and the options that accept it."""
    folder = VECTORS / "matter"
    (case,) = [c for c in json.loads((folder / "cases.json").read_text())[
        "cases"] if c["id"] == "struct_cd_cms_digest_algo_sha256"]
    (tmp_path / "evidence").write_bytes(parts(**{k: bytes.fromhex(case[k])
        for k in ("dac", "pai", "cd")}))
    (tmp_path / "paa").write_text(pem("CERTIFICATE", *(p.read_bytes()
        for p in sorted((folder / "trust").glob("paa-*.der")))))
    (tmp_path / "cd").write_text(pem("CERTIFICATE",
        (folder / "trust/cd-signing-test.der").read_bytes()))
    (tmp_path / "policy").write_text(json.dumps({"vid": 0xfff1,
        "pids": ["8000"], "declarations": ["test", "provisional"]}))
    return {"--policy": tmp_path / "policy",
        "--anchors": tmp_path / "paa", "--declarations": tmp_path / "cd",
        "": tmp_path / "evidence"}


def given_as(options):
    return [w for pair in options.items() for w in pair if w]


def test_matters_evidence_needs_authorities_and_signers_apart(matter):
    status, verdict, _ = judged("matter", *given_as(matter))
    assert status == 0 and "not-bound" in codes(verdict)
    # Neither stands in for the other.
    for missing, code in (("--anchors", "unknown-paa"),
            ("--declarations", "declaration-signer")):
        without = {k: v for k, v in matter.items() if k != missing}
        status, verdict, _ = judged("matter", *given_as(without))
        assert status == 1 and code in codes(verdict)


def test_a_signer_is_a_certificate_alone(matter):
    key = VECTORS / "eat/keys/eat-test.pub.pem"
    for option in ("--declarations", "--crl-signers"):
        done = verify("--format", "matter",
            *given_as({**matter, option: key}))
        assert done.returncode == 2 and not done.stdout
        assert option in done.stderr
