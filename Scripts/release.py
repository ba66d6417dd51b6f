"""What Scripts/release needs beside the compiler: pinned packages, a check of the binary, archive, checksums."""

import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
from pathlib import Path

from release_sbom import document

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "packaging/release/swift-packages.tsv"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
# What a binary may ask of the machine that it runs on: glibc alone.
SHARED_LIBRARIES = re.compile(r"^(libc|libm|libdl|libpthread|librt|ld-linux-[a-z0-9-]+)\.so\.[0-9]+$")
# What goes with the binary, for who has nothing but the archive.
DOCUMENTS = ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md", "docs", "packaging"]


def fail(text):
    sys.exit(f"release: {text}")


def version():
    found = re.search(r'static let version = "v?([^"]+)"', (ROOT / "Sources/Program/BuildInfo.swift").read_text())
    return found[1] if found else fail("Sources/Program/BuildInfo.swift has no version")


def pins():
    """Name, version, commit and place of each Swift package."""
    rows = [line.split("\t") for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
    bad = [row for row in rows if len(row) != 4 or not re.fullmatch(r"[0-9a-f]{40}", row[2])]
    if bad or not rows:
        fail(f"{PINS.relative_to(ROOT)}: not four columns with a commit: {bad[:1]}")
    return rows


def bare(place):
    """A package's place without what may differ in its writing."""
    return re.sub(r"\.git$", "", place).lower()


def disagreements(rows, manifest, resolved):
    """Where the table says other than Package.swift, which may leave no choice, and than what SwiftPM resolved.

    The latter is None where nothing was resolved yet.
    """
    table = {bare(place): (pinned, commit) for _, pinned, commit, place in rows}
    name = PINS.relative_to(ROOT)
    for place, rule in re.findall(r'\.package\(\s*url: "([^"]+)",\s*([^)]*)\)', manifest):
        exact = re.fullmatch(r'exact: "([^"]+)"', rule.strip())
        if not exact:
            yield f"Package.swift: {place} is not pinned: write exact: instead of {rule}"
            continue
        pinned = table.get(bare(place), (None, None))[0]
        if pinned != exact[1]:
            yield f"{name} has {pinned} of {place}, Package.swift {exact[1]}: resolve, then `release.py pins`"
    if resolved is None:
        return
    graph = {bare(each["location"]): (each["state"]["version"], each["state"]["revision"]) for each in resolved}
    for place in sorted(table.keys() | graph.keys()):
        if table.get(place) != graph.get(place):
            yield f"{name} has {table.get(place)} of {place}, SwiftPM resolved {graph.get(place)}: `release.py pins`"


def check_manifest(rows):
    """The table is of Package.swift's packages."""
    if found := next(disagreements(rows, (ROOT / "Package.swift").read_text(), None), None):
        fail(found)


def check_table():
    """The table names every package of Package.swift and of its resolved graph, each at the version built."""
    rows, manifest, file = pins(), (ROOT / "Package.swift").read_text(), ROOT / "Package.resolved"
    resolved = json.loads(file.read_text())["pins"] if file.exists() else None
    if faults := list(disagreements(rows, manifest, resolved)):
        fail("\n".join(faults))
    # A check that would find nothing is none.
    graph = [{"location": place, "state": {"version": at, "revision": commit}} for _, at, commit, place in rows]
    for missing in range(len(rows)):
        if not list(disagreements(rows[:missing] + rows[missing + 1 :], manifest, graph)):
            fail(f"self-test: nothing found when {rows[missing][0]} is missing")
    print(f"release: {len(rows)} packages, as {'SwiftPM resolved them' if resolved else 'Package.swift wants them'}")


def resolve():
    """Writes Package.resolved from the table: these commits are built, or nothing is."""
    rows = pins()
    check_manifest(rows)
    entries = [
        {
            "identity": name,
            "kind": "remoteSourceControl",
            "location": place,
            "state": {"revision": commit, "version": pinned},
        }
        for name, pinned, commit, place in rows
    ]
    (ROOT / "Package.resolved").write_text(json.dumps({"pins": entries, "version": 3}, indent=2) + "\n")


def rewrite_pins():
    """The table from what SwiftPM resolved, for who changes a version in Package.swift."""
    resolved = json.loads((ROOT / "Package.resolved").read_text())["pins"]
    head = [line for line in PINS.read_text().splitlines() if line.startswith("#")]
    rows = [
        "\t".join([each["identity"], each["state"]["version"], each["state"]["revision"], each["location"]])
        for each in sorted(resolved, key=lambda each: each["identity"])
    ]
    PINS.write_text("\n".join(head + rows) + "\n")
    check_manifest(pins())


def check_binary(binary, places):
    """Asks the machine for nothing but glibc, and tells nothing of the machine that made it."""
    dynamic = subprocess.run(["readelf", "-d", binary], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    if bad := [name for name in needed if not SHARED_LIBRARIES.match(name)]:
        fail(f"{binary} needs shared libraries that not every distribution has: {', '.join(bad)}")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        fail(f"{binary} looks for libraries in folders of this machine")
    data = Path(binary).read_bytes()
    for place in places:
        # Short ones, as /src, are in other names.
        if len(place) > 4 and (at := data.find(place.encode() + b"/")) >= 0:
            found = data[at : at + 120].split(bytes(1))[0].decode(errors="replace")
            fail(f"{binary} has paths of this machine in it: {found}")
    print(f"release: {binary}: {len(data) / 1e6:.1f} MB, needs {', '.join(needed)}")


def files(binary, scratch):
    """Names in the archive with their content and mode."""
    result = {"styx": (Path(binary).read_bytes(), 0o755)}
    # What the commit has, and nothing that lies about.
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *DOCUMENTS], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    for name in listed.split("\0")[:-1]:
        result[name] = ((ROOT / name).read_bytes(), 0o644)
    for name, _, _, place in pins():
        folder = Path(scratch) / "checkouts" / Path(place).name.removesuffix(".git")
        texts = [file for file in sorted(folder.iterdir()) if re.match(r"(LICENSE|LICENCE|NOTICE|COPYING)", file.name)]
        if not texts:
            fail(f"{folder} has no licence")
        for file in texts:
            result[f"licenses/{name}/{file.name}"] = (file.read_bytes(), 0o644)
    result["licenses/blst/LICENSE"] = ((ROOT / ".deps/CBlst.artifactbundle/LICENSE").read_bytes(), 0o644)
    return result


def archive(binary, output, scratch):
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    name = f"styx-{version()}-linux-{ARCHITECTURE}"
    said = subprocess.run([binary, "version"], capture_output=True, text=True, check=True).stdout
    if version() not in said:
        fail(f"{binary} says that it is {said.strip()}, its sources {version()}")
    content = files(binary, scratch)
    bill = document(version(), ARCHITECTURE, epoch, content["styx"][0], pins(), Path(scratch))
    for package, text in bill.debian_licences.items():
        content[f"licenses/{package}/copyright"] = (text, 0o644)
    output = Path(output)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, (data, mode) in sorted(content.items()):
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size, info.mode, info.mtime = len(data), mode, epoch
            info.uname = info.gname = "root"
            tar.addfile(info, io.BytesIO(data))
    packed = io.BytesIO()
    # No name and no time in the header.
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as zipped:
        zipped.write(buffer.getvalue())
    results = {
        f"{name}.tar.gz": packed.getvalue(),
        f"{name}.spdx.json": (json.dumps(bill.json, indent=1, sort_keys=True) + "\n").encode(),
    }
    for file, data in results.items():
        (output / file).write_bytes(data)
        print(f"release: {output / file}: {len(data) / 1e6:.2f} MB")
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {file}\n" for file, data in sorted(results.items()))
    (output / "SHA256SUMS").write_text(sums)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("resolve", help=resolve.__doc__)
    commands.add_parser("pins", help=rewrite_pins.__doc__)
    commands.add_parser("table", help=check_table.__doc__)
    one = commands.add_parser("binary", help=check_binary.__doc__)
    one.add_argument("file")
    one.add_argument("places", nargs="*")
    one = commands.add_parser("archive", help="archive, bill of materials, checksums")
    one.add_argument("binary")
    one.add_argument("output")
    one.add_argument("scratch")
    options = parser.parse_args()
    if options.command == "resolve":
        resolve()
    elif options.command == "pins":
        rewrite_pins()
    elif options.command == "table":
        check_table()
    elif options.command == "binary":
        check_binary(options.file, options.places)
    else:
        archive(options.binary, options.output, options.scratch)


main()
