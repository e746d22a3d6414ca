"""dice: layers of the Open Profile, under the device's key in the inventory.
A layer alone is judged by its signature, a chain by linkage, mode and key
usage as well; without a key there is nothing to do but to read."""

from folder_cose import CURVES
from folder_x509_path import pem

NAMES = {1: "P-256", 2: "P-384", 6: "Ed25519"}


def item(data, at):
    """(value, where the next one is) of what COSE_Keys are made of."""
    major, n, at = data[at] >> 5, data[at] & 31, at + 1
    if n >= 24:
        size = 1 << n - 24
        n, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major < 2:
        return (n if major == 0 else -1 - n), at
    if major < 4:
        return data[at:at + n], at + n
    values = []
    for _ in range(n if major == 4 else 2 * n):
        value, at = item(data, at)
        values.append(value)
    if major == 4:
        return tuple(values), at
    return dict(zip(values[::2], values[1::2])), at


def spki(cose_key):
    key, _ = item(cose_key, 0)
    return CURVES[NAMES[key[-1]]] + key[-2] + key.get(-3, b"")


def dice(folder, case):
    evidence = (folder / case["file"]).read_bytes()
    if case.get("uds"):
        return "dice", [evidence, spki(bytes.fromhex(case["uds"])), b"normal"]
    if case.get("key"):
        root = pem([(folder / case["key"]).read_text()])
        return "dice", [evidence, root, b""]
    return "dice-parse", [evidence]
