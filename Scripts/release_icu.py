"""ICU without the data that this program never asks for: `release_icu.py OUTPUT.a`.

Swift's static Foundation brings 34 MB of it, a third of the program: the languages of the world, old character sets,
dictionaries to break lines in. What is kept is what is of no language, and English. Where ICU misses a language it
takes the root's, as it does for one it has never heard of. What comes out is a library of the same name as Swift's, with
another object for the data; it has to be found first. Layout of the data: ICU, source/common/ucmndata.h.
"""

import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

LIBRARY = "lib_FoundationICU.a"
MEMBER = "icu_packaged_data.cpp.o"
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?(_[A-Z0-9]+)*")
KEPT_LANGUAGES = {"en", "en_US", "en_US_POSIX", "en_001"}
ALIGNMENT = 16


def fail(text):
    sys.exit(f"release: ICU data: {text}")


def is_kept(name):
    """Of an item, e.g. icudt76l/curr/de_AT.res."""
    parts = name.split("/")[1:]
    stem, _, kind = parts[-1].rpartition(".")
    if kind in ("cnv", "dict") or parts[-1] == "unames.icu" or parts[0] == "translit":
        return False
    if parts[0] == "brkitr" and kind == "res" and stem not in ("root", "pool", "res_index"):
        return False
    return kind != "res" or not LANGUAGE.fullmatch(stem) or stem in KEPT_LANGUAGES


def items(data):
    """Header and (name, bytes) of each item, in the order of their names, by which ICU searches."""
    header, magic = struct.unpack_from("<H2s", data)
    if magic != b"\xda\x27" or data[12:16] != b"CmnD":
        fail("not a package of common data")
    (count,) = struct.unpack_from("<I", data, header)
    entries = [struct.unpack_from("<II", data, header + 4 + 8 * place) for place in range(count)]
    ends = [start for _, start in entries[1:]] + [len(data) - header]
    found = []
    for (name, start), end in zip(entries, ends):
        name = data[header + name : data.index(b"\0", header + name)].decode("ascii")
        found.append((name, data[header + start : header + end]))
    return data[:header], found


def package(header, kept):
    """The layout that `items` reads."""
    names, offsets, base = b"", [], 4 + 8 * len(kept)
    for name, _ in kept:
        offsets.append(base + len(names))
        names += name.encode("ascii") + b"\0"
    start = base + len(names)
    body, starts = b"", []
    for _, content in kept:
        body += bytes(-(start + len(body)) % ALIGNMENT)
        starts.append(start + len(body))
        body += content
    table = b"".join(struct.pack("<II", *entry) for entry in zip(offsets, starts))
    return header + struct.pack("<I", len(kept)) + table + names + body


def main():
    output = pathlib.Path(sys.argv[1])
    swift = pathlib.Path(subprocess.run(["which", "swiftc"], capture_output=True, text=True, check=True).stdout.strip())
    library = swift.resolve().parent.parent / "lib/swift_static/linux" / LIBRARY
    if not library.is_file():
        fail(f"{library} is missing")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ar", "x", library, MEMBER], cwd=folder, check=True)
        symbols = subprocess.run(["nm", MEMBER], cwd=folder, capture_output=True, text=True, check=True).stdout
        symbol = re.search(r" R (icudt[0-9]+_dat)\b", symbols)
        if not symbol:
            fail(f"{MEMBER} has no package")
        raw = pathlib.Path(folder, "all.dat")
        subprocess.run(
            ["objcopy", "-O", "binary", "--only-section=.rodata", MEMBER, raw], cwd=folder, check=True)
        header, every = items(raw.read_bytes())
        kept = [each for each in every if is_kept(each[0])]
        packed = package(header, kept)
        if items(packed)[1] != [(name, content + bytes(-len(content) % ALIGNMENT)) for name, content in kept[:-1]] + [
            kept[-1]
        ]:
            fail("the smaller package does not read as it was written")
        pathlib.Path(folder, "kept.dat").write_bytes(packed)
        pathlib.Path(folder, "data.s").write_text(
            f".section .rodata\n.balign {ALIGNMENT}\n.globl {symbol[1]}\n.type {symbol[1]}, @object\n"
            f'{symbol[1]}:\n.incbin "kept.dat"\n.size {symbol[1]}, . - {symbol[1]}\n'
            '.section .note.GNU-stack,"",@progbits\n')
        subprocess.run(["clang", "-c", "data.s", "-o", MEMBER], cwd=folder, check=True)
        shutil.copyfile(library, output)
        # In its place, and without a time.
        subprocess.run(["ar", "rD", output.resolve(), MEMBER], cwd=folder, check=True)
    print(f"release: {len(kept)} of {len(every)} items of ICU's data kept, {len(packed)} of {raw_size(every)} bytes")


def raw_size(every):
    return sum(len(content) for _, content in every)


if __name__ == "__main__":
    main()
