"""The bill of materials of a release: SPDX 2.3, JSON. Source: https://spdx.github.io/spdx-spec/v2.3/.

Says of each component where it comes from, at which commit or version, under which licence, and how it got into the
binary. Nothing in it depends on the machine or the hour.
"""

import hashlib
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "https://spdx.org/spdxdocs"
STATIC = ROOT / ".deps/static"
GCC_LICENCE = "GPL-3.0-only WITH GCC-exception-3.1"
# Files of Debian packages that are linked, with what they are for. Static ones are links in .deps/static.
STATIC_LIBRARIES = {
    "libsecp256k1.a": ("node identities", "MIT"),
    "libsqlite3.a": ("the journal", "blessing"),
    "libz.a": ("compressed HTTP bodies and archives", "Zlib"),
    "libstdc++.a": ("what Swift's own library needs of C++", GCC_LICENCE),
    "libgcc_s.a": ("stack unwinding", GCC_LICENCE),
}
SHARED_LIBRARY = ("libc.so.6", "every call of the system; any glibc that is not older will do", "LGPL-2.1-or-later")
LICENCES = [
    (r"Apache License\s+Version 2\.0", "Apache-2.0"),
    (r"Permission is hereby granted, free of charge", "MIT"),
]


@dataclass
class Bill:
    json: dict
    # Debian package: its copyright file.
    debian_licences: dict = field(default_factory=dict)


def fail(text):
    sys.exit(f"release: bill of materials: {text}")


def licence(texts):
    for text in texts:
        for pattern, name in LICENCES:
            if re.search(pattern, text):
                return name
    return "NOASSERTION"


def package(identifier, name, version, location, licensed, purl=None, comment=None, **more):
    result = {
        "SPDXID": f"SPDXRef-{identifier}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": location,
        "filesAnalyzed": False,
        "licenseConcluded": licensed,
        "licenseDeclared": licensed,
        "copyrightText": "NOASSERTION",
        "supplier": "NOASSERTION",
    } | more
    if purl:
        result["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ]
    if comment:
        result["comment"] = comment
    return result


def linked_modules(scratch):
    """Modules of which something was given to the linker. Source: the list that SwiftPM hands to it."""
    lists = list(scratch.glob("release/styx.product/Objects.LinkFileList"))
    if not lists:
        fail(f"{scratch}/release/styx.product/Objects.LinkFileList is missing")
    return set(re.findall(r"/([^/\s]+)\.build/", lists[0].read_text()))


def modules(folder):
    """Names of the modules that a checkout has, as folders of their sources."""
    names = (
        {path.name for path in (folder / "Sources").glob("*") if path.is_dir()}
        if (folder / "Sources").is_dir()
        else set()
    )
    return names | ({"GRDB"} if (folder / "GRDB").is_dir() else set())


def swift_packages(rows, scratch):
    linked = linked_modules(scratch)
    for name, version, commit, place in rows:
        folder = scratch / "checkouts" / Path(place).name.removesuffix(".git")
        texts = [file.read_text(errors="replace") for file in sorted(folder.glob("LICEN[SC]E*"))]
        used = sorted(modules(folder) & linked)
        web = re.sub(r"^https://|\.git$", "", place)
        entry = package(
            f"swift-{name.replace('.', '-')}",
            name,
            version,
            f"git+{place}@{commit}",
            licence(texts),
            f"pkg:swift/{web}@{version}",
            f"modules in the binary: {', '.join(used)}" if used else "resolved; nothing of it is in the binary",
            sourceInfo=f"commit {commit}",
        )
        yield entry, bool(used)
        for hash_file in sorted(folder.glob("Sources/*/hash.txt")):
            found = re.search(r"cloned from (\S+) at revision ([0-9a-f]{40})", hash_file.read_text())
            if found and hash_file.parent.name in linked:
                yield (
                    package(
                        f"boringssl-in-{name.replace('.', '-')}",
                        "boringssl",
                        found[2],
                        f"git+{found[1]}@{found[2]}",
                        "NOASSERTION",
                        None,
                        f"sources inside {name}, with prefixed symbols",
                    ),
                    True,
                )


def debian_package(file, what, licensed, linked):
    """The package that an installed file is of, and its copyright file."""
    # dpkg may know a file by its place before /usr was merged.
    places = [str(file), str(file).removeprefix("/usr")]
    found = [
        subprocess.run(["dpkg", "-S", each], capture_output=True, text=True, check=False).stdout for each in places
    ]
    name = next((text.split(": ")[0] for text in found if text), None) or fail(f"{file} is of no Debian package")
    form = "${Version}\t${Architecture}\t${source:Package}\t${source:Version}"
    asked = subprocess.run(["dpkg-query", "-W", "-f", form, name], capture_output=True, text=True, check=True).stdout
    version, architecture, source, source_version = asked.split("\t")
    name = name.split(":")[0]
    system = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    vendor = system.get("ID", "debian").strip('"')
    entry = package(
        f"deb-{name.replace('+', 'p')}",
        name,
        version,
        "NOASSERTION",
        licensed,
        f"pkg:deb/{vendor}/{name.replace('+', '%2B')}@{version.replace('+', '%2B')}?arch={architecture}",
        f"{linked}: {what}",
        sourceInfo=f"source package {source} {source_version}",
    )
    copyright_file = Path(f"/usr/share/doc/{name}/copyright").resolve()
    return entry, copyright_file.read_bytes() if copyright_file.is_file() else fail(f"{copyright_file} is missing")


def debian_packages():
    for name, (what, licensed) in STATIC_LIBRARIES.items():
        entry, text = debian_package((STATIC / name).resolve(), what, licensed, "static library")
        yield entry, text, "STATIC_LINK"
    name, what, licensed = SHARED_LIBRARY
    place = subprocess.run(["clang", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout
    entry, text = debian_package(Path(place.strip()).resolve(), what, licensed, "shared library, not in the archive")
    yield entry, text, "DYNAMIC_LINK"


def blst():
    script = (ROOT / "Scripts/setup-blst").read_text()
    carrier = re.search(r"^VERSION=(\S+)", script, re.MULTILINE)[1]
    digest = re.search(r"^SHA256=(\S+)", script, re.MULTILINE)[1]
    version = json.loads((ROOT / ".deps/CBlst.artifactbundle/info.json").read_text())["artifacts"]["CBlst"]["version"]
    return package(
        "blst",
        "blst",
        version,
        f"https://pypi.org/project/ckzg/{carrier}/",
        "Apache-2.0",
        f"pkg:github/supranational/blst@v{version}",
        "static library: BLS12-381",
        sourceInfo=f"from the source archive of ckzg {carrier} on PyPI, SHA-256 {digest}",
    )


def document(version, architecture, epoch, binary, rows, scratch):
    root = package(
        "styx",
        "styx",
        version,
        "NOASSERTION",
        "Apache-2.0",
        f"pkg:generic/styx@{version}",
        primaryPackagePurpose="APPLICATION",
    )
    swift_version = re.search(
        r"Swift version (\S+)",
        subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout,
    )[1]
    toolchain = package(
        "swift",
        "swift",
        swift_version,
        "https://www.swift.org/install/linux/",
        "Apache-2.0 WITH Swift-exception",
        f"pkg:github/swiftlang/swift@swift-{swift_version}-RELEASE",
        "compiler, and its static libraries: standard library, Dispatch, Foundation with ICU",
    )
    packages, relations = (
        [root, toolchain, blst()],
        [
            ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-styx"),
            ("SPDXRef-styx", "GENERATES", "SPDXRef-binary"),
            ("SPDXRef-swift", "BUILD_TOOL_OF", "SPDXRef-styx"),
            ("SPDXRef-styx", "STATIC_LINK", "SPDXRef-swift"),
            ("SPDXRef-styx", "STATIC_LINK", "SPDXRef-blst"),
        ],
    )
    for entry, is_linked in swift_packages(rows, scratch):
        packages.append(entry)
        relations.append(("SPDXRef-styx", "STATIC_LINK" if is_linked else "DEPENDS_ON", entry["SPDXID"]))
    licences = {}
    for entry, text, relation in debian_packages():
        packages.append(entry)
        licences[entry["name"]] = text
        relations.append(("SPDXRef-styx", relation, entry["SPDXID"]))
    digest = hashlib.sha256(binary).hexdigest()
    return Bill(
        {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"styx-{version}-linux-{architecture}",
            "documentNamespace": f"{NAMESPACE}/styx-{version}-linux-{architecture}-{digest}",
            "creationInfo": {
                "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
                "creators": ["Tool: styx-Scripts-release"],
            },
            "documentDescribes": ["SPDXRef-styx"],
            "packages": packages,
            "files": [
                {
                    "SPDXID": "SPDXRef-binary",
                    "fileName": "./styx",
                    "fileTypes": ["BINARY"],
                    "checksums": [
                        {"algorithm": "SHA1", "checksumValue": hashlib.sha1(binary).hexdigest()},
                        {"algorithm": "SHA256", "checksumValue": digest},
                    ],
                    "licenseConcluded": "NOASSERTION",
                    "licenseInfoInFiles": ["NOASSERTION"],
                    "copyrightText": "NOASSERTION",
                }
            ],
            "relationships": [
                {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations
            ],
        },
        licences,
    )
