"""A Dockerfile's last stage, carried out in a directory: what its instructions do, and what they say of a run.

Knows the instructions that ours has, and refuses others.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# What Debian's slim images leave out, too.
LEFT_OUT = ["doc", "man", "locale", "info", "groff", "lintian"]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Refused(Exception):
    pass


@dataclass
class Image:
    root: Path
    user: str = "0:0"
    folder: str = "/"
    entry_point: list = field(default_factory=list)
    command: list = field(default_factory=list)
    health: list = field(default_factory=list)
    ports: list = field(default_factory=list)
    stop_signal: str = ""


def instructions(text):
    """Of the last stage: word and rest of each line, comments and continuations gone."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    rows = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    start = max(number for number, row in enumerate(rows) if row[0] == "FROM")
    return rows[start:]


def slim(root, base):
    """Debian as its slim image has it, near enough: without documents. Or what `base` unpacks to."""
    if base:
        subprocess.run(["tar", "-xf", str(base), "-C", str(root)], check=True)
        return
    options = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    options.append("--dpkgopt=path-include=/usr/share/doc/*/copyright")
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *options, "bookworm", str(root)], check=True)
    for name in ("var/lib/apt/lists", "var/cache/apt"):
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name / "partial").mkdir(parents=True)


def in_root(root, command, arguments):
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    environment = (
        {"PATH": PATH, "HOME": "/root"}
        | {name: value for name, value in os.environ.items() if name.endswith("_proxy")}
        | arguments
    )
    subprocess.run(
        [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "sh",
            "-c",
            'mount -t proc proc "$1/proc" && mkdir -p "$1/dev/pts" && mount -t devpts devpts "$1/dev/pts" && '
            'root=$1 && shift && exec chroot "$root" "$@"',
            "sh",
            str(root),
            *command,
        ],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )


def build(dockerfile, root, context, copies, arguments, base=None):
    """- copies: where files of earlier stages are, by path. - base: an archive of the first layer, to make it once."""
    image = Image(root)
    variables = {}
    for word, rest in instructions(dockerfile.read_text()):
        if word == "FROM":
            if rest != "debian:bookworm-slim":
                raise Refused(f"FROM {rest}: only debian:bookworm-slim is known")
            slim(root, base)
        elif word == "ARG":
            name, _, value = rest.partition("=")
            variables[name] = arguments.get(name, value.strip('"'))
        elif word == "RUN":
            in_root(root, json.loads(rest) if rest.startswith("[") else ["sh", "-c", rest], variables)
        elif word == "COPY":
            source, place = rest.split()[-2:]
            file = copies[source] if rest.startswith("--from=") else context / source
            target = root / place.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        elif word == "WORKDIR":
            image.folder = rest
            (root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            image.user = rest
        elif word == "EXPOSE":
            image.ports = [int(port) for port in rest.split()]
        elif word == "STOPSIGNAL":
            image.stop_signal = rest
        elif word == "HEALTHCHECK":
            image.health = json.loads(rest.split("CMD", 1)[1])
        elif word == "ENTRYPOINT":
            image.entry_point = json.loads(rest)
        elif word == "CMD":
            image.command = json.loads(rest)
        else:
            raise Refused(f"instruction {word} is not known")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    return image


# Namespaces of its own: mounts, processes, network. The root is read-only, /tmp in memory, and the program has no
# rights but its user's. $1 root, $2 host's folder for .charon, $3 user, $4 working directory, then the command.
START = r"""
root=$1 data=$2 user=$3 folder=$4; shift 4
set -e
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero random urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
[ -z "$data" ] || mount --bind "$data" "$root/opt/charon/.charon"
ip link set lo up
exec chroot "$root" /usr/bin/setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all /usr/bin/env -C "$folder" "$@"
"""


def command(image, arguments, data=None, user=None, environment=None):
    """The command that runs `arguments` in the image as a container would; entry point included by the caller."""
    variables = {"PATH": PATH, "HOME": "/nonexistent"} | (environment or {})
    return [
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--ipc",
        "--uts",
        "sh",
        "-c",
        START,
        "sh",
        str(image.root),
        str(data or ""),
        user or image.user,
        image.folder,
        "-i",
        *[f"{name}={value}" for name, value in variables.items()],
        *arguments,
    ]
