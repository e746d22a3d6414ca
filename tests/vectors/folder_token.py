"""Folders psa-token and eat: tokens under the policy of their READMEs."""

import base64


def public_key(path):
    """DER of a PUBLIC KEY block."""
    lines = path.read_text().splitlines()
    return base64.b64decode("".join(l for l in lines if "-" not in l))


def endorsed(folder, case, suffix):
    """What a folder of reference values has of a kind, each with its length
    in four bytes before it."""
    if not case.get("endorsements"):
        return b""
    files = sorted((folder / case["endorsements"]).glob("*" + suffix))
    return b"".join(len(f.read_bytes()).to_bytes(4, "big") + f.read_bytes()
        for f in files)


def psa_token(folder, case):
    path = folder / case["key"]
    key = ((b"secret", path.read_bytes()) if case["type"] == "mac0"
        else (b"public", public_key(path)))
    return "psa", [(folder / case["file"]).read_bytes(), *key,
        bytes.fromhex(case.get("nonce") or ""),
        endorsed(folder, case, ".cbor"), endorsed(folder, case, ".json")]


def eat(folder, case):
    """The README's policy is for tokens/device-*; the examples of RFC 9711
    are judged without one, and by structure where no key is published."""
    token = (folder / case["file"]).read_bytes()
    if case["key"] is None:
        return "eat-structure", [token]
    device = case["file"].startswith("tokens/device-")
    return "eat", [token, public_key(folder / case["key"]),
        bytes.fromhex(case.get("nonce") or ""),
        str(case.get("time") or "").encode(), b"device" if device else b""]
