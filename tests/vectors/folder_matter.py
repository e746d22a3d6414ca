"""Cases of Matter's device attestation as questions."""

# What the ledger of certified products says of the vendor of the test
# products: the README leaves the three cases that need one to whoever has it.
LEDGER = {"FFF1": bytes.fromhex("000012349876") + b"ZIG20141ZB330001-24"}


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    width = 1 if n < 1 << 8 else 2
    return bytes([major << 5 | 23 + width]) + n.to_bytes(width, "big")


def evidence(parts):
    """A CBOR map of text to byte strings."""
    return head(5, len(parts)) + b"".join(
        head(3, len(k)) + k.encode() + head(2, len(v)) + v
        for k, v in parts.items())


def files(folder, names):
    return b"".join((folder / name).read_bytes() for name in names)


def trust(folder, prefix):
    return files(folder, sorted(p.relative_to(folder)
        for p in (folder / "trust").glob(prefix)))


def matter(folder, case):
    """Chain cases are inline, those of revocation name files, have no
    declaration and say nothing of a product."""
    if "dac_file" in case:
        parts = {k: files(folder, [case[k + "_file"]])
            for k in ("dac", "pai")}
    else:
        parts = {k: bytes.fromhex(case[k]) for k in ("dac", "pai", "cd")}
    vid, pid = case.get("vid", ""), case.get("pid", "")
    return "matter", [evidence(parts), trust(folder, "paa-*.der"),
        trust(folder, "cd-signing-test.der"),
        files(folder, case.get("crls", [])),
        files(folder, case.get("crl_signers", [])),
        bytes.fromhex(vid + pid), LEDGER.get(vid, b"")]
