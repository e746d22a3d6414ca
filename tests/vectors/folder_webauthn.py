"""Folder webauthn: passkeys as they are made, and what they answer."""

import base64
import re
import struct

from common import NotCovered

UP, UV = 1, 4
ALG_ES256 = b"calg\x26"
# kty 3, alg -257, and a modulus that is not of 256 bytes.
RS256_OTHER = re.compile(rb"\x01\x03\x03\x39\x01\x00\x20\x59(?!\x01\x00)",
    re.DOTALL)


def raw(text):
    return base64.urlsafe_b64decode(text + "==")


def flags(data):
    """Of authenticator data; None where they are cut away."""
    return data[32] if len(data) > 32 else None


def data_of(attestation):
    """The authenticator data within an attestation object, by its name."""
    place = attestation.find(b"authData")
    head = attestation[place + 8:place + 11]
    skip = {0x58: 2, 0x59: 3}.get(head[0] if head else 0, 1)
    return attestation[place + 8 + skip:]


def webauthn(folder, case):
    client = raw(case["client_data_json"])
    common = [raw(case["challenge"]), case["rp_id"].encode(),
        " ".join(case["origins"]).encode(), client]
    if case["type"] == "registration":
        attestation = raw(case["attestation_object"])
        data, more = data_of(attestation), [attestation]
        if case["fmt"] == "apple":
            return NotCovered("apple's statements are not asked for, and are "
                "refused: libfido2 does not verify them")
        if case["fmt"] == "tpm" and ALG_ES256 in attestation:
            return NotCovered("libfido2 verifies no statement of a TPM that "
                "signs with ES256")
        if RS256_OTHER.search(data):
            return NotCovered("RSA keys of another size than 2048 bits are "
                "accepted nowhere")
    else:
        data, more = raw(case["authenticator_data"]), [
            raw(case["authenticator_data"]), raw(case["signature"]),
            raw(case["public_key"]),
            struct.pack(">I", case["stored_sign_count"])]
    seen = flags(data)
    if seen is not None and seen & (UP | UV) == UP and not case.get(
            "require_uv"):
        return NotCovered("user verification is always asked for here, and "
            "this one was without")
    return case["type"], common + more
