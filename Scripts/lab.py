"""A cluster of `styx run` processes against specnode.py, for scripts that disturb its network.

Every process and namespace that is started is ended by its own handle. Nothing leaves this machine: relays are always
given, for the built-in ones are out on the internet.
"""
import argparse
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# A built-in test network of the lock, so that no custom network has to be told to every node.
GENESIS_FORK_VERSION = "0x10000910"
SLOTS_PER_EPOCH = 8
P2P_PORT, DEBUG_PORT, CHAIN_PORT, RELAY_PORT, RELAY_HTTP_PORT, RELAY_METRICS_PORT = 3610, 3620, 5052, 3650, 3640, 3651


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--styx", required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--specnode", required=True)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--validators", type=int, default=32, help="of the cluster; half of the chain's")
    parser.add_argument("--slot-seconds", type=int, default=6)
    parser.add_argument("--genesis-delay", type=int, default=40)
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and keys")
    return parser


class Failed(Exception):
    pass


def free_ports(count):
    """Of this machine, at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Here:
    """Where a process runs: this machine's own network."""

    command = []

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port), timeout=10)


def rejected(stats):
    """What the chain rejected. Who is late asks for a block that the cluster has published already: nothing is lost."""
    return [each for each in stats["rejects"]
            if each["kind"] != "produce_block" or "head already at slot" not in each["why"]]


class Lab:
    # Of each node, in its directory.
    journal = "journal.sqlite"
    # Nothing was signed with the keys before.
    trust = ["--accept-new-journal"]

    def __init__(self, args, name):
        self.args, self.name = args, name
        for field in ("styx", "python", "specnode"):
            # Not resolved: a virtual environment is found by the path of its link.
            setattr(args, field, os.path.abspath(getattr(args, field)))
        self.folder = tempfile.mkdtemp(prefix=f"styx-{name}-")
        self.processes, self.logs, self.nodes, self.places = {}, [], {}, {}
        self.genesis = None

    def say(self, text):
        print(f"{self.name}: {text}", flush=True)

    # Processes

    def start(self, name, command, place=Here()):
        log = open(f"{self.folder}/{name}.log", "a")
        self.logs.append(log)
        process = subprocess.Popen(
            place.command + command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder)
        self.processes[name] = process
        return process

    def stop(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(how)
        try:
            status = process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed(f"{name} did not end within 20 s")
        if how == signal.SIGTERM and status != 0:
            raise Failed(f"{name} ended with status {status} on SIGTERM")

    def stop_all(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
        for process in self.processes.values():
            process.wait()
        for log in self.logs:
            log.close()

    def tails(self, lines=12):
        for path in sorted(pathlib.Path(self.folder).glob("*.log")):
            print(f"---- {path.name}, last lines")
            print("\n".join(each[:300] for each in path.read_text(errors="replace").splitlines()[-lines:]))

    # The chain and the cluster

    def create(self):
        args = self.args
        subprocess.run(
            [args.styx, "create", "cluster", "--name", self.name, "--cluster-dir", f"{self.folder}/cluster",
             "--nodes", str(args.nodes), "--num-validators", str(args.validators), "--network", "hoodi", "--insecure-keys",
             "--fee-recipient-addresses", "0x" + "11" * 20, "--withdrawal-addresses", "0x" + "22" * 20],
            check=True, stdout=subprocess.DEVNULL)
        for index in range(args.nodes):
            made, home = pathlib.Path(f"{self.folder}/cluster/node{index}"), pathlib.Path(self.home(index))
            if home != made:
                home.parent.mkdir(parents=True, exist_ok=True)
                made.rename(home)
        lock = json.load(open(f"{self.home(0)}/cluster-lock.json"))
        keys = [each["distributed_public_key"] for each in lock["distributed_validators"]]
        pathlib.Path(f"{self.folder}/dv.pubkeys").write_text("\n".join(keys) + "\n")
        self.ids = [
            subprocess.run([args.styx, "enr", "--data-dir", self.home(index), "--peer-id"], capture_output=True, text=True,
                           check=True).stdout.strip() for index in range(args.nodes)]

    def home(self, index):
        return f"{self.folder}/cluster/node{index}"

    def start_chain(self):
        self.chain_port, = free_ports(1)
        args = self.args
        self.start("specnode", [
            args.python, args.specnode, "--preset", "minimal", "--fork", "fulu", "--validators", str(2 * args.validators),
            "--external", f"0-{args.validators - 1}", "--pubkeys", f"{self.folder}/dv.pubkeys", "--thin-sync",
            "--slot-seconds", str(args.slot_seconds), "--port", str(self.chain_port),
            "--genesis-delay", str(args.genesis_delay), "--genesis-fork-version", GENESIS_FORK_VERSION,
            "--log", f"{self.folder}/requests.jsonl"])

    def wait_for_genesis(self):
        for _ in range(360):
            if self.processes["specnode"].poll() is not None:
                raise Failed("the chain ended at once, see specnode.log")
            try:
                data = self.get(Here(), self.chain_port, "/eth/v1/beacon/genesis")["data"]
                self.genesis = int(data["genesis_time"])
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise Failed("the chain did not answer within three minutes")
        time.sleep(max(0, self.genesis - time.time()))

    def stats(self):
        return self.get(Here(), self.chain_port, "/specnode/stats")

    def start_node(self, index, options, place=Here(), chain=None, debug_port=DEBUG_PORT):
        home = self.home(index)
        self.places[index] = (place, debug_port)
        return self.start(f"node{index}", [
            self.args.styx, "run", "--lock-file", f"{home}/cluster-lock.json",
            "--private-key-file", f"{home}/charon-enr-private-key", "--journal-file", f"{home}/{self.journal}",
            "--validator-keys-dir", f"{home}/validator_keys", "--signer", "keystores", *self.trust,
            "--beacon-node-endpoints", f"http://127.0.0.1:{chain or self.chain_port}", "--beacon-node-timeout", "4s",
            "--beacon-node-submit-timeout", "6s", "--validator-api-address", "127.0.0.1:0",
            "--monitoring-address", "",
            "--debug-address", f"127.0.0.1:{debug_port}", "--log-format", "json", "--log-level", "debug"] + options, place)

    def start_relay(self, ip, place=Here(), ports=(RELAY_PORT, RELAY_HTTP_PORT, RELAY_METRICS_PORT)):
        self.relay_place, self.relay_ports = place, ports
        self.start("relay", [
            self.args.styx, "relay", "--data-dir", f"{self.folder}/relay", "--p2p-tcp-address", f"{ip}:{ports[0]}",
            "--http-address", f"{ip}:{ports[1]}", "--monitoring-address", f"127.0.0.1:{ports[2]}",
            "--p2p-advertise-private-addresses", "--log-level", "debug"], place)
        return f"http://{ip}:{ports[1]}"

    # Watching

    @staticmethod
    def get(place, port, path, parse=json.loads):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.sock = place.connect(port)
        try:
            connection.request("GET", path)
            return parse(connection.getresponse().read())
        finally:
            connection.close()

    def peers(self, index):
        """What a node says of the other operators: {index: (path or None)}."""
        place, port = self.places[index]
        try:
            view = self.get(place, port, "/debug/peers")
        except OSError:
            return {}
        return {each["index"]: each["path"] for each in view["operators"] if each["connected"]}

    def wait_for(self, what, is_true, seconds):
        end = time.time() + seconds
        while time.time() < end:
            self.check_alive()
            if is_true():
                return
            time.sleep(0.5)
        raise Failed(f"not seen within {seconds} s: {what}")

    def check_alive(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise Failed(f"{name} ended with status {process.poll()}")

    def slot(self, at=None):
        return int(((at or time.time()) - self.genesis) // self.args.slot_seconds)

    def start_of(self, slot):
        return self.genesis + slot * self.args.slot_seconds

    def sleep_until_slot(self, slot, offset=0.0):
        while time.time() < self.start_of(slot) + offset:
            self.check_alive()
            time.sleep(min(0.5, max(0.01, self.start_of(slot) + offset - time.time())))

    def outcomes(self, index):
        """Attester duties of one node by slot: seconds into the slot when done, or None when it failed."""
        result = {}
        for line in pathlib.Path(f"{self.folder}/node{index}.log").read_text(errors="replace").splitlines():
            if '"duty done"' not in line and '"Duty failed"' not in line:
                continue
            try:
                row = json.loads(line)
            except ValueError:
                continue
            slot = int("".join(c for c in row["duty"].split("/")[0] if c.isdigit()) or -1)
            if "attester" not in row["duty"]:
                continue
            if row["msg"] == "duty done":
                result[slot] = parse_time(row["ts"]) - self.start_of(slot)
            else:
                result.setdefault(slot, None)
        return result

    def table(self, first, last, indices):
        """For each slot in first...last with a duty: how many nodes finished it within the slot, and when the last did."""
        outcomes = [self.outcomes(index) for index in indices]
        rows = {}
        for slot in range(first, last + 1):
            seen = [each[slot] for each in outcomes if slot in each]
            if seen:
                done = [each for each in seen if each is not None and each < self.args.slot_seconds]
                rows[slot] = (len(done), max(done, default=None))
        return rows


def parse_time(text):
    head, fraction = text.rstrip("Z").split(".") if "." in text else (text.rstrip("Z"), "0")
    import calendar
    return calendar.timegm(time.strptime(head, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)


def run(lab, body):
    """Runs `body`, ends everything, prints logs of a failure, and exits."""
    try:
        body()
        lab.say("OK")
        code = 0
    except (Failed, subprocess.CalledProcessError) as error:
        lab.say(f"FAILED: {error}")
        code = 1
    except KeyboardInterrupt:
        code = 130
    finally:
        lab.stop_all()
    if code == 1:
        lab.tails()
    if lab.args.keep or code == 1:
        lab.say(f"logs are in {lab.folder}")
    else:
        subprocess.run(["rm", "-rf", lab.folder])
    return code
