"""Checks a made release as who downloads it would: checksums, archive, bill of materials, a start of the binary."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VALIDATOR = "spdx-tools==0.8.5"
VENV = ROOT / ".venv-release"
LINKS = {"STATIC_LINK", "DYNAMIC_LINK", "DEPENDS_ON"}


def fail(text):
    sys.exit(f"release: {text}")


def one(folder, pattern):
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        fail(f"{folder} has {len(found)} files {pattern}, not one: make it with Scripts/release")
    return found[0]


def check_sums(folder):
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        wanted, name = line.split("  ")
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != wanted:
            fail(f"{name} is not what SHA256SUMS says")


def check_archive(archive, place):
    """Unpacks it; one folder, no owner, no time but one, nothing but files."""
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        top = {member.name.split("/")[0] for member in members}
        if top != {archive.name.removesuffix(".tar.gz")}:
            fail(f"{archive.name} has more than one folder: {sorted(top)}")
        for member in members:
            if not member.isfile() or member.uid or member.gid or ".." in member.name.split("/"):
                fail(f"{archive.name}: {member.name} is no plain file of root")
        if len({member.mtime for member in members}) != 1:
            fail(f"{archive.name} has files of different times")
        if [member.name for member in members] != sorted(member.name for member in members):
            fail(f"{archive.name} is not in order")
        # Older interpreters have no filters; there are plain files only, as was just seen.
        tar.extractall(place, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return place / top.pop()


def check_bill(file, binary):
    bill = json.loads(file.read_text())
    names = {each["name"] for each in bill["packages"]}
    pinned = [
        line.split("\t")
        for line in (ROOT / "packaging/release/swift-packages.tsv").read_text().splitlines()
        if not line.startswith("#")
    ]
    wanted = {row[0] for row in pinned} | {"blst", "swift", "libsecp256k1-dev", "libsqlite3-dev", "zlib1g-dev"}
    if missing := wanted - names:
        fail(f"{file.name} has nothing of {', '.join(sorted(missing))}")
    related = {each["relatedSpdxElement"] for each in bill["relationships"] if each["relationshipType"] in LINKS}
    for each in bill["packages"]:
        if each["SPDXID"] != "SPDXRef-styx" and each["SPDXID"] not in related:
            fail(f"{file.name} does not say what {each['name']} is to styx")
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    if digest not in {sums["checksumValue"] for each in bill["files"] for sums in each["checksums"]}:
        fail(f"{file.name} is of another binary")
    undeclared = [each["name"] for each in bill["packages"] if each["licenseDeclared"] == "NOASSERTION"]
    print(
        f"release: {file.name}: {len(bill['packages'])} packages; no licence known of {', '.join(undeclared) or 'none'}"
    )
    # The standard's own rules.
    if not (VENV / "bin/pyspdxtools").exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(VENV / "bin/pip"), "install", "-q", VALIDATOR], check=True)
    check = subprocess.run(
        [str(VENV / "bin/pyspdxtools"), "-i", str(file), "--version", "SPDX-2.3"],
        capture_output=True,
        text=True,
        check=False,
    )
    if check.returncode != 0:
        fail(f"{file.name} is no valid SPDX 2.3: {check.stdout[-2000:]}{check.stderr[-2000:]}")


def check_binary(folder):
    """Starts, without anything of this machine's environment, as the version that the folder's name says."""
    run = subprocess.run(
        [str(folder / "styx"), "version"], capture_output=True, text=True, check=False, env={}, cwd="/"
    )
    wanted = re.match(r"styx-(.*)-linux-", folder.name)[1]
    if run.returncode != 0 or wanted not in run.stdout:
        fail(f"the binary does not say that it is {wanted}: {run.stdout}{run.stderr}")
    with tempfile.TemporaryDirectory() as place:
        made = subprocess.run(
            [
                str(folder / "styx"),
                "create",
                "cluster",
                "--name",
                "release",
                "--nodes",
                "4",
                "--num-validators",
                "1",
                "--network",
                "hoodi",
                "--insecure-keys",
                "--cluster-dir",
                f"{place}/cluster",
                "--fee-recipient-addresses",
                "0x" + "11" * 20,
                "--withdrawal-addresses",
                "0x" + "22" * 20,
            ],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.defpath},
            cwd=place,
        )
        if made.returncode != 0:
            fail(f"styx create cluster: {made.stdout}{made.stderr}")
        seen = subprocess.run(
            [str(folder / "styx"), "cluster", "inspect", f"{place}/cluster/node0/cluster-lock.json"],
            capture_output=True,
            text=True,
            check=False,
            env={},
            cwd=place,
        )
        if seen.returncode != 0:
            fail(f"styx cluster inspect: {seen.stdout}{seen.stderr}")


def main():
    folder = Path(sys.argv[1])
    check_sums(folder)
    archive, bill = one(folder, "styx-*.tar.gz"), one(folder, "styx-*.spdx.json")
    with tempfile.TemporaryDirectory() as place:
        unpacked = check_archive(archive, Path(place))
        check_bill(bill, unpacked / "styx")
        check_binary(unpacked)
        size = (unpacked / "styx").stat().st_size
    print(f"release: all in order: binary {size / 1e6:.1f} MB, archive {archive.stat().st_size / 1e6:.1f} MB")


main()
