"""The folder tpm2: what a case holds becomes evidence of the format tpm.

The policy of its README: SHA-256 PCRs 0 to 7 are quoted over the nonce, and
the AK is the one that the folder of the EK certificate names as activated
(ak.name), unless the case says that its own AK was enrolled."""

import base64
import hashlib
import hmac
import struct
import sys

from common import NotCovered, parts, visible

NOW = 1796083200  # as tests/vectors/engine_tpm.c has it
SECONDS = 600
HANDLE = (NOW + SECONDS).to_bytes(8, "big") + bytes(16)
PCRS = bytes(range(8))

EC_PREFIX = {
    3: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"
        "04"),
    4: bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"),
}


def pem(path):
    lines = path.read_text().splitlines()
    start = lines.index("-----BEGIN CERTIFICATE-----")
    end = lines.index("-----END CERTIFICATE-----")
    return base64.b64decode("".join(lines[start + 1:end]))


def certificate(path):
    data = path.read_bytes()
    return pem(path) if data.startswith(b"-----") else data


def tlv(tag, content):
    n = len(content)
    size = bytes([n]) if n < 128 else (
        bytes([0x82]) + n.to_bytes(2, "big"))
    return bytes([tag]) + size + content


def spki(public):
    """SubjectPublicKeyInfo of a TPM2B_PUBLIC."""
    if public[2:4] == b"\0\x01":
        modulus = public[-256:]
        key = tlv(0x30, tlv(2, b"\0" + modulus) + tlv(2, b"\1\0\1"))
        algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
        return tlv(0x30, algorithm + tlv(3, b"\0" + key))
    n = 32 if public[-34:-32] == b"\0\x20" else 48
    point = public[-2 * n - 2:-n - 2] + public[-n:]
    return EC_PREFIX[3 if n == 32 else 4] + point


def signature(case, folder):
    """TPMT_SIGNATURE, also of a case whose signature is in the plain form
    (PKCS#1, or ECDSA in DER, SHA-256)."""
    sig = (folder / case["signature"]).read_bytes()
    if not case.get("sig_format", "").startswith("plain"):
        return sig
    if (folder / case["ak_pub"]).read_bytes()[2:4] == b"\0\x01":
        return b"\0\x14\0\x0b" + len(sig).to_bytes(2, "big") + sig
    out, rest = b"\0\x18\0\x0b", sig[2:]
    if sig[:1] != b"\x30" or sig[1:2] != bytes([len(rest)]):
        return sig
    for _ in range(2):
        n = rest[1] if len(rest) > 1 and rest[0] == 2 else 256
        number, rest = rest[2:2 + n].lstrip(b"\0"), rest[2 + n:]
        out += len(number).to_bytes(2, "big") + number
    return out + rest


def secret(key_spki, ek_pub, ak_name):
    """What the TPM of that EK finds in the challenge, for that AK."""
    text = b"tpm-challenge\0"
    for part in (HANDLE, b"", key_spki, ek_pub[2:], ak_name):
        text += len(part).to_bytes(4, "big") + part
    return hmac.new(bytes(32), text, hashlib.sha256).digest()


def root(folder, case):
    if case.get("ek_root"):
        return certificate(folder / case["ek_root"])
    own = (folder / case["ek_cert"]).parent
    others = sorted(p for p in folder.glob("*/ek-root.pem")
        if p.parent != own)
    return certificate(others[0]) if others else b""


def activated(folder, case):
    """The name of the AK that this TPM activated."""
    known = (folder / case["ek_cert"]).parent / "ak.name"
    if case.get("ak_enrolled") or not known.exists():
        return bytes.fromhex(case["ak_name"])
    return known.read_bytes()


def keys(folder, case):
    chain = [case["ek_cert"], *case.get("ek_chain", [])]
    return {"ek_cert": [certificate(folder / c) for c in chain],
        "ek_pub": (folder / case["ek_pub"]).read_bytes(),
        "ak_pub": (folder / case["ak_pub"]).read_bytes()}


def ek_cert(folder, case):
    return "tpm", [parts(**keys(folder, case)), root(folder, case), b"", b"",
        b"", b""]


def full(folder, case, nonce, key, wanted, **more):
    """A case whose AK was challenged before."""
    own = keys(folder, case)
    answer = secret(key, own["ek_pub"], activated(folder, case))
    evidence = parts(**own, challenge=HANDLE, secret=answer, **more)
    return "tpm", [evidence, root(folder, case), nonce, key, wanted, b"\1"]


def quote(folder, case):
    values = b"".join(bytes([int(n)]) + bytes.fromhex(value) for n, value in
        sorted(case["pcrs"].items(), key=lambda i: int(i[0])))
    log = case.get("eventlog") or case.get("event_log")
    return full(folder, case, bytes.fromhex(case["nonce"]), b"", PCRS,
        quote=(folder / case["attest"]).read_bytes(),
        quote_sig=signature(case, folder), pcrs=values,
        event_log=(folder / log).read_bytes() if log else None)


def certify(folder, case):
    public = (folder / case["certified_pub"]).read_bytes()
    return full(folder, case, b"", spki(public), b"", key_pub=public,
        certify=(folder / case["attest"]).read_bytes(),
        certify_sig=signature(case, folder))


def credential(folder, case):
    def content(name):
        return (folder / case[name]).read_bytes() if case.get(name) else b""
    return "tpm-credential", [content("blob"), bytes.fromhex(case["ak_name"]),
        content("ek_private"), content("ek_pub"), content("secret")]


def ak_creation(folder, case):
    public = bytes.fromhex(case["ak_public_hex"])
    return "tpm-creation", [len(public).to_bytes(2, "big") + public,
        *(bytes.fromhex(case[k]) for k in ("ak_name", "creation_data_hex",
            "attest_hex", "signature_hex"))]


def eventlog(folder, case):
    return "tpm-log", [(folder / case["file"]).read_bytes()]


# -- made here: the published quotes are of machines without a log

SECURE_BOOT = bytes.fromhex("61dfe48bca93d211aa0d00e098032b8c") + (
    struct.pack("<QQ", 10, 1) + "SecureBoot".encode("utf-16-le") + b"\1")


def two_bytes(content):
    return len(content).to_bytes(2, "big") + content


def logged(folder):
    """A machine with secure boot, firmware and two loaders; its AK is a key
    of software, which the engine cannot tell."""
    sys.path.append(str(folder.parents[1]))
    from harness.crypto import new_key, sign_rs
    from harness.tpm import Measured, event_log, measured
    end = bytes(4)
    events = [(0, "1.4.0".encode("utf-16-le")), (7, SECURE_BOOT), (7, end),
        *((pcr, end) for pcr in range(7)),
        *((4, Measured(hashlib.sha256(x).digest())) for x in (b"a", b"b"))]
    value = [bytes(32)] * 8
    for pcr, digest, _ in measured(events):
        value[pcr] = hashlib.sha256(value[pcr] + digest).digest()
    ak, nonce = new_key(), bytes(range(32))
    point = ak.public_key().public_numbers()
    area = bytes.fromhex("0023000b00050072000000100018000b00030010") + b"".join(
        two_bytes(c.to_bytes(32, "big")) for c in (point.x, point.y))
    name = b"\0\x0b" + hashlib.sha256(area).digest()
    quote = (bytes.fromhex("ff5443478018") + two_bytes(name) +
        two_bytes(nonce) + bytes(17 + 8) +
        bytes.fromhex("00000001000b03ff0000") +
        two_bytes(hashlib.sha256(b"".join(value)).digest()))
    rs = sign_rs(ak, quote)
    own = {"ek_cert": [certificate(folder / f"swtpm-ecc/{c}") for c in
        ("ek-cert.der", "ek-ca.pem")],
        "ek_pub": (folder / "swtpm-ecc/ek.pub").read_bytes(),
        "ak_pub": two_bytes(area)}
    return "tpm", [parts(**own, challenge=HANDLE,
        secret=secret(b"", own["ek_pub"], name), quote=quote,
        quote_sig=b"\0\x18\0\x0b" + two_bytes(rs[:32]) + two_bytes(rs[32:]),
        pcrs=b"".join(bytes([i]) + v for i, v in enumerate(value)),
        event_log=event_log(events)),
        certificate(folder / "swtpm-ecc/ek-root.pem"), nonce, b"", PCRS,
        b"\1"]


TYPES = {"quote": quote, "full": quote, "certify": certify,
    "ek-cert": ek_cert, "credential": credential,
    "ak-creation": ak_creation, "eventlog": eventlog}


def cases(folder, case):
    expect = "accept" if case["expect"] == "parse" else case["expect"]
    seen = visible(case)
    try:
        question = TYPES[seen["type"]](folder, seen)
    except KeyError as missing:
        question = NotCovered(f"a case of this kind, or without {missing}")
    yield case["id"], expect, question
