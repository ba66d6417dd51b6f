#!/usr/bin/env python3
"""Breaks a rule of the shipped values and lets the exploration find it, one mutation after the other.

Called by Scripts/explore --mutations [WORD]. Copies the sources that the exploration needs to .build-mutations/package,
changes one place there, builds and explores. A mutation is found when the exploration names what the broken rule leads
to, and for QBFT when the shipped values, run from the beginning, go the way that it shows. One that is not found, or
whose place is not there any more, is a failure.
"""

import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = os.path.join(ROOT, ".build-mutations", "package")
SCRATCH = os.path.join(ROOT, ".build-mutations", "build")
TARGETS = ["Timing", "SSZ", "QBFT", "Ethereum", "DutyWorkflow", "Simulation", "Exploration", "Explore"]

# What is found by comparing with random lives and walks does not count: here the exploration itself is on trial.
QBFT = ["qbft", "--continuations", "0", "--lives", "0", "--walks", "0"]
TWO_DECISIONS = "two honest nodes have decided, one A and one B"
REPLAYED = "the shipped values, run from the beginning, go this way"

# name, file, what is there, what comes instead, arguments of styx-explore, what must be found
MUTATIONS = [
    (
        "a later leader may propose anything, whatever a quorum has prepared",
        "QBFT/Admission.swift",
        "case .only(message.value): return nil\n            case .only, nil: return .notJustified",
        "case .only: return nil\n            case nil: return .notJustified",
        QBFT + ["--byzantine", "2"],
        TWO_DECISIONS,
    ),
    (
        "a restarted node forgets what it had prepared",
        "QBFT/Resumption.swift",
        "if claim.preparedRound > prepared.round {",
        "if record.kind == .roundChange, claim.preparedRound > prepared.round {",
        QBFT + ["--byzantine", "2"],
        TWO_DECISIONS,
    ),
    (
        "half of the nodes are a quorum",
        "QBFT/ClusterSize.swift",
        "(2 * nodes + 2) / 3",
        "(2 * nodes) / 3",
        QBFT + ["--rounds", "1", "--byzantine", "1"],
        TWO_DECISIONS,
    ),
    (
        "a restarted node does not know what it has answered",
        "QBFT/Resumption.swift",
        "sent.append(record.kind == .commit ? record.bare : record)",
        "if record.kind == .roundChange { sent.append(record) }",
        QBFT + ["--rounds", "1", "--byzantine", "1"],
        "the node cannot resume from its own journal: contradiction",
    ),
    (
        "a share leaves before it is on disk",
        "DutyWorkflow/Outbox.swift",
        "case .shareWithPeers(let duty, _), .shareWithPeer(_, let duty, _): .after([duty])",
        "case .shareWithPeers, .shareWithPeer: .free",
        ["node"],
        "a share is sent that is not on disk",
    ),
    (
        "another vote for the target epoch of an earlier one is signed",
        "DutyWorkflow/AttestationWatermark.swift",
        "if new.target <= target {",
        "if new.target < target {",
        ["node"],
        "a double vote: two different votes for one target epoch",
    ),
    (
        "a value is served before it is on disk",
        "DutyWorkflow/Outbox.swift",
        "case .decided(let duty, _): .after([duty])",
        "case .decided: .free",
        ["node"],
        "a value is served that is not on disk",
    ),
]


def copy():
    for target in TARGETS:
        shutil.copytree(
            os.path.join(ROOT, "Sources", target), os.path.join(PACKAGE, "Sources", target), dirs_exist_ok=True)
    shutil.copy(os.path.join(ROOT, "Package.swift"), PACKAGE)
    deps = os.path.join(PACKAGE, ".deps")
    if not os.path.islink(deps):
        os.symlink(os.path.join(ROOT, ".deps"), deps)


def build():
    command = ["swift", "build", "-c", "release", "--package-path", PACKAGE, "--scratch-path", SCRATCH,
               "--product", "styx-explore"]
    result = subprocess.run(
        command, env={**os.environ, "STYX_ONLY": "styx-explore"}, capture_output=True, text=True, check=False)
    if result.returncode:
        print(result.stdout[-4000:], result.stderr[-4000:])
        sys.exit("mutations: the mutated package does not build")
    shown = subprocess.run(
        command + ["--show-bin-path"], env={**os.environ, "STYX_ONLY": "styx-explore"}, capture_output=True, text=True,
        check=True)
    return os.path.join(shown.stdout.strip().splitlines()[-1], "styx-explore")


def attempt(name, file, old, new, arguments, expected):
    """Whether the exploration finds the mutation."""
    path = os.path.join(PACKAGE, "Sources", file)
    with open(path, encoding="utf-8") as source:
        text = source.read()
    if text.count(old) != 1:
        print(f"mutations: MISPLACED: {name}: {file} has the place {text.count(old)} times")
        return False
    print(f"mutations: {name} ({file})", flush=True)
    with open(path, "w", encoding="utf-8") as source:
        source.write(text.replace(old, new))
    try:
        program = build()
    finally:
        with open(path, "w", encoding="utf-8") as source:
            source.write(text)
    result = subprocess.run([program] + arguments, capture_output=True, text=True, check=False)
    _, _, shown = result.stdout.partition("explore: VIOLATION: ")
    way = shown.partition("explore: VIOLATION: ")[0]
    if result.returncode != 1 or expected not in way or arguments[0] == "qbft" and REPLAYED not in way:
        print(f"mutations: NOT FOUND: {name}: status {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-500:]}")
        return False
    print("\n".join("  " + line for line in way.rstrip().splitlines()), flush=True)
    return True


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [mutation for mutation in MUTATIONS if word in mutation[0]]
    if not chosen:
        sys.exit(f"mutations: none has '{word}' in its name")
    os.makedirs(PACKAGE, exist_ok=True)
    copy()
    found = [attempt(*mutation) for mutation in chosen]
    print(f"mutations: {len(found)} tried, {found.count(True)} found")
    sys.exit(0 if all(found) else 1)


if __name__ == "__main__":
    main()
