"""Runs a cluster of `styx run` processes against specnode.py and checks what the chain says of them.

Everything runs on loopback, in a temporary folder; every process started is ended by its own handle.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import faults
from lab import free_ports, rejected
from operators import ExitRequests, Keymanagers, await_exit
from remote_signers import RemoteSigners

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
parser.add_argument("--clients", type=int, default=0,
                    help="the last nodes, that have a validator client (validator_client.py); the others sign by themselves")
parser.add_argument("--full-sync", action="store_true",
                    help="validators have as many positions in the sync committee as chance gives them, not one each")
parser.add_argument("--two-sync", action="store_true", help="each validator sits in two sync subcommittees")
parser.add_argument("--faults", action="store_true",
                    help="nodes reach the chain by two beacon nodes that misbehave by turns; all that they do takes 8 epochs")
parser.add_argument("--stop-in", type=int, help="epoch for which the last node is stopped")
parser.add_argument("--check", action="store_true", help="check every operation of node 0's validator API")
parser.add_argument("--remote-signers", action="store_true",
                    help="nodes that sign by themselves do so by remote signers, each by its own (signer.py)")
parser.add_argument("--kill-signer-in", type=int, help="epoch in whose first half the last remote signer is down")
parser.add_argument("--wrong-signer", action="store_true",
                    help="node 0's remote signer answers some keys with wrong signatures, garbage, or late")
parser.add_argument("--slow-signer", action="store_true", help="node 0's remote signer answers later than it is waited for")
parser.add_argument("--garbage-signer", action="store_true", help="node 0's remote signer answers with no signatures")
parser.add_argument("--keymanager", action="store_true",
                    help="in epoch 1 a key share is deleted at node 0 and imported again by its keymanager API, settings are "
                         "changed, and at the end a validator exits by it")
parser.add_argument("--unregistered", action="store_true",
                    help="with --blinded: the lock's builder registrations do not hold, so that the nodes make new ones")
parser.add_argument("--exit-absent", type=float, nargs="?", const=600, metavar="SECONDS",
                    help="at the end three operators request an exit while the last node is away, for ten minutes if not told "
                         "otherwise, and returns")
parser.add_argument("--genesis-delay", type=int, default=25)
parser.add_argument("--keep", action="store_true", help="keep the folder with logs and keys")
args = parser.parse_args()
bad_signers = [args.wrong_signer, args.slow_signer, args.garbage_signer, args.kill_signer_in is not None]
if not args.remote_signers and any(bad_signers):
    parser.error("--wrong-signer, --slow-signer, --garbage-signer and --kill-signer-in need --remote-signers")
if sum(bad_signers) > 1:
    parser.error("--wrong-signer, --slow-signer, --garbage-signer or --kill-signer-in: a cluster of four bears one bad signer")
if args.keymanager and (args.remote_signers or args.clients or args.epochs < 2):
    parser.error("--keymanager is for nodes that sign with keystores, for two epochs or more")
if args.two_sync and args.full_sync:
    parser.error("--two-sync tells the positions that --full-sync leaves to chance")
if args.unregistered and not args.blinded:
    parser.error("--unregistered needs --blinded: without builders nobody is told of registrations")
# Processes run in a folder of their own. Not resolved: a virtual environment is found by the path of its link.
args.styx, args.python, args.specnode = (os.path.abspath(each) for each in (args.styx, args.python, args.specnode))

SPECNODE_CACHED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "specnode_cached.py")

# A built-in test network of the lock, so that no custom network has to be told to every node.
GENESIS_FORK_VERSION = "0x10000910"
SLOTS_PER_EPOCH = {"mainnet": 32, "minimal": 8}[args.preset]
HERE = pathlib.Path(__file__).resolve().parent

# Where Scripts/setup-prometheus unpacks it.
DEBIAN_PROMETHEUS = str(pathlib.Path(__file__).resolve().parent.parent / ".deps/prometheus/usr/bin")


def say(text):
    print(f"acceptance: {text}", flush=True)


def monitoring(port, file, is_quiet, has_judged):
    """What a node's alerts look at. Returns what is wrong; leaves the metrics in a file. A node judges duties an epoch after
    their slot."""
    def page(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    wrong = []
    pages = {path: page(path) for path in ("/livez", "/readyz", "/enr", "/metrics")}
    text = pages["/metrics"][1]
    pathlib.Path(file).write_text(text)
    say(f"port {port}: /livez {pages['/livez']}, /readyz {pages['/readyz']}, /enr {pages['/enr'][1][:20]}…, /metrics "
        f"{len(text)} bytes, {sum(1 for line in text.splitlines() if line[:1] != '#')} series")
    if pages["/livez"] != (200, "ok") or pages["/enr"][1][:4] != "enr:":
        wrong.append(f"/livez or /enr: {pages['/livez']} {pages['/enr']}")
    if is_quiet and pages["/readyz"] != (200, "ok"):
        wrong.append(f"/readyz: {pages['/readyz']}")
    values = {}
    for line in text.splitlines():
        if line[:1] != "#":
            name, value = line.rsplit(" ", 1)
            values.setdefault((name.split("{")[0], (re.search('duty="(.*?)"', name) or [None, ""])[1]), []).append(float(value))
    if has_judged and sum(values.get(("core_tracker_success_duties_total", "attester"), [0])) == 0:
        wrong.append("/metrics: no attester duty succeeded")
    if is_quiet and values.get(("app_monitoring_readyz", "")) != [1.0]:
        wrong.append(f"/metrics: app_monitoring_readyz is {values.get(('app_monitoring_readyz', ''))}")
    if promtool := shutil.which("promtool") or shutil.which("promtool", path=DEBIAN_PROMETHEUS):
        check = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
        if check.returncode != 0:
            wrong.append(f"promtool: {check.stdout}{check.stderr}")
    return wrong


def get(url, attempts=3):
    """Asks again: the executable specification answers one request at a time, and some take it many seconds."""
    for attempt in range(attempts):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)
        except TimeoutError:
            if attempt == attempts - 1:
                raise


def seated(base, epoch, count):
    """Which of the first validators sit in the sync committee."""
    request = urllib.request.Request(
        f"{base}/eth/v1/validator/duties/sync/{epoch}", json.dumps([str(v) for v in range(count)]).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return {int(row["validator_index"]) for row in json.load(answer)["data"]}


def early_answer(port):
    """What a node's validator API says first: status and text. It listens before it is ready."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/eth/v1/node/health", timeout=10) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError:
            time.sleep(0.05)
    return 0, "no connection"


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
    clients = {}

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
        if args.unregistered:
            for index in range(args.nodes):
                path = pathlib.Path(f"{folder}/cluster/node{index}/cluster-lock.json")
                broken = json.loads(path.read_text())
                for each in broken["distributed_validators"]:
                    each["builder_registration"]["signature"] = each["partial_deposit_data"][0]["signature"]
                path.chmod(0o600)
                path.write_text(json.dumps(broken))
        pathlib.Path(f"{folder}/dv.pubkeys").write_text("\n".join(keys) + "\n")

        chain_port, proxy_port, *ports = free_ports(6 + 5 * args.nodes)
        fault_ports, ports = ports[:4], ports[4:]
        p2p_ports, api_ports, monitoring_ports, signer_ports, keymanager_ports = (
            ports[index * args.nodes:(index + 1) * args.nodes] for index in range(5))
        signer_ports = signer_ports[:args.nodes - args.clients]
        say(f"starting the chain: {args.fork}, {args.preset} preset, {args.chain_validators} validators, "
            f"slots of {args.slot_seconds} s; logs in {folder}")
        chain = start("specnode", [
            args.python, SPECNODE_CACHED, args.specnode, "--preset", args.preset, "--fork", args.fork,
            "--validators", str(args.chain_validators), "--external", f"0-{args.validators - 1}",
            "--pubkeys", f"{folder}/dv.pubkeys", "--slot-seconds", str(args.slot_seconds),
            "--port", str(chain_port), "--genesis-delay", str(args.genesis_delay),
            "--genesis-fork-version", GENESIS_FORK_VERSION, "--log", f"{folder}/requests.jsonl"]
            + (["--blinded"] if args.blinded else []) + ([] if args.full_sync else ["--thin-sync"])
            + (["--two-sync"] if args.two_sync else [])
            # Exits are of hoodi's Capella, which the lock's network is.
            + (["--hoodi"] if args.keymanager or args.exit_absent is not None else []))
        endpoints = [f"http://127.0.0.1:{chain_port}"]
        beacon_nodes = None
        if args.faults:
            beacon_nodes = faults.BeaconFaults(
                args.python, os.path.dirname(args.specnode), fault_ports, endpoints[0], start)
            endpoints = beacon_nodes.endpoints

        def set_faults(half):
            if beacon_nodes:
                say(f"beacon nodes misbehave: {beacon_nodes.set(half)}")

        def start_client(index):
            clients[index] = start(f"client{index}", [
                args.python, str(HERE / "validator_client.py"), "--node", f"http://127.0.0.1:{api_ports[index]}",
                "--keys", f"{folder}/cluster/node{index}/validator_keys", "--preset", args.preset, "--fork", args.fork])
        ids = peer_ids(f"{folder}/cluster", args.nodes)
        signers = RemoteSigners(args, folder, signer_ports, proxy_port, start) if args.remote_signers else None
        if signers:
            signers.start_all()
        keymanagers = Keymanagers(folder, lock, keymanager_ports) if args.keymanager else None
        # The nodes start before the chain answers: they must wait for it.
        nodes = []
        commands = []
        for index in range(args.nodes):
            home = f"{folder}/cluster/node{index}"
            peers = [f"/ip4/127.0.0.1/tcp/{p2p_ports[other]}/p2p/{ids[other]}" for other in ids if other != index]
            commands.append([
                args.styx, "run", "--lock-file", f"{home}/cluster-lock.json",
                "--private-key-file", f"{home}/charon-enr-private-key", "--journal-file", f"{home}/journal.sqlite",
                "--beacon-node-endpoints", ",".join(endpoints), "--beacon-node-timeout", "4s",
                "--beacon-node-submit-timeout", "6s", "--validator-api-address", f"127.0.0.1:{api_ports[index]}",
                "--monitoring-address", f"127.0.0.1:{monitoring_ports[index]}",
                "--p2p-tcp-address", f"127.0.0.1:{p2p_ports[index]}", "--p2p-peers", ",".join(peers),
                # The built-in relays are out on the internet.
                "--p2p-relays", "",
                "--log-level", "debug"] + (["--builder-api"] if args.blinded else [])
                + (["--no-verify"] if args.unregistered else [])
                + (keymanagers.flags(index) if keymanagers else [])
                + ([] if index >= args.nodes - args.clients else ["--accept-new-journal"] + (
                    signers.flags(index) if signers else
                    ["--validator-keys-dir", f"{home}/validator_keys", "--signer", "keystores"])))
            nodes.append(start(f"node{index}", commands[index]))
            if index >= args.nodes - args.clients:
                start_client(index)
        base = f"http://127.0.0.1:{chain_port}"
        failed = []
        if args.check:
            status, text = early_answer(api_ports[0])
            say(f"the validator API's first answer: {status} {text}")
            # A slow start may come after the chain's.
            if status != 200 and (status != 503 or "waiting for a beacon node" not in text and "reading" not in text
                                  and "opening keystores" not in text):
                failed.append(f"the validator API's first answer was {status} {text}")
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

        check = None
        if args.check:
            check = start("vapi-check", [
                args.python, str(pathlib.Path(__file__).with_name("vapi_check.py").absolute()),
                "--url", f"http://127.0.0.1:{api_ports[0]}", "--testbed", os.path.dirname(args.specnode),
                "--keys", f"{folder}/cluster/node0/validator_keys", "--preset", args.preset, "--fork", args.fork,
                "--until", str(genesis + (args.epochs * SLOTS_PER_EPOCH - 2) * args.slot_seconds)]
                + (["--blinded"] if args.blinded else []))
        measured = {}
        blocks = {str(v): 0 for v in range(args.validators)}
        # By lot, with --full-sync: a seat may come to none of the cluster's. It is for eight epochs at least.
        seats = seated(base, 0, args.validators)
        say(f"in the sync committee: {sorted(seats)}")
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
            if args.kill_signer_in == epoch:
                signers.kill(len(signer_ports) - 1)
                say(f"the signer of node {len(signer_ports) - 1} is killed")
            if keymanagers and epoch == 1:
                failed += keymanagers.remove()
            set_faults(2 * epoch)
            # Slot 0 has no block: it is the genesis.
            for duty in get(f"{base}/eth/v1/validator/duties/proposer/{epoch}")["data"]:
                if duty["validator_index"] in blocks and int(duty["slot"]) > 0:
                    blocks[duty["validator_index"]] += 1
            # The last slot's attestations are included one slot later; half a slot for the block to be made.
            end = genesis + ((epoch + 1) * SLOTS_PER_EPOCH + 1.5) * args.slot_seconds
            middle = genesis + (epoch + 0.5) * SLOTS_PER_EPOCH * args.slot_seconds
            while time.time() < end:
                if middle is not None and time.time() > middle:
                    set_faults(2 * epoch + 1)
                    if args.kill_signer_in == epoch:
                        signers.start_signer(len(signer_ports) - 1)
                        say("it is started again")
                    if keymanagers and epoch == 1:
                        failed += keymanagers.bring_back()
                    middle = None
                for index, client in clients.items():
                    if client.poll() is not None:
                        raise SystemExit(f"acceptance: client {index} ended, see {folder}/client{index}.log")
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
                       for v, n in enumerate(count("sync_included")) if n < least and v in seats]
            measured = {index: usage(node.pid) for index, node in enumerate(nodes) if node.poll() is None}
        # A proxy that hangs hands on a minute late what it was given in time; a block that is asked for then is lost to
        # nobody.
        refused = [
            each for each in rejected(stats)
            if not (args.faults and (each.get("why") == "Bad('slot')" or each["kind"] == "produce_block"))]
        failed += [f"rejected: {each}" for each in refused[:10]]
        running = time.time() - genesis + args.genesis_delay
        for index, (cpu, memory) in measured.items():
            say(f"node {index}: {100 * cpu / running:.1f} % of a core, {memory:.0f} MiB resident")
        if sum(count("aggregate")) == 0 or sum(count("contribution")) == 0:
            failed.append("no aggregate or no contribution of the cluster arrived")
        if args.two_sync:
            # On mainnet's preset one of eight is selected for each; nodes agree on lists at the end of the first epoch.
            say(f"contributions, by validator: {count('contribution')}")
            failed += [f"validator {v}: no contribution" for v, n in enumerate(count("contribution")) if n == 0]
        # What nodes without a validator client tell their beacon node unasked. The chain has verified the registrations.
        told = ["prepare", "beacon_committee_subscriptions", "sync_committee_subscriptions"]
        for kind in told + (["registration"] if args.blinded else []):
            say(f"{kind}, by validator: {count(kind)}")
            failed += [f"validator {v}: no {kind}" for v, n in enumerate(count(kind))
                       if n == 0 and (v in seats or kind != "sync_committee_subscriptions")]
        last = args.nodes - 1
        if keymanagers:
            failed += keymanagers.settled(f"{folder}/specnode.log")
            exiting = args.validators - 1
            failed += keymanagers.exit(exiting, args.epochs, api_ports[:last])
            failed += await_exit(base, exiting, args.slot_seconds)
        if args.exit_absent is not None:
            def stop():
                nodes[last].terminate()
                nodes[last].wait(timeout=15)
                say(f"node {last} is stopped")

            def restart():
                nodes[last] = start(f"node{last}-again", commands[last])
                say(f"node {last} is started again")
                for _ in range(240):
                    status, _text = early_answer(api_ports[last])
                    if status == 200:
                        return []
                    time.sleep(0.5)
                return [f"node {last} did not answer within two minutes of its restart"]

            requests = ExitRequests(
                args, folder, base, api_ports,
                lambda index: signers.flags(index) if signers and index < len(signer_ports)
                else ["--validator-keys-dir", f"{folder}/cluster/node{index}/validator_keys"])
            failed += requests.run(0, keys[0], args.epochs, stop, restart)
            stats = get(f"{base}/specnode/stats")
            failed += [f"rejected: {each}" for each in rejected(stats)[:10] if "exit" in json.dumps(each)]
        for index, client in clients.items():
            client.terminate()
            if client.wait(timeout=15) != 0:
                failed.append(f"client {index} ended with status {client.returncode} on SIGTERM")
            lines = pathlib.Path(f"{folder}/client{index}.log").read_text().splitlines()
            say(f"client {index}: {next((line for line in reversed(lines) if line.startswith('done')), 'said nothing')}")
            for line in [line for line in lines if line.startswith("FAILED")][:10]:
                say(f"client {index}: {line}")
            # A node that is stopped fails its client for an epoch. Else beacon nodes that hang or refuse cost a client some
            # of its duties, not more than a quarter.
            allowed = None if args.stop_in is not None and index == last else (
                0.25 if args.faults or args.stop_in is not None else SLOTS_PER_EPOCH // 4 if args.loaded else 0)
            failed += [f"client {index} {each}" for each in faults.failures_of_client(lines, allowed)]
        if args.faults:
            for index in range(args.nodes):
                text = pathlib.Path(f"{folder}/node{index}.log").read_text()
                failed += [f"node {index} did not say: {each}"
                           for each in faults.unsaid(text, args.epochs, SLOTS_PER_EPOCH)]
        if check:
            try:
                status = check.wait(timeout=60)
            except subprocess.TimeoutExpired:
                status = "none in time"
            print(pathlib.Path(f"{folder}/vapi-check.log").read_text(errors="replace"))
            if status != 0:
                failed.append(f"vapi-check ended with status {status}")
        for index, node in enumerate(nodes):
            if node.poll() is None:
                failed += [f"node {index}: {each}" for each in monitoring(
                    monitoring_ports[index], f"{folder}/metrics{index}.txt",
                    is_quiet=not args.faults and args.stop_in is None and not args.loaded
                    and args.exit_absent is None,
                    has_judged=index < args.nodes - 1 or args.exit_absent is None
                    and (args.stop_in is None or args.stop_in < args.epochs - 2))]
        for index, node in enumerate(nodes):
            if node.poll() is not None:
                continue
            node.terminate()
            status = node.wait(timeout=15)
            if status != 0:
                failed.append(f"node {index} ended with status {status} on SIGTERM")
        if signers:
            failed += signers.faults()
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
