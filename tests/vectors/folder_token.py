"""Folders psa-token and eat: tokens under the policy of their READMEs."""

import base64


def public_key(path):
    """DER of a PUBLIC KEY block."""
    lines = path.read_text().splitlines()
    return base64.b64decode("".join(l for l in lines if "-" not in l))


def endorsed(folder, case):
    """The reference values and keys of a folder, each file with its length in
    four bytes before it."""
    if not case.get("endorsements"):
        return b""
    files = sorted(p.read_bytes()
        for p in (folder / case["endorsements"]).iterdir())
    return b"".join(len(f).to_bytes(4, "big") + f for f in files)


def psa_token(folder, case):
    kind, key = b"public", b""
    if case["key"] and case["type"] == "mac0":
        kind, key = b"secret", (folder / case["key"]).read_bytes()
    elif case["key"]:
        key = public_key(folder / case["key"])
    return "psa", [(folder / case["file"]).read_bytes(), kind, key,
        bytes.fromhex(case.get("nonce") or ""), endorsed(folder, case)]


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
