#!/usr/bin/env python3
"""Writes pedersen.json: a Pedersen key generation and a reshare, from the text of spec/dkg.md sections 8 and 9 alone.

    python3 -m venv venv && venv/bin/pip install py_ecc==8.0.0 cryptography && venv/bin/python pedersen.py

py_ecc and OpenSSL share no code with blst and swift-crypto. Everything is derived from the fixed labels below, so a
second run writes the same file. The reshare removes operator 1 of 4, who takes part as a dealer: the rest receive at
0, 1, 2 and deal at 0, 2, 3.
"""
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from py_ecc.bls import G2Basic
from py_ecc.bls.point_compression import compress_G1
from py_ecc.optimized_bls12_381 import G1, add, curve_order as r, multiply


def scalar(*label):
    return int.from_bytes(hashlib.sha512(repr(label).encode()).digest(), "big") % r


def point(value, base=G1):
    return compress_G1(multiply(base, value)).to_bytes(48, "big")


def sha(data):
    return hashlib.sha256(data).digest()


def be32(number):
    return number.to_bytes(4, "big")


def b32(value):
    return value.to_bytes(32, "big")


# SSZ-like trees: chunks of 32 bytes, padded with zero subtrees.


def merkle(chunks, limit=None):
    width = 1
    while width < max(len(chunks) if limit is None else limit, 1):
        width *= 2
    nodes = chunks + [bytes(32)] * (width - len(chunks))
    while len(nodes) > 1:
        nodes = [sha(nodes[i] + nodes[i + 1]) for i in range(0, len(nodes), 2)]
    return nodes[0]


def uint(number):
    return number.to_bytes(32, "little")


def raw(data):
    padded = data + bytes(-len(data) % 32)
    return merkle([padded[i : i + 32] for i in range(0, len(padded), 32)])


def nonce(run, nodes):
    boxes = [merkle([uint(index), raw(key)]) for index, key in sorted(nodes)]
    return merkle([uint(run), sha(merkle(boxes, len(boxes)) + uint(len(boxes)))])


def value(polynomial, x):
    return sum(a * pow(x, k, r) for k, a in enumerate(polynomial)) % r


def seal(share, secret, key_scalar):
    # The receiver's key times the ephemeral scalar.
    dh = point(secret * key_scalar % r)
    okm = HKDF(algorithm=SHA256(), length=44, salt=None, info=b"").derive(dh)
    return point(secret) + AESGCM(okm[:32]).encrypt(okm[32:], b32(share), None)


def lagrange_at_zero(xs, i):
    top = bottom = 1
    for j in xs:
        if j != i:
            top, bottom = top * j % r, bottom * (j - i) % r
    return top * pow(bottom, -1, r) % r


def ceremony(name, run, indices, receiving, threshold, old=None, old_threshold=None):
    """One run. `old`: index -> old share, None for a new key. Returns the JSON and receiver -> new share."""
    keys = {i: scalar(name, "node", i) for i in indices}
    session = nonce(run, [(i, point(keys[i])) for i in indices])
    receivers = [i for i in indices if i in receiving]
    nodes, polynomials = [], {}
    for i in indices:
        polynomial = [scalar(name, run, i, k) for k in range(threshold)]
        if old is not None:
            polynomial[0] = old[i]
        polynomials[i] = polynomial
        public = [point(a) for a in polynomial]
        ephemerals = [scalar(name, run, "ephemeral", i, j) for j in range(len(receivers))]
        deals = [
            (j, seal(value(polynomial, j + 1), ephemerals[j], keys[node]))
            for j, node in enumerate(receivers)
            if node != i
        ]
        message = be32(i) + b"".join(public) + b"".join(be32(j) + e for j, e in deals) + session
        node = {
            "index": i,
            "key": b32(keys[i]).hex(),
            "public_key": point(keys[i]).hex(),
            "coefficients": [b32(a).hex() for a in polynomial],
            "ephemerals": [b32(e).hex() for e in ephemerals],
            "deals": [e.hex() for _, e in deals],
            "commitments": [p.hex() for p in public],
            "deal_signature": G2Basic.Sign(keys[i], sha(message)).hex(),
        }
        if i in receiving:
            responses = b"".join(be32(d) + b"\x01" for d in indices)
            message = be32(receivers.index(i)) + responses + session
            node["response_signature"] = G2Basic.Sign(keys[i], sha(message)).hex()
            justification = be32(0) + b32(value(polynomial, 1))
            message = be32(i) + justification + session
            node["justification_of_receiver_0"] = G2Basic.Sign(keys[i], sha(message)).hex()
        nodes.append(node)
    if old is None:
        dealers, weights = indices, {i: 1 for i in indices}
    else:
        dealers = indices[:old_threshold]
        weights = {i: lagrange_at_zero([d + 1 for d in dealers], i + 1) for i in dealers}
    total = [sum(weights[d] * polynomials[d][k] for d in dealers) % r for k in range(threshold)]
    shares = {j: value(total, j + 1) for j in range(len(receivers))}
    document = {
        "run": run,
        "threshold": threshold,
        "nonce": session.hex(),
        "nodes": nodes,
        "public_key": point(total[0]).hex(),
        "shares": [b32(shares[j]).hex() for j in range(len(receivers))],
        "public_shares": [point(shares[j]).hex() for j in range(len(receivers))],
    }
    return document, shares, total[0]


def main():
    fresh, shares, key = ceremony("fresh", 3, [0, 1, 2, 3], {0, 1, 2, 3}, 3)
    reshare, _, same = ceremony("reshare", 0, [0, 1, 2, 3], {0, 2, 3}, 2, old=shares, old_threshold=3)
    assert key == same
    reshare["old_threshold"] = 3
    text = json.dumps({"fresh": fresh, "reshare": reshare}, indent=1)
    pathlib.Path(__file__).with_name("pedersen.json").write_text(text + "\n")


main()
