"""A strict reader of CSR attributes (RFC 8951 section 3.5, RFC 9908), written
without the service's encoder in sight."""

from dataclasses import dataclass, field

CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
TEMPLATE = "1.2.840.113549.1.9.16.2.61"
EXTENSION_TEMPLATE = "1.2.840.113549.1.9.16.2.62"
RSA, EC = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
P256, P384 = "1.2.840.10045.3.1.7", "1.3.132.0.34"
ED25519 = "1.3.101.112"
SAN, KEY_USAGE, EKU = "2.5.29.17", "2.5.29.15", "2.5.29.37"


@dataclass
class Asked:
    """Of the list, or of the template."""
    oids: list = field(default_factory=list)
    key: tuple = None          # (algorithm, curve or size)
    extensions: dict = field(default_factory=dict)  # OID: value or None
    template: "Asked" = None


def items(data):
    """(tag, content, whole) of each item; DER alone."""
    at = 0
    while at < len(data):
        start, tag, n = at, data[at], data[at + 1]
        assert tag & 0x1f != 0x1f, "long tag"
        at += 2
        if n & 0x80:
            size = n & 0x7f
            assert 0 < size < 4, "indefinite or huge length"
            n = int.from_bytes(data[at:at + size], "big")
            assert n >= 0x80 and n >> 8 * (size - 1), "length not minimal"
            at += size
        assert at + n <= len(data), "truncated"
        yield tag, data[at:at + n], data[start:at + n]
        at += n


def only(data, tag):
    """The content of the one item, which has that tag."""
    (found,) = items(data)
    assert found[0] == tag, hex(found[0])
    return found[1]


def members(data, *tags):
    """The contents of items that have those tags, no more and no less."""
    found = list(items(data))
    assert [t for t, _, _ in found] == list(tags), found
    return [content for _, content, _ in found]


def set_of(content):
    """The items of a SET OF, in the order DER wants."""
    found = [whole for _, _, whole in items(content)]
    assert found == sorted(found)
    return found


def oid(content):
    arcs, value = [], 0
    assert content and not content[-1] & 0x80
    for byte in content:
        assert value or byte != 0x80, "leading zeros"
        value = value << 7 | byte & 0x7f
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def number(content):
    assert len(content) == 1 or not (content[0] == 0 and content[1] < 0x80)
    return int.from_bytes(content, "big", signed=True)


def read_extensions(value, need_value):
    out = {}
    for tag, content, _ in items(only(value, 0x30)):
        assert tag == 0x30
        parts = list(items(content))
        name = oid(parts.pop(0)[1])
        assert name not in out, "extnID twice"
        if parts and parts[0][0] == 0x01:
            assert parts.pop(0)[1] == b"\xff", "FALSE is the default"
        out[name] = parts.pop(0)[1] if parts else None
        assert not parts and not (need_value and out[name] is None)
    assert out, "no extensions"
    return out


def read_rsa_bits(bits):
    assert bits[0] == 0
    modulus, exponent = members(only(bits[1:], 0x30), 0x02, 0x02)
    assert number(exponent) == 65537 and number(modulus) > 0
    return number(modulus).bit_length()


def read_key_template(content):
    parts = list(items(content))
    assert parts[0][0] == 0x30 and len(parts) <= 2
    algorithm = list(items(parts[0][1]))
    name = oid(algorithm[0][1])
    if name == EC:
        assert len(parts) == 1
        return name, oid(algorithm[1][1])
    if name == RSA:
        assert algorithm[1][2] == b"\x05\0" and parts[1][0] == 0x03
        return name, read_rsa_bits(parts[1][1])
    assert len(algorithm) == 1 and len(parts) == 1
    return name, None


def read_template(value):
    parts = list(items(only(value, 0x30)))
    assert parts.pop(0)[2] == b"\x02\x01\0", "version v1"
    out = Asked()
    if parts[0][0] == 0x30:
        parts.pop(0)
    if parts[0][0] == 0xa0:
        out.key = read_key_template(parts.pop(0)[1])
    assert [t for t, _, _ in parts] == [0xa1], "attributes always present"
    for attribute in set_of(parts[0][1]):
        name, values = members(only(attribute, 0x30), 0x06, 0x31)
        name = oid(name)
        if name in (EXTENSION_REQUEST, EXTENSION_TEMPLATE):
            assert not out.extensions, "one of the two, once"
            (value,) = set_of(values)
            out.extensions = read_extensions(value,
                name == EXTENSION_REQUEST)
            # The template's own form is for what has no value alone.
            assert name == EXTENSION_REQUEST or None in (
                out.extensions.values())
        out.oids.append(name)
    return out


def read(der):
    """CsrAttrs; AssertionError if it is none."""
    out = Asked()
    for tag, content, _ in items(only(der, 0x30)):
        if tag == 0x06:
            out.oids.append(oid(content))
            continue
        assert tag == 0x30, hex(tag)
        name, values = members(content, 0x06, 0x31)
        name, values = oid(name), set_of(values)
        assert name not in out.oids, "attribute twice"
        out.oids.append(name)
        if name == EC:
            out.key = name, oid(only(values[0], 0x06))
        elif name == RSA:
            out.key = name, number(only(values[0], 0x02))
        elif name == EXTENSION_REQUEST:
            (value,) = values
            out.extensions = read_extensions(value, True)
        elif name == TEMPLATE:
            (value,) = values
            out.template = read_template(value)
    if ED25519 in out.oids:
        assert out.key is None
        out.key = ED25519, None
    return out
