"""Edits of a cluster by real `styx alpha edit` processes that know nothing but a relay's URL. Loopback only.

Add validators, add an operator, replace one, remove one, deal all key shares anew; after each all operators switch to
their new directory. Each must end with the same lock at all operators, which verifies, with key shares that combine to
the keys that the validators had from the start. The last switch is taken back and made again, and old key shares are
wiped.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile

from editing import Editing, Operator
from lab import Failed

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--styx", default=".build/debug/styx")
parser.add_argument("--validators", type=int, default=2)
parser.add_argument("--timeout", type=int, default=300, help="seconds for one ceremony")
parser.add_argument("--ports", type=int, default=23900)
parser.add_argument("--keep", action="store_true", help="keep the folder with logs and keys")
args = parser.parse_args()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="styx-edits-"))
WITHDRAWAL = "0x000000000000000000000000000000000000dEaD"
editing = Editing(os.path.abspath(args.styx), FOLDER, (args.ports, args.ports + 1), args.timeout)


def say(text):
    print(f"edits: {text}", flush=True)


def edit(name, operators, staying, *flags):
    """Afterwards those who stay have switched. Returns the validators."""
    took = editing.edit(name, operators, staying, *flags)
    for operator in staying:
        operator.call("alpha", "edit", "switch")
    found = editing.keys(staying, name)
    say(f"{name}: {len(operators)} took part, {len(staying)} are in the cluster, {took:.1f} s")
    return found


def main():
    editing.call("create", "cluster", "--name", "edits", "--network", "hoodi", "--nodes", "4", "--num-validators",
                 str(args.validators), "--cluster-dir", str(FOLDER / "made"), "--fee-recipient-addresses", WITHDRAWAL,
                 "--withdrawal-addresses", WITHDRAWAL, "--insecure-keys")
    operators = [Operator(editing, f"operator{i}") for i in range(4)]
    for index, operator in enumerate(operators):
        shutil.move(FOLDER / "made" / f"node{index}", operator.charon)
        # What the node would have after it has run.
        history = {"metadata": {"interchange_format_version": "5", "genesis_validators_root":
                                "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f"},
                   "data": [{"pubkey": operator.lock()["distributed_validators"][0]["distributed_public_key"],
                             "signed_blocks": [], "signed_attestations": [{"source_epoch": "3", "target_epoch": "4"}]}]}
        (operator.folder / "history.json").write_text(json.dumps(history))
        operator.call("slashing-protection", "import", "history.json")
    editing.start_relay()
    first = editing.keys(operators, "before")

    found = edit("add-validators", operators, operators, "--withdrawal-addresses", WITHDRAWAL,
                 "--fee-recipient-addresses", WITHDRAWAL)
    if len(found) != args.validators + 1 or not set(first) <= set(found):
        raise Failed("the validators are not the old ones and a new one")
    first = found

    new = editing.newcomer("operator4", operators[0])
    operators.append(new)
    same(edit("add-operators", operators, operators, "--new-operator-enrs", new.enr()), first)

    other = editing.newcomer("operator5", operators[0])
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
    newest = max(operator.kept(), key=lambda name: (operator.folder / name).stat().st_ctime)
    operator.call("alpha", "edit", "switch", "--back", "--to", newest)
    if operator.lock()["lock_hash"] == now:
        raise Failed("going back did not change the lock")
    undone = [name for name in os.listdir(operator.folder) if name.startswith(".charon.undone-")]
    operator.call("alpha", "edit", "switch", "--to", undone[0])
    if operator.lock()["lock_hash"] != now:
        raise Failed("the switch after going back has another lock")
    operator.call("slashing-protection", "export", "after.json")
    marks = json.loads((operator.folder / "after.json").read_text())["data"][0]["signed_attestations"]
    if marks != [{"source_epoch": "3", "target_epoch": "4"}]:
        raise Failed(f"what was signed is forgotten: {marks}")
    operator.wipe()
    say("switched back and forth; old key shares are wiped")


code = 1
try:
    say(f"folder {FOLDER}")
    main()
    code = 0
except Failed as failure:
    say(f"FAILED: {failure}")
finally:
    editing.end()
    if code == 0 and not args.keep:
        shutil.rmtree(FOLDER)
sys.exit(code)
