"""Edits of a cluster by real `styx alpha edit` processes that know nothing but a relay's URL. Loopback only.

Add validators, add an operator, replace one, remove one, deal all key shares anew; after each all operators switch to
their new directory. Each must end with the same lock at all operators, which verifies, with key shares that combine to
the keys that the validators had from the start. The last switch is taken back and made again, and old key shares are
wiped.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--styx", default=".build/debug/styx")
parser.add_argument("--validators", type=int, default=2)
parser.add_argument("--timeout", type=int, default=300, help="seconds for one ceremony")
parser.add_argument("--ports", type=int, default=23900)
parser.add_argument("--keep", action="store_true", help="keep the folder with logs and keys")
args = parser.parse_args()
STYX = os.path.abspath(args.styx)
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="styx-edits-"))
WITHDRAWAL = "0x000000000000000000000000000000000000dEaD"
processes = []


class Failed(Exception):
    pass


def say(text):
    print(f"edits: {text}", flush=True)


def call(*command, cwd=None):
    done = subprocess.run([STYX, *command], capture_output=True, text=True, timeout=600, cwd=cwd)
    if done.returncode:
        raise Failed(f"styx {' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def start(log, *command, cwd):
    with open(log, "a") as output:
        process = subprocess.Popen(
            [STYX, *command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd)
    processes.append(process)
    return process


def start_relay():
    start(FOLDER / "relay.log", "relay", "--data-dir", str(FOLDER / "relay"), "--http-address",
          f"127.0.0.1:{args.ports}", "--p2p-tcp-address", f"127.0.0.1:{args.ports + 1}",
          "--p2p-advertise-private-addresses", cwd=FOLDER)
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{args.ports}/", timeout=5).read()
            return
        except OSError:
            time.sleep(0.2)
    raise Failed("the relay does not answer")


class Operator:
    """A working directory with a `.charon` in it."""

    def __init__(self, name):
        self.name = name
        self.folder = FOLDER / name
        self.folder.mkdir(exist_ok=True)

    @property
    def charon(self):
        return self.folder / ".charon"

    def lock(self, directory=".charon"):
        return json.loads((self.folder / directory / "cluster-lock.json").read_text())

    def enr(self):
        return re.search(r"enr:\S+", call("enr", "--data-dir", str(self.charon))).group()


def newcomer(name, old):
    """Has an identity key and the old lock, and nothing else."""
    operator = Operator(name)
    call("create", "enr", "--data-dir", str(operator.charon))
    shutil.copy(old.charon / "cluster-lock.json", operator.charon / "cluster-lock.json")
    return operator


def keys(operators, name):
    """The validators' whole keys, from the operators' shares: by public key."""
    folder = FOLDER / f"combine-{name}"
    for index, operator in enumerate(operators):
        shutil.copytree(operator.charon, folder / "nodes" / f"node{index}",
                        ignore=shutil.ignore_patterns("*.sqlite*", "deposit-data*"))
    call("combine", "--cluster-dir", str(folder / "nodes"), "--output-dir", str(folder / "keys"))
    found = sorted(v["distributed_public_key"] for v in operators[0].lock()["distributed_validators"])
    shutil.rmtree(folder)
    return found


def edit(name, operators, staying, *flags):
    """All operators run the same; afterwards those who stay have the same lock in their new directory."""
    command = ["alpha", "edit", name, *flags]
    preview = call(*command, "--dry-run", cwd=operators[0].folder)
    wide = [line for line in preview.splitlines() if len(line) > 80]
    if "DRY RUN" not in preview or wide or (operators[0].folder / "distributed_validator").exists():
        raise Failed(f"the dry run of {name} is not as it should be:\n{preview}")
    began = time.time()
    running = {
        operator.name: (operator, start(
            operator.folder / f"{name}.log", *command, "--p2p-relays", f"http://127.0.0.1:{args.ports}",
            "--shutdown-delay", "1s", "--log-format", "logfmt", cwd=operator.folder)) for operator in operators}
    while any(process.poll() is None for _, process in running.values()):
        for operator, process in running.values():
            if process.poll() not in (None, 0):
                raise Failed(f"{operator.name} ended: {(operator.folder / f'{name}.log').read_text()[-2000:]}")
        if time.time() - began > args.timeout:
            raise Failed(f"{name} does not end; logs in {FOLDER}")
        time.sleep(0.05)
    took = time.time() - began
    for operator, process in running.values():
        if process.returncode:
            raise Failed(f"{operator.name} ended: {(operator.folder / f'{name}.log').read_text()[-2000:]}")
        left = [entry for entry in os.listdir(operator.folder) if entry.startswith(".styx")]
        if left:
            raise Failed(f"{operator.name} left {left}")
    new = {hashlib.sha256((o.folder / "distributed_validator/cluster-lock.json").read_bytes()).hexdigest()
           for o in staying}
    if len(new) != 1:
        raise Failed(f"{name}: {len(new)} different locks")
    for operator in staying:
        call("alpha", "edit", "switch", cwd=operator.folder)
    found = keys(staying, name)
    say(f"{name}: {len(operators)} took part, {len(staying)} are in the cluster, {took:.1f} s")
    return found


def main():
    call("create", "cluster", "--name", "edits", "--network", "hoodi", "--nodes", "4", "--num-validators",
         str(args.validators), "--cluster-dir", str(FOLDER / "made"), "--fee-recipient-addresses", WITHDRAWAL,
         "--withdrawal-addresses", WITHDRAWAL, "--insecure-keys")
    operators = [Operator(f"operator{i}") for i in range(4)]
    for index, operator in enumerate(operators):
        shutil.move(FOLDER / "made" / f"node{index}", operator.charon)
        # What the node would have after it has run.
        history = {"metadata": {"interchange_format_version": "5", "genesis_validators_root":
                                "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"},
                   "data": [{"pubkey": operator.lock()["distributed_validators"][0]["distributed_public_key"],
                             "signed_blocks": [], "signed_attestations": [{"source_epoch": "3", "target_epoch": "4"}]}]}
        (operator.folder / "history.json").write_text(json.dumps(history))
        call("slashing-protection", "import", "history.json", cwd=operator.folder)
    start_relay()
    first = keys(operators, "before")

    found = edit("add-validators", operators, operators, "--withdrawal-addresses", WITHDRAWAL,
                 "--fee-recipient-addresses", WITHDRAWAL)
    if len(found) != args.validators + 1 or not set(first) <= set(found):
        raise Failed("the validators are not the old ones and a new one")
    first = found

    new = newcomer("operator4", operators[0])
    operators.append(new)
    same(edit("add-operators", operators, operators, "--new-operator-enrs", new.enr()), first)

    other = newcomer("operator5", operators[0])
    replaced = [operators[0], other, *operators[2:]]
    same(edit("replace-operator", replaced, replaced, "--old-operator-enr", operators[1].enr(),
              "--new-operator-enr", other.enr()), first)
    operators = replaced

    # Who leaves takes part.
    enrs = [operator.enr() for operator in operators]
    same(edit("remove-operators", operators, operators[:-1], "--operator-enrs-to-remove", enrs[-1],
              "--participating-operator-enrs", ",".join(enrs)), first)
    if (operators[-1].folder / "distributed_validator").exists():
        raise Failed("who left has files of the new cluster")
    operators = operators[:-1]

    same(edit("recreate-private-keys", operators, operators), first)
    back_and_wipe(operators[0])


def same(found, first):
    if found != first:
        raise Failed(f"the validators are {found}, and were {first}")


def back_and_wipe(operator):
    now = operator.lock()["lock_hash"]
    kept = sorted(name for name in os.listdir(operator.folder) if name.startswith(".charon.before-"))
    newest = max(kept, key=lambda name: (operator.folder / name).stat().st_ctime)
    call("alpha", "edit", "switch", "--back", "--to", newest, cwd=operator.folder)
    if operator.lock()["lock_hash"] == now:
        raise Failed("going back did not change the lock")
    undone = [name for name in os.listdir(operator.folder) if name.startswith(".charon.undone-")]
    call("alpha", "edit", "switch", "--to", undone[0], cwd=operator.folder)
    if operator.lock()["lock_hash"] != now:
        raise Failed("the switch after going back has another lock")
    call("slashing-protection", "export", "after.json", cwd=operator.folder)
    marks = json.loads((operator.folder / "after.json").read_text())["data"][0]["signed_attestations"]
    if marks != [{"source_epoch": "3", "target_epoch": "4"}]:
        raise Failed(f"what was signed is forgotten: {marks}")
    call("alpha", "edit", "switch", "--wipe-old", cwd=operator.folder)
    for name in os.listdir(operator.folder):
        if name.startswith(".charon.before-") and os.listdir(operator.folder / name / "validator_keys"):
            raise Failed(f"{name} still has key shares")
    say("switched back and forth; old key shares are wiped")


code = 1
try:
    say(f"folder {FOLDER}")
    main()
    code = 0
except Failed as failure:
    say(f"FAILED: {failure}")
finally:
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code == 0 and not args.keep:
        shutil.rmtree(FOLDER)
sys.exit(code)
