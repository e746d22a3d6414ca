"""latchkey attest verify: a verdict without the service."""

import base64
import json
import os
import pathlib
import subprocess

import pytest
from cryptography import x509

from harness.crypto import DER, new_key, spki_pem
from harness.evidence import (bound, cbor_bytes, cbor_map, psa_claims, sign1,
    spki_of, x5chain)
from harness.players import Maker
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


class Signer:
    """A unit whose tokens name their signer by its certificate."""

    def __init__(self, format_, maker, path):
        self.format, self.path = format_, path
        self.key = new_key()
        self.chain = [x509.load_pem_x509_certificate(c).public_bytes(DER)
            for c in maker.birth_certificate(self.key, "SN-1")]
        self.nonce = os.urandom(32)

    def judged(self, anchors, key=None, **headers):
        ueid = b"\1" + bytes(32)
        claims = (psa_claims(ueid, self.nonce) if self.format == "psa" else
            cbor_map({10: cbor_bytes(self.nonce), 256: cbor_bytes(ueid)}))
        (self.path / "token").write_bytes(sign1(key or self.key, claims,
            **headers))
        (self.path / "anchors").write_text(anchors)
        status, verdict, _ = judged(self.format, "--anchors",
            self.path / "anchors", "--nonce", self.nonce.hex(),
            self.path / "token")
        return status, codes(verdict)


@pytest.mark.parametrize("format_", ["eat", "psa"])
def test_a_tokens_key_may_come_from_a_chain_to_an_anchor(tmp_path, format_):
    """RFC 9360: x5chain, in the protected header alone."""
    maker, other = Maker(), Maker()
    signer = Signer(format_, Maker(parent=maker), tmp_path)
    chain = x5chain(*signer.chain)
    assert signer.judged(maker.anchor_pem, covered=chain) == (0, [])
    for anchors, key, headers, code in (
            (other.anchor_pem, None, {"covered": chain}, "chain-untrusted"),
            (maker.anchor_pem, None, {"uncovered": chain},
                "chain-unprotected"),
            (maker.anchor_pem, None, {"covered": chain, "uncovered": chain},
                "parse"),
            (maker.anchor_pem, new_key(), {"covered": chain}, "signature"),
            (maker.anchor_pem, None, {}, "unknown-key"),
            (maker.anchor_pem, None, {"covered": x5chain(b"no certificate")},
                "certificate"),
            # A key that is registered is the only one that counts.
            (spki_pem(new_key()), None, {"covered": chain}, "signature")):
        assert signer.judged(anchors, key, **headers) == (1, [code])


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


def test_a_birth_certificate_signs_for_one_service_nonce_and_key(tmp_path):
    maker, birth, key = Maker(), new_key(), new_key()
    chain = [x509.load_pem_x509_certificate(c).public_bytes(DER)
        for c in maker.birth_certificate(birth, "SN-1")]
    nonce, issuer = os.urandom(32), "https://latchkey.example"
    (tmp_path / "evidence").write_bytes(bound("idevid", issuer, nonce,
        spki_of(key), birth, chain=chain))
    for name, content in (("anchors", maker.anchor_pem),
            ("others", Maker().anchor_pem), ("key", spki_pem(key)),
            ("another", spki_pem(new_key()))):
        (tmp_path / name).write_text(content)
    given = {"--anchors": tmp_path / "anchors", "--nonce": nonce.hex(),
        "--key": tmp_path / "key", "--issuer": issuer,
        "": tmp_path / "evidence"}
    status, verdict, words = judged("idevid", *given_as(given))
    assert (status, codes(verdict)) == (0, [])
    assert verdict["grade"] == "software"
    assert verdict["facts"]["serial"] == "SN-1" and "serial: SN-1\n" in words
    for option, value, code in (
            ("--anchors", tmp_path / "others", "chain-untrusted"),
            ("--nonce", "00" * 32, "nonce-mismatch"),
            ("--key", tmp_path / "another", "key-mismatch"),
            ("--issuer", "https://elsewhere.example", "issuer-mismatch"),
            ("--time", "2000-01-01T00:00:00Z", "chain-expired")):
        status, verdict, _ = judged("idevid",
            *given_as({**given, option: value}))
        assert (status, codes(verdict)) == (1, [code])


@pytest.mark.parametrize("format_",
    ["idevid", "psa", "eat", "tpm", "matter", "dice"])
def test_each_format_has_its_three_exit_codes(tmp_path, format_):
    """0 is in the tests above; no evidence is refused, no file no verdict."""
    (tmp_path / "evidence").write_bytes(b"\xff")
    status, verdict, words = judged(format_, tmp_path / "evidence")
    assert (status, codes(verdict)) == (1, ["parse"])
    assert words.startswith("refused, grade none\n")
    for given in ([tmp_path / "missing"],
            ["--anchors", "/nonexistent", tmp_path / "evidence"],
            ["--policy", tmp_path / "evidence", tmp_path / "evidence"],
            ["--no-such-option", "1", tmp_path / "evidence"], []):
        done = verify("--format", format_, *given)
        assert done.returncode == 2 and not done.stdout, given
        assert done.stderr
