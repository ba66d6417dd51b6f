#!/usr/bin/env python3
"""Writes known_answers.json with py_ecc (pure Python, MIT), a code base unrelated to blst.

    python3 -m venv venv && venv/bin/pip install py_ecc==8.0.0 && venv/bin/python generate.py

Everything is derived from the fixed numbers below, so a second run writes the same file.
"""
import hashlib
import hmac
import json
import pathlib

from py_ecc.bls import G2Basic, G2ProofOfPossession as POP
from py_ecc.bls.g2_primitives import signature_to_G2
from py_ecc.bls.hash import expand_message_xmd
from py_ecc.bls.point_compression import compress_G1, compress_G2
from py_ecc.optimized_bls12_381 import FQ, FQ2, add, b, b2, curve_order as r, field_modulus as p, multiply

H2 = 0x5D543A95414E7F1091D50792876A202CD91DE4547085ABAA68A205B2E5A7DDFA628F1CB4D9E82EF21537E293A6691AE1616EC6E786F0C70CF1C38E31C7238E5
assert H2 % (13 * 13 * 23 * 23) == 0


def scalar(label):
    return int.from_bytes(hashlib.sha512(label.encode()).digest(), "big") % r


def hex0(data):
    return "0x" + bytes(data).hex()


def sk_bytes(value):
    return hex0(value.to_bytes(32, "big"))


def sqrt_fq(a):
    root = a ** ((p + 1) // 4)
    return root if root * root == a else None


def sqrt_fq2(a):
    # p = 3 mod 4: Adj and Rodriguez-Henriquez, algorithm 9.
    a1 = a ** ((p - 3) // 4)
    alpha = a1 * a1 * a
    x0 = a1 * a
    i = FQ2([0, 1])
    root = i * x0 if alpha == FQ2([p - 1, 0]) else (FQ2.one() + alpha) ** ((p - 1) // 2) * x0
    return root if root * root == a else None


def outside_g1():
    """First point of the curve, by x, that has a component outside the subgroup; and the first x off the curve."""
    off, wrong = None, None
    for x in range(1, 50):
        y = sqrt_fq(FQ(x) ** 3 + b)
        if y is None:
            off = off or x
        else:
            point = (FQ(x), y, FQ(1))
            if multiply(point, r)[2] != FQ(0):
                wrong = wrong or point
    return off, wrong


def outside_g2():
    off, wrong = None, None
    for x in range(1, 50):
        fx = FQ2([x, 1])
        y = sqrt_fq2(fx**3 + b2)
        if y is None:
            off = off or x
        elif wrong is None:
            wrong = (fx, y, FQ2.one())
            assert multiply(wrong, r)[2] != FQ2.zero()
    return off, wrong


def g1_hex(point):
    return hex0(compress_G1(point).to_bytes(48, "big"))


def g2_hex(point):
    z1, z2 = compress_G2(point)
    return hex0(z1.to_bytes(48, "big") + z2.to_bytes(48, "big"))


def hkdf_mod_r(ikm):
    salt = b"BLS-SIG-KEYGEN-SALT-"
    while True:
        salt = hashlib.sha256(salt).digest()
        prk = hmac.new(salt, ikm + b"\0", hashlib.sha256).digest()
        okm, block = b"", b""
        for i in (1, 2):
            block = hmac.new(prk, block + (48).to_bytes(2, "big") + bytes([i]), hashlib.sha256).digest()
            okm += block
        value = int.from_bytes(okm[:48], "big") % r
        if value:
            return value


messages = [b"", b"abc", hashlib.sha256(b"root").digest(), bytes(200)]
signing = []
for n, message in enumerate(messages):
    secret = [1, r - 1, scalar("signer 2"), scalar("signer 3")][n]
    signing.append(
        dict(secret=sk_bytes(secret), public_key=hex0(POP.SkToPk(secret)), message=hex0(message),
             signature=hex0(POP.Sign(secret, message)), signature_basic=hex0(G2Basic.Sign(secret, message))))

root = hashlib.sha256(b"threshold").digest()
sharings = []
for total, threshold in [(3, 2), (4, 3), (7, 5)]:
    coefficients = [scalar(f"{total} coefficient {k}") for k in range(threshold)]
    shares = [sum(a * i**k for k, a in enumerate(coefficients)) % r for i in range(1, total + 1)]
    sharings.append(
        dict(threshold=threshold, secret=sk_bytes(coefficients[0]), public_key=hex0(POP.SkToPk(coefficients[0])),
             message=hex0(root), signature=hex0(POP.Sign(coefficients[0], root)),
             commitments=[hex0(POP.SkToPk(a)) for a in coefficients],
             shares=[dict(secret=sk_bytes(s), public_key=hex0(POP.SkToPk(s)), signature=hex0(POP.Sign(s, root)))
                     for s in shares]))

keys = [scalar(f"signer {k}") for k in range(3)]
aggregate = dict(
    public_keys=[hex0(POP.SkToPk(k)) for k in keys], message=hex0(root),
    signature=hex0(POP.Aggregate([POP.Sign(k, root) for k in keys])),
    own_messages=[hex0(m) for m in messages[:3]],
    signature_own_messages=hex0(POP.Aggregate([POP.Sign(k, m) for k, m in zip(keys, messages)])))

off1, wrong1 = outside_g1()
off2, wrong2 = outside_g2()
# The points of order 13 form a 13 x 13 group, so 169 is taken out to leave an order of 13.
order13 = multiply(wrong2, H2 // 169 * r)
assert order13[2] != FQ2.zero() and multiply(order13, 13)[2] == FQ2.zero()
good_signature = signature_to_G2(bytes.fromhex(signing[2]["signature"][2:]))
good1 = bytearray.fromhex(signing[2]["public_key"][2:])
good2 = bytearray.fromhex(signing[2]["signature"][2:])


def flags(data, clear, set_):
    return hex0(bytes([data[0] & ~clear & 0xFF | set_]) + bytes(data[1:]))


def x_only(x, size):
    return hex0(bytes([0x80 | x[0]]) + x[1:] if len(x) == size else None)


bad_keys = [
    dict(name="infinity", bytes=hex0(b"\xc0" + bytes(47)), error="infinity"),
    dict(name="infinity with the sign bit", bytes=hex0(b"\xe0" + bytes(47)), error="badEncoding"),
    dict(name="infinity with another bit", bytes=hex0(b"\xc0" + bytes(46) + b"\1"), error="badEncoding"),
    dict(name="infinity bit on a finite point", bytes=flags(good1, 0, 0x40), error="badEncoding"),
    dict(name="all zero", bytes=hex0(bytes(48)), error="badEncoding"),
    dict(name="compression bit missing", bytes=flags(good1, 0x80, 0), error="badEncoding"),
    dict(name="x equal to the modulus", bytes=x_only(p.to_bytes(48, "big"), 48), error="badEncoding"),
    dict(name="all ones", bytes=hex0(b"\x9f" + b"\xff" * 47), error="badEncoding"),
    dict(name="off the curve", bytes=x_only(off1.to_bytes(48, "big"), 48), error="notOnCurve"),
    dict(name="outside the subgroup", bytes=g1_hex(wrong1), error="notInSubgroup"),
    dict(name="order 3", bytes=x_only(bytes(48), 48), error="notInSubgroup"),
]
bad_signatures = [
    dict(name="infinity", bytes=hex0(b"\xc0" + bytes(95)), error="infinity"),
    dict(name="infinity with the sign bit", bytes=hex0(b"\xe0" + bytes(95)), error="badEncoding"),
    dict(name="infinity with another bit", bytes=hex0(b"\xc0" + bytes(94) + b"\1"), error="badEncoding"),
    dict(name="infinity bit on a finite point", bytes=flags(good2, 0, 0x40), error="badEncoding"),
    dict(name="all zero", bytes=hex0(bytes(96)), error="badEncoding"),
    dict(name="compression bit missing", bytes=flags(good2, 0x80, 0), error="badEncoding"),
    dict(name="first coordinate equal to the modulus", bytes=x_only(p.to_bytes(48, "big") + bytes(48), 96), error="badEncoding"),
    dict(name="second coordinate equal to the modulus", bytes=x_only(bytes(48) + p.to_bytes(48, "big"), 96), error="badEncoding"),
    dict(name="flag bits in the second half", bytes=hex0(good2[:48] + bytes([good2[48] | 0x80]) + good2[49:]), error="badEncoding"),
    dict(name="off the curve", bytes=x_only((1).to_bytes(48, "big") + off2.to_bytes(48, "big"), 96), error="notOnCurve"),
    dict(name="outside the subgroup", bytes=g2_hex(wrong2), error="notInSubgroup"),
    dict(name="order 13", bytes=g2_hex(order13), error="notInSubgroup"),
    dict(name="good signature plus a point of order 13", bytes=g2_hex(add(good_signature, order13)), error="notInSubgroup"),
]
seed = bytes.fromhex(
    "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141"
    "630c7a3c4ab7c81b2f001698e7463b04")
tag = b"BLS12381_XMD:SHA-256_SSWU_RO_"
scalars = [
    dict(message=hex0(m), scalar=sk_bytes(int.from_bytes(expand_message_xmd(m, tag, 48, hashlib.sha256), "big") % r))
    for m in [bytes(32), b"", bytes(range(100))]]

document = dict(
    source="generate.py with py_ecc 8.0.0; keygen is test case 0 of EIP-2333",
    order=sk_bytes(r), signing=signing, sharings=sharings, aggregate=aggregate, bad_keys=bad_keys,
    bad_signatures=bad_signatures, keygen=[dict(key_material=hex0(seed), secret=sk_bytes(hkdf_mod_r(seed)))],
    hash_to_scalar=dict(tag=tag.decode(), cases=scalars))
pathlib.Path(__file__).with_name("known_answers.json").write_text(json.dumps(document, indent=1) + "\n")
