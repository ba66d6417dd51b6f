"""Operators' directories, and edits of their cluster by real `styx alpha edit` processes that know only a relay's URL.
Every process that is started is ended by its own handle. Loopback only.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.request

from lab import Failed

NEW = "distributed_validator"


class Operator:
    """A working directory with a `.charon` in it."""

    def __init__(self, editing, name):
        self.editing, self.name = editing, name
        self.folder = editing.folder / name
        self.folder.mkdir(exist_ok=True)

    @property
    def charon(self):
        return self.folder / ".charon"

    def call(self, *command):
        return self.editing.call(*command, cwd=self.folder)

    def lock(self, directory=".charon"):
        return json.loads((self.folder / directory / "cluster-lock.json").read_text())

    def enr(self):
        return re.search(r"enr:\S+", self.call("enr", "--data-dir", str(self.charon))).group()

    def kept(self):
        """What switches have left, by name."""
        return sorted(name for name in os.listdir(self.folder) if name.startswith(".charon.before-"))

    def wipe(self):
        """Destroys the key shares that switches have left."""
        said = self.call("alpha", "edit", "switch", "--wipe-old")
        for name in self.kept():
            if os.listdir(self.folder / name / "validator_keys"):
                raise Failed(f"{self.name}: {name} still has key shares")
        return said.strip()


class Editing:
    """`folder` has the operators' directories."""

    def __init__(self, styx, folder, ports, timeout):
        """`ports`: two of the relay. `timeout`: seconds for one ceremony."""
        self.styx, self.folder, self.ports, self.timeout = styx, pathlib.Path(folder), ports, timeout
        self.processes = []

    def call(self, *command, cwd=None):
        done = subprocess.run([self.styx, *command], capture_output=True, text=True, timeout=600, cwd=cwd)
        if done.returncode:
            raise Failed(f"styx {' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, log, *command, cwd):
        with open(log, "a") as output:
            process = subprocess.Popen(
                [self.styx, *command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd)
        self.processes.append(process)
        return process

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def start_relay(self):
        http, tcp = self.ports
        # Not where a cluster's own relay would be.
        self.start(self.folder / "edit-relay.log", "relay", "--data-dir", str(self.folder / "edit-relay"),
                   "--http-address", f"127.0.0.1:{http}", "--p2p-tcp-address", f"127.0.0.1:{tcp}",
                   "--p2p-advertise-private-addresses", cwd=self.folder)
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{http}/", timeout=5).read()
                return
            except OSError:
                time.sleep(0.2)
        raise Failed("the relay does not answer")

    def newcomer(self, name, old):
        """Has an identity key and the old lock, and nothing else."""
        operator = Operator(self, name)
        operator.call("create", "enr", "--data-dir", str(operator.charon))
        shutil.copy(old.charon / "cluster-lock.json", operator.charon / "cluster-lock.json")
        return operator

    def keys(self, operators, name):
        """The validators' whole keys, from the operators' shares: by public key."""
        folder = self.folder / f"combine-{name}"
        for index, operator in enumerate(operators):
            shutil.copytree(operator.charon, folder / "nodes" / f"node{index}",
                            ignore=shutil.ignore_patterns("*.sqlite*", "deposit-data*"))
        self.call("combine", "--cluster-dir", str(folder / "nodes"), "--output-dir", str(folder / "keys"))
        found = sorted(v["distributed_public_key"] for v in operators[0].lock()["distributed_validators"])
        shutil.rmtree(folder)
        return found

    def edit(self, name, operators, staying, *flags):
        """All operators run the same; afterwards those who stay have the same lock in their new directory. Returns how
        many seconds it took."""
        command = ["alpha", "edit", name, *flags]
        preview = operators[0].call(*command, "--dry-run")
        wide = [line for line in preview.splitlines() if len(line) > 80]
        if "DRY RUN" not in preview or wide or (operators[0].folder / NEW).exists():
            raise Failed(f"the dry run of {name} is not as it should be:\n{preview}")
        began = time.time()
        running = [
            (operator, self.start(
                operator.folder / f"{name}.log", *command, "--p2p-relays", f"http://127.0.0.1:{self.ports[0]}",
                "--shutdown-delay", "1s", "--log-format", "logfmt", cwd=operator.folder)) for operator in operators]

        def check():
            for operator, process in running:
                if process.poll() not in (None, 0):
                    log = (operator.folder / f"{name}.log").read_text()
                    raise Failed(f"{operator.name} ended: {log[-2000:]}")

        while any(process.poll() is None for _, process in running):
            check()
            if time.time() - began > self.timeout:
                raise Failed(f"{name} does not end; logs in {self.folder}")
            time.sleep(0.05)
        took = time.time() - began
        check()
        for operator, _ in running:
            left = [entry for entry in os.listdir(operator.folder) if entry.startswith(".styx")]
            if left:
                raise Failed(f"{operator.name} left {left}")
        new = {hashlib.sha256((each.folder / NEW / "cluster-lock.json").read_bytes()).hexdigest() for each in staying}
        if len(new) != 1:
            raise Failed(f"{name}: {len(new)} different locks")
        return took
