"""Four `styx run` processes fall ill one way after another, and `styx doctor` has to name each cause. Loopback only."""
import email.utils
import json
import re
import socket
import subprocess
import sys
import threading
import time

from lab import Failed, Lab, arguments, run

args = arguments(__doc__).parse_args()
lab = Lab(args, "ailments")
PORTS = 24600
# What a busy test machine has, and what a fresh chain has.
IGNORED = {"disk-slow", "event-loop-slow", "memory-low", "slots-skipped", "duties-missed", "consensus-rounds", "heads-late",
           "peers-slow", "signatures-late", "beacon-node-slow", "disk-full"}


class BeaconProxy:
    """A beacon node that can be taken away, and whose clock can be set: in front of the chain."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.is_there, self.skew, self.open = True, 0, set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.is_there:
                client.close()
                continue
            try:
                chain = socket.create_connection(("127.0.0.1", lab.chain_port))
            except OSError:
                client.close()
                continue
            self.open |= {client, chain}
            threading.Thread(target=self.pump, args=(client, chain, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(chain, client, True), daemon=True).start()

    def pump(self, source, target, is_answer):
        try:
            while data := source.recv(65536):
                if is_answer and self.skew:
                    data = re.sub(
                        rb"(?i)(\r\ndate: )[^\r]*", lambda found: found[1] + email.utils.formatdate(
                            time.time() + self.skew, usegmt=True).encode(), data)
                target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            self.open.discard(each)
            each.close()

    def take_away(self):
        self.is_there = False
        for each in list(self.open):
            each.close()

    def bring_back(self):
        self.is_there = True


def doctor(index):
    """Findings of a node, as `styx doctor` has them, and its exit status."""
    result = subprocess.run(
        [args.styx, "doctor", "--debug-address", f"127.0.0.1:{PORTS + 20 + index}", "--json"], capture_output=True, text=True)
    try:
        page = json.loads(result.stdout)
    except ValueError:
        raise Failed(f"styx doctor: {result.stderr}")
    if (result.returncode == 1) != any(each["severity"] == "error" for each in page["findings"]):
        raise Failed(f"styx doctor ended with {result.returncode}: {page}")
    return page


def findings(index):
    page = doctor(index)
    if not page["checked_at"]:
        return None
    return {each["id"]: each for each in page["findings"] if each["id"] not in IGNORED}


def expect(index, ids, what, seconds=150):
    seen = {}

    def is_so():
        nonlocal seen
        seen = findings(index)
        return seen is not None and set(seen) == set(ids)

    began = time.time()
    try:
        lab.wait_for(what, is_so, seconds)
    except Failed as error:
        raise Failed(f"{error}; node {index} says {seen}")
    lab.say(f"{what}: after {time.time() - began:.0f} s node {index} says {sorted(ids) or 'nothing'}")
    for found in seen.values():
        lab.say(f"    {found['severity']}, {found['layer']}: {found['sentence']} — {found['cure']}")


def body():
    lab.create()
    lab.start_chain()
    proxy = BeaconProxy()
    addresses = [f"127.0.0.1:{PORTS + index}" for index in range(args.nodes)]
    known = [f"/ip4/127.0.0.1/tcp/{PORTS + index}/p2p/{peer}" for index, peer in enumerate(lab.ids)]
    for index in range(args.nodes):
        lab.start_node(
            index, ["--p2p-relays", "", "--p2p-tcp-address", addresses[index], "--p2p-peers",
                    ",".join(each for place, each in enumerate(known) if place != index)],
            chain=proxy.port if index == 0 else None, debug_port=PORTS + 20 + index)
    lab.wait_for_genesis()
    everybody = range(args.nodes)
    for index in everybody:
        expect(index, [], "healthy")

    proxy.take_away()
    expect(0, ["beacon-node-unreachable"], "its beacon node is taken away")
    expect(1, [], "and the others are well")
    proxy.bring_back()
    expect(0, [], "the beacon node is back")

    proxy.skew = 30
    expect(0, ["beacon-node-clock"], "the beacon node's clock is 30 s ahead")
    proxy.skew = 0
    expect(0, [], "the clock is right again")

    lab.stop("node3")
    expect(0, ["peer-missing"], "operator 3 is stopped")
    lab.stop("node2")
    expect(0, ["peer-missing", "peers-below-quorum"], "operator 2 is stopped, too")

    offline = subprocess.run(
        [args.styx, "doctor", "--offline", "--json", "--lock-file", f"{lab.home(0)}/cluster-lock.json",
         "--private-key-file", f"{lab.home(1)}/charon-enr-private-key", "--journal-file", f"{lab.home(0)}/journal.sqlite",
         "--beacon-node-endpoints", f"http://127.0.0.1:{lab.chain_port}", "--monitoring-address", "",
         "--validator-api-address", "127.0.0.1:0", "--p2p-tcp-address", addresses[0]], capture_output=True, text=True)
    found = {each["id"] for each in json.loads(offline.stdout)["findings"]} - IGNORED
    if offline.returncode != 1 or found != {"port-in-use"}:
        raise Failed(f"offline: {offline.returncode}, {found}, {offline.stderr}")
    lab.say("offline: names the port that the running node has, and finds the files well")

    dump = subprocess.run(["gzip", "-t"], input=lab.get(
        lab.places[0][0], PORTS + 20, "/debug/consensus", bytes), capture_output=True)
    journal = lab.get(lab.places[0][0], PORTS + 20, "/debug/journal")
    if dump.returncode != 0 or not journal["rows"].get("duty_db") or not journal["last_commit_at"]:
        raise Failed(f"pages: {dump.stderr}, {journal}")
    for index in (0, 1):
        lab.stop(f"node{index}")


sys.exit(run(lab, body))
