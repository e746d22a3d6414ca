"""Folders cbor and cose: bytes, and messages under a key."""

import base64

# AlgorithmIdentifiers with what stands before a point or key (RFC 5480
# section 2, RFC 8410 section 4).
CURVES = {
    "P-256": bytes.fromhex(
        "3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
    "P-384": bytes.fromhex(
        "3076301006072a8648ce3d020106052b8104002203620004"),
    "P-521": bytes.fromhex(
        "30819b301006072a8648ce3d020106052b810400230381860004"),
    "Ed25519": bytes.fromhex("302a300506032b6570032100"),
    "Ed448": bytes.fromhex("3043300506032b6571033a00"),
}
SIZES = {"P-256": 32, "P-384": 48, "P-521": 66}
RSA = bytes.fromhex("300d06092a864886f70d0101010500")


def raw(text):
    return base64.urlsafe_b64decode(text + "==")


def der(tag, content):
    n = len(content)
    size = n.to_bytes((n.bit_length() + 7) // 8 or 1, "big")
    head = bytes([n]) if n < 128 else bytes([0x80 | len(size)]) + size
    return bytes([tag]) + head + content


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def key(jwk):
    """(kind, bytes): a public key's SPKI, or a secret."""
    if jwk["kty"] == "oct":
        return b"secret", raw(jwk["k"])
    if jwk["kty"] == "RSA":
        n, e = (int.from_bytes(raw(jwk[c]), "big") for c in "ne")
        bits = b"\0" + der(0x30, integer(n) + integer(e))
        return b"public", der(0x30, RSA + der(3, bits))
    size = SIZES.get(jwk["crv"], 0)
    point = [raw(jwk[c]).rjust(size, b"\0") for c in "xy" if c in jwk]
    return b"public", CURVES[jwk["crv"]] + b"".join(point)


def cose(folder, case):
    return "cose", [case["type"].encode(), bytes.fromhex(case["cbor_hex"]),
        *key(case["key"]), bytes.fromhex(case.get("external_hex") or "")]


def cbor(folder, case):
    return "cbor", [bytes.fromhex(case["hex"])]
