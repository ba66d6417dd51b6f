"""Carries out the Dockerfile's last stage in a directory and runs a node in it (operations.md §15.1)."""

import argparse
import gzip
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import root_file_system

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Who runs `docker run -u "$(id -u):$(id -g)"`: known to nobody in the image.
ANYBODY = "4321:4321"
STOP_SECONDS = 8
# Most of ICU's data are not in the program (Scripts/release_icu.py): in whatever language its surroundings are, it has
# to say the same. Turkish has letters of its own where others have I, Arabic digits of its own.
LANGUAGES = ["C", "de_DE.UTF-8", "tr_TR.UTF-8", "ar_EG.UTF-8", "zh_CN.UTF-8"]
# Root of the validators that hoodi began with.
HOODI = "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"
# The check that Obol's compose files make of readiness.
COMPOSE_CHECK = ["wget", "-qO-", "http://localhost:3620/readyz"]


class Failed(Exception):
    pass


def say(text):
    print(f"image-check: {text}", flush=True)


def once(image, *arguments, **more):
    """Runs it to its end. Returns what it said."""
    environment = more.pop("environment", None)
    done = subprocess.run(
        root_file_system.command(image, list(arguments), environment=environment, **more),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=600,
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(arguments)}: status {done.returncode}: {done.stdout[-600:]}{done.stderr[-600:]}")
    return done.stdout


class Running:
    """A container's process, seen from outside."""

    def __init__(self, image, arguments, log, **more):
        self.log = log
        with open(log, "w") as output:
            self.unshare = subprocess.Popen(
                root_file_system.command(image, arguments, **more),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )

    def pid(self):
        children = pathlib.Path(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def inside(self, command):
        """Runs a command beside it, as health checks do. Returns its status and output."""
        done = subprocess.run(
            [
                "nsenter",
                "--target",
                str(self.pid()),
                "--mount",
                "--net",
                "--pid",
                "--root",
                "--wd",
                "/usr/bin/setpriv",
                "--reuid",
                "1000",
                "--regid",
                "1000",
                "--clear-groups",
                "/usr/bin/env",
                "-i",
                f"PATH={root_file_system.PATH}",
                *command,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    def wait_for(self, what, is_true, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            if self.unshare.poll() is not None:
                raise Failed(
                    f"it ended with status {self.unshare.returncode}: {pathlib.Path(self.log).read_text()[-1500:]}"
                )
            if is_true():
                return
            time.sleep(0.3)
        raise Failed(f"not within {seconds} s: {what}: {pathlib.Path(self.log).read_text()[-1500:]}")

    def stop(self):
        """Asks it to end, as a container engine does. Returns status and seconds."""
        begun = time.time()
        os.kill(self.pid(), signal.SIGTERM)
        try:
            status = self.unshare.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failed(f"it did not end within {STOP_SECONDS} s of SIGTERM") from None
        return status, time.time() - begun

    def end(self):
        if self.unshare.poll() is None:
            self.unshare.kill()
            self.unshare.wait()


def packed_size(files):
    """Megabytes, plain and with gzip."""
    with tempfile.TemporaryFile() as plain, tempfile.TemporaryFile() as packed:
        with tarfile.open(fileobj=plain, mode="w") as tar:
            for path, name in files:
                tar.add(path, name, recursive=path.is_dir() and not path.is_symlink())
        size = plain.tell()
        plain.seek(0)
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as zipped:
            shutil.copyfileobj(plain, zipped)
        return size / 1e6, packed.tell() / 1e6


def check_contract(image):
    """What compose files and operators' habits take for granted."""
    wanted = {"user": "1000:1000", "folder": "/opt/charon", "command": ["run"], "stop_signal": "SIGTERM"}
    for name, value in wanted.items():
        if getattr(image, name) != value:
            raise Failed(f"{name} is {getattr(image, name)}, not {value}")
    if missing := {3600, 3610, 3620, 3640} - set(image.ports):
        raise Failed(f"ports {sorted(missing)} are not exposed")
    if once(image, "id", "-u").strip() != "1000" or once(image, "sh", "-c", "id -un").strip() != "charon":
        raise Failed("its user is not charon, 1000")
    once(image, "sh", "-c", "command -v wget && test -s /etc/ssl/certs/ca-certificates.crt")
    for path in ("/x", "/etc/x", "/opt/charon/x", "/usr/local/bin/styx"):
        # As root: what refuses is the file system, not the owner.
        once(image, "sh", "-c", f"! touch {path} 2>/dev/null", user="0:0")
    found = once(image, "sh", "-c", "find / -xdev -perm /6000 -type f 2>/dev/null; true", user="0:0")
    say(
        f"in order: user, folder, command, ports, tools, read-only root; {len(found.split())} set-user-id programs"
    )


def check_node(image, place, user):
    """Makes a cluster, runs a node of it without a beacon node, asks it as health checks do, and stops it."""
    data = place / f"data-{user.split(':')[0]}"
    data.mkdir()
    owner, group = (int(part) for part in user.split(":"))
    os.chown(data, owner, group)
    once(
        image,
        *image.entry_point,
        "create",
        "cluster",
        "--name",
        "image",
        "--nodes",
        "4",
        "--num-validators",
        "1",
        "--network",
        "hoodi",
        "--insecure-keys",
        "--cluster-dir",
        ".charon/cluster",
        "--fee-recipient-addresses",
        "0x" + "11" * 20,
        "--withdrawal-addresses",
        "0x" + "22" * 20,
        data=data,
        user=user,
    )
    node = data / "cluster/node0"
    # Every variable of Obol's stack that an operator leaves empty is there, and empty.
    environment = {
        "CHARON_BEACON_NODE_ENDPOINTS": "http://127.0.0.1:1",
        "CHARON_MONITORING_ADDRESS": "0.0.0.0:3620",
        "CHARON_VALIDATOR_API_ADDRESS": "0.0.0.0:3600",
        "CHARON_P2P_TCP_ADDRESS": "0.0.0.0:3610",
        "CHARON_P2P_RELAYS": "",
        "CHARON_BEACON_NODE_HEADERS": "",
        "CHARON_FALLBACK_BEACON_NODE_ENDPOINTS": "",
        "CHARON_NICKNAME": "",
        "LANG": LANGUAGES[1],
        "LC_ALL": LANGUAGES[1],
    }
    running = Running(
        image,
        image.entry_point + image.command,
        place / f"node-{owner}.log",
        data=node,
        user=user,
        environment=environment,
    )
    try:
        running.wait_for("its health check", lambda: running.pid() and running.inside(image.health)[0] == 0)
        status, text = running.inside(COMPOSE_CHECK)
        if status == 0:
            raise Failed(f"ready without a beacon node: {text}")
        told = []

        def is_down():
            status, text = running.inside(["wget", "-qO-", "http://localhost:3620/metrics"])
            told[:] = [line for line in text.splitlines() if line.startswith("app_monitoring_readyz{")] or [
                f"status {status}, {len(text)} characters, {text[:200]}"
            ]
            return any(line.endswith(" 2") for line in told)

        try:
            running.wait_for("readiness code 2", is_down)
        except Failed as error:
            raise Failed(f"{error}; told last: {told}") from None
        status, seconds = running.stop()
        if status != 0:
            raise Failed(f"status {status} on SIGTERM")
    finally:
        running.end()
    written = sorted(file.name for file in node.iterdir() if file.stat().st_uid == owner)
    # The journal itself is made once a beacon node has told the chain.
    if "styx-journal.sqlite.lock" not in written:
        raise Failed(f"no claim on the journal in .charon: {written}")
    say(f"user {user}: healthy, not ready without a beacon node, ended in {seconds:.1f} s with status 0")
    check_languages(image, node, user)


def check_languages(image, node, user):
    """Commands that read files and write times and numbers say the same in every language."""
    history = {"metadata": {"interchange_format_version": "5", "genesis_validators_root": HOODI}, "data": []}
    (node / "history.json").write_text(json.dumps(history))
    once(
        image,
        *image.entry_point,
        "slashing-protection",
        "import",
        "--journal-file",
        ".charon/styx-journal.sqlite",
        ".charon/history.json",
        data=node,
        user=user,
    )
    for arguments in (
        ["journal", "inspect", "--journal-file", ".charon/styx-journal.sqlite"],
        ["journal", "inspect", "--json", "--journal-file", ".charon/styx-journal.sqlite"],
        ["cluster", "inspect", ".charon/cluster-lock.json"],
        ["run", "--help"],
    ):
        said = {
            language: once(
                image,
                *image.entry_point,
                *arguments,
                data=node,
                user=user,
                environment={"LANG": language, "LC_ALL": language, "TMPDIR": "/tmp"},
            )
            for language in LANGUAGES
        }
        if len(set(said.values())) != 1 or len(said[LANGUAGES[0]]) < 40:
            raise Failed(f"{' '.join(arguments)} says other things in other languages: {said}")
    say(f"says the same in {len(LANGUAGES)} languages")


def check_duties(image):
    """A whole cluster in the image performs every duty: nothing that it needs is missing there."""
    once(
        image,
        *image.entry_point,
        "demo",
        "--plain",
        "--slots",
        "2",
        "--slot-duration",
        "6s",
        user=ANYBODY,
        environment={"TMPDIR": "/tmp"},
    )
    say(f"user {ANYBODY}: styx demo performs every duty")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path, help="the styx that Scripts/release-binary made")
    parser.add_argument("--tools", default="", help="the build argument TOOLS, e.g. fio")
    parser.add_argument("--base", type=pathlib.Path, help="an archive of Debian's slim root, not to make it again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="styx-image-") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        root = place / "root"
        root.mkdir(mode=0o755)
        try:
            image = root_file_system.build(
                ROOT / "Dockerfile", root, ROOT, {"/out/styx": options.program}, {"TOOLS": options.tools}, options.base
            )
            # As engines write it.
            (root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n")
            check_contract(image)
            check_node(image, place, image.user)
            check_node(image, place, ANYBODY)
            check_duties(image)
        except (Failed, root_file_system.Refused, subprocess.SubprocessError) as error:
            sys.exit(f"image-check: FAILED: {error}")
        whole = packed_size([(root, ".")])
        ours = packed_size([(root / "usr/local/bin/styx", "styx")])
        say(f"size: {whole[0]:.0f} MB, {whole[1]:.0f} MB compressed; of it styx {ours[0]:.0f} and {ours[1]:.0f} MB")
        say("OK")


main()
