"""Runs a cluster of `styx run` processes against specnode.py and checks what the chain says of them.

Everything runs on loopback, in a temporary folder; every process started is ended by its own handle.
"""
import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from lab import rejected

parser = argparse.ArgumentParser()
parser.add_argument("--styx", required=True)
parser.add_argument("--python", default=sys.executable)
parser.add_argument("--specnode", required=True)
parser.add_argument("--nodes", type=int, default=4)
parser.add_argument("--validators", type=int, default=4, help="of the cluster")
parser.add_argument("--chain-validators", type=int, default=64)
parser.add_argument("--slot-seconds", type=int, default=5)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--preset", default="mainnet")
parser.add_argument("--fork", default="fulu")
parser.add_argument("--blinded", action="store_true", help="the beacon node makes blinded blocks")
parser.add_argument("--loaded", action="store_true",
                    help="the machine has other work: one block and half of the sync committee's votes may come too late")
parser.add_argument("--stop-in", type=int, help="epoch for which the last node is stopped")
parser.add_argument("--genesis-delay", type=int, default=25)
parser.add_argument("--keep", action="store_true", help="keep the folder with logs and keys")
args = parser.parse_args()
# Processes run in a folder of their own. Not resolved: a virtual environment is found by the path of its link.
args.styx, args.python, args.specnode = (os.path.abspath(each) for each in (args.styx, args.python, args.specnode))

# A built-in test network of the lock, so that no custom network has to be told to every node.
GENESIS_FORK_VERSION = "0x10000910"
SLOTS_PER_EPOCH = {"mainnet": 32, "minimal": 8}[args.preset]


def say(text):
    print(f"acceptance: {text}", flush=True)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


def usage(pid):
    """CPU seconds and resident MiB of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = os.sysconf("SC_CLK_TCK")
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / ticks, pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def peer_ids(folder, nodes):
    """Each node says its own id in its first log line; the lock has only ENRs."""
    found = {}
    for index in range(nodes):
        out = subprocess.run(
            [args.styx, "enr", "--data-dir", f"{folder}/node{index}", "--peer-id"], capture_output=True, text=True, check=True)
        found[index] = out.stdout.strip()
    return found


def main(folder):
    processes = []
    logs = []

    def start(name, command):
        log = open(f"{folder}/{name}.log", "w")
        logs.append(log)
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder)
        processes.append(process)
        return process

    try:
        subprocess.run(
            [args.styx, "create", "cluster", "--name", "acceptance", "--cluster-dir", f"{folder}/cluster",
             "--nodes", str(args.nodes), "--num-validators", str(args.validators), "--network", "hoodi", "--insecure-keys",
             "--fee-recipient-addresses", "0x" + "11" * 20, "--withdrawal-addresses", "0x" + "22" * 20],
            check=True, stdout=subprocess.DEVNULL)
        lock = json.load(open(f"{folder}/cluster/node0/cluster-lock.json"))
        keys = [each["distributed_public_key"] for each in lock["distributed_validators"]]
        pathlib.Path(f"{folder}/dv.pubkeys").write_text("\n".join(keys) + "\n")

        chain_port, *p2p_ports = free_ports(1 + args.nodes)
        say(f"starting the chain: {args.fork}, {args.preset} preset, {args.chain_validators} validators, "
            f"slots of {args.slot_seconds} s; logs in {folder}")
        chain = start("specnode", [
            args.python, os.path.abspath(args.specnode), "--preset", args.preset, "--fork", args.fork,
            "--validators", str(args.chain_validators), "--external", f"0-{args.validators - 1}",
            "--pubkeys", f"{folder}/dv.pubkeys", "--thin-sync", "--slot-seconds", str(args.slot_seconds),
            "--port", str(chain_port), "--genesis-delay", str(args.genesis_delay),
            "--genesis-fork-version", GENESIS_FORK_VERSION, "--log", f"{folder}/requests.jsonl"]
            + (["--blinded"] if args.blinded else []))
        ids = peer_ids(f"{folder}/cluster", args.nodes)
        # The nodes start before the chain answers: they must wait for it.
        nodes = []
        commands = []
        for index in range(args.nodes):
            home = f"{folder}/cluster/node{index}"
            peers = [f"/ip4/127.0.0.1/tcp/{p2p_ports[other]}/p2p/{ids[other]}" for other in ids if other != index]
            commands.append([
                args.styx, "run", "--lock-file", f"{home}/cluster-lock.json",
                "--private-key-file", f"{home}/charon-enr-private-key", "--journal-file", f"{home}/journal.sqlite",
                "--validator-keys-dir", f"{home}/validator_keys", "--signer", "keystores", "--accept-new-journal",
                "--beacon-node-endpoints", f"http://127.0.0.1:{chain_port}", "--beacon-node-timeout", "4s",
                "--beacon-node-submit-timeout", "6s", "--validator-api-address", "127.0.0.1:0",
                "--p2p-tcp-address", f"127.0.0.1:{p2p_ports[index]}", "--p2p-peers", ",".join(peers),
                # The built-in relays are out on the internet.
                "--p2p-relays", "",
                "--log-level", "debug"] + (["--builder-api"] if args.blinded else []))
            nodes.append(start(f"node{index}", commands[index]))
        base = f"http://127.0.0.1:{chain_port}"
        genesis = None
        for _ in range(240):
            if chain.poll() is not None:
                raise SystemExit(f"acceptance: the chain ended at once, see {folder}/specnode.log")
            try:
                genesis = int(get(f"{base}/eth/v1/beacon/genesis")["data"]["genesis_time"])
                break
            except OSError:
                time.sleep(0.5)
        if genesis is None:
            raise SystemExit("acceptance: the chain did not answer within two minutes")

        failed = []
        measured = {}
        blocks = {str(v): 0 for v in range(args.validators)}
        for epoch in range(args.epochs):
            if args.stop_in is not None and epoch in (args.stop_in, args.stop_in + 1):
                last = args.nodes - 1
                if epoch == args.stop_in:
                    nodes[last].terminate()
                    nodes[last].wait(timeout=15)
                    say(f"node {last} is stopped")
                else:
                    nodes[last] = start(f"node{last}", commands[last])
                    say(f"node {last} is started again")
            # Slot 0 has no block: it is the genesis.
            for duty in get(f"{base}/eth/v1/validator/duties/proposer/{epoch}")["data"]:
                if duty["validator_index"] in blocks and int(duty["slot"]) > 0:
                    blocks[duty["validator_index"]] += 1
            # The last slot's attestations are included one slot later; half a slot for the block to be made.
            end = genesis + ((epoch + 1) * SLOTS_PER_EPOCH + 1.5) * args.slot_seconds
            while time.time() < end:
                for index, node in enumerate(nodes):
                    if node.poll() is not None and not (epoch == args.stop_in and index == args.nodes - 1):
                        raise SystemExit(f"acceptance: node {index} ended with status {node.poll()}, see {folder}/node{index}.log")
                time.sleep(min(1, max(0.05, end - time.time())))
            stats = get(f"{base}/specnode/stats")
            included = [stats["stats"].get(str(v), {}).get("att_included", 0) for v in range(args.validators)]
            delay = [
                stats["stats"].get(str(v), {}).get("att_delay_ms_sum", 0) / max(1, stats["stats"].get(str(v), {}).get("attestation", 1))
                for v in range(args.validators)]
            say(f"epoch {epoch}: included so far, by validator: {included}; mean arrival {sum(delay) / len(delay):.0f} ms into "
                f"the slot; rejects {len(stats['rejects'])}; justified {stats['justified']}")
            failed += [f"epoch {epoch}: validator {v} has {n} included attestations" for v, n in enumerate(included) if n < epoch + 1]
            def count(kind):
                return [stats["stats"].get(str(v), {}).get(kind, 0) for v in range(args.validators)]
            say(f"epoch {epoch}: blocks {count('block')} of {list(blocks.values())}, in sync aggregates {count('sync_included')}, "
                f"aggregates {sum(count('aggregate'))}, contributions {sum(count('contribution'))}")
            missing = sum(max(0, m - n) for n, m in zip(count("block"), blocks.values()))
            if missing > args.loaded:
                failed.append(f"epoch {epoch}: {missing} blocks of the cluster are missing")
            # Votes of a slot are in the next block; those of the first slots and of a slot's change may be late.
            least = (epoch + 1) * SLOTS_PER_EPOCH * (2 if args.loaded else 3) // 4
            failed += [f"epoch {epoch}: validator {v} is in {n} sync aggregates, expected {least}"
                       for v, n in enumerate(count("sync_included")) if n < least]
            measured = {index: usage(node.pid) for index, node in enumerate(nodes) if node.poll() is None}
        failed += [f"rejected: {each}" for each in rejected(stats)[:10]]
        running = time.time() - genesis + args.genesis_delay
        for index, (cpu, memory) in measured.items():
            say(f"node {index}: {100 * cpu / running:.1f} % of a core, {memory:.0f} MiB resident")
        if sum(count("aggregate")) == 0 or sum(count("contribution")) == 0:
            failed.append("no aggregate or no contribution of the cluster arrived")
        # What nodes without a validator client tell their beacon node unasked. The chain has verified the registrations.
        told = ["prepare", "beacon_committee_subscriptions", "sync_committee_subscriptions"]
        for kind in told + (["registration"] if args.blinded else []):
            say(f"{kind}, by validator: {count(kind)}")
            failed += [f"validator {v}: no {kind}" for v, n in enumerate(count(kind)) if n == 0]
        for index, node in enumerate(nodes):
            if node.poll() is not None:
                continue
            node.terminate()
            status = node.wait(timeout=15)
            if status != 0:
                failed.append(f"node {index} ended with status {status} on SIGTERM")
        for line in failed:
            say(f"FAILED: {line}")
        if failed:
            return 1
        say(f"OK: in each of {args.epochs} epochs every attestation and block of {args.validators} validators and their sync "
            "committee votes were included, aggregates and contributions arrived, nothing was rejected")
        return 0
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for log in logs:
            log.close()


if args.keep:
    sys.exit(main(tempfile.mkdtemp(prefix="styx-acceptance-")))
with tempfile.TemporaryDirectory(prefix="styx-acceptance-") as temporary:
    code = main(temporary)
    if code != 0:
        for name in sorted(pathlib.Path(temporary).glob("*.log")):
            print(f"---- {name.name}, last lines")
            print("\n".join(name.read_text(errors="replace").splitlines()[-25:]))
    sys.exit(code)
