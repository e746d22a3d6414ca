"""What the folders' set-ups share: what they may see of a case."""

# What a case says about itself; a set-up that read it would prove nothing.
HIDDEN = {"id", "tcId", "expect", "result", "results", "layer", "reason",
    "made", "origin", "source", "use", "comment", "flags", "facts",
    "signature_verifies", "cms_signature", "openssl", "openssl_parses",
    "python_check", "decoded", "attest_decoded", "errors", "tests", "entries"}


def visible(record):
    return {k: v for k, v in record.items()
        if k not in HIDDEN and not k.startswith("check")}


class NotCovered(Exception):
    """Why nothing of ours can be asked this."""


def cbor_head(major, n):
    for size, info in ((0, None), (1, 24), (2, 25), (4, 26)):
        if info is None and n < 24:
            return bytes([major << 5 | n])
        if info is not None and n < 1 << 8 * size:
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise ValueError(n)


def cbor_bytes(value):
    return cbor_head(2, len(value)) + value


def parts(**named):
    """Evidence of several parts (server/attest/parts.h); None: left out."""
    named = {k: v for k, v in named.items() if v is not None}
    out = cbor_head(5, len(named))
    for name, value in named.items():
        out += cbor_head(3, len(name)) + name.encode()
        if isinstance(value, list):
            out += cbor_head(4, len(value)) + b"".join(map(cbor_bytes, value))
        else:
            out += cbor_bytes(value)
    return out
