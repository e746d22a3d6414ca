"""DER by hand, for what no honest encoder writes."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from .crypto import spki

ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
EXTENSION_REQUEST = bytes.fromhex("06092a864886f70d01090e")
CHALLENGE_PASSWORD = bytes.fromhex("06092a864886f70d010907")
COMMON_NAME = bytes.fromhex("0603550403")
SUBJECT_ALT_NAME = bytes.fromhex("0603551d11")


def tlv(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    if n < 128:
        return bytes([tag, n]) + content
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def seq(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *parts)


def common_name(value, tag=0x0c):
    return seq(set_of(seq(COMMON_NAME, tlv(tag, value))))


def attribute(oid, *values):
    return seq(oid, set_of(*values))


def san(*names):
    """An extensionRequest of one subjectAltName; names are (tag, value)."""
    return attribute(EXTENSION_REQUEST, seq(seq(SUBJECT_ALT_NAME,
        tlv(0x04, seq(*(tlv(t, v) for t, v in names))))))


EVIDENCE = bytes.fromhex("060b2a864886f70d010910023b")
EVIDENCE_TYPE = bytes.fromhex(
    "06146983d2f89ef6bb9ea2a9cb869af093ebe5869a21")


def evidence(format_, value, nonce=b"", type_=EVIDENCE_TYPE, more=b""):
    """The attributes of a request with evidence (docs/est.md)."""
    stmt = seq(tlv(0x0c, format_.encode()), tlv(0x04, value),
        tlv(0x04, nonce) if nonce else b"")
    return tlv(0xa0, attribute(EVIDENCE,
        seq(seq(seq(type_, stmt), more))))


def csr(key, version=tlv(0x02, b"\0"), subject=seq(), public=None,
        attributes=tlv(0xa0), algorithm=ECDSA_SHA256):
    """A request of any parts, with a signature that verifies."""
    info = seq(version, subject, public or spki(key), attributes)
    signature = key.sign(info, ec.ECDSA(hashes.SHA256()))
    return seq(info, algorithm, tlv(0x03, b"\0", signature))
