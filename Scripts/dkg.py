"""Key ceremonies of real `styx dkg` processes that know nothing but a relay's URL. Loopback, or with --delay-ms and
--loss network namespaces of their own (root, iproute2 and /dev/net/tun).

First one that nothing disturbs, then one for each phase in which an operator is killed with SIGKILL and comes back. Each
must end with the same lock at all operators, and key shares that combine to its keys. Prints times and relayed bytes.
"""
import argparse
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--styx", default=".build/debug/styx")
parser.add_argument("--operators", type=int, default=4)
parser.add_argument("--threshold", type=int, default=0)
parser.add_argument("--validators", type=int, default=2)
parser.add_argument("--algorithm", default="frost", choices=["frost", "pedersen"])
parser.add_argument("--compat", default="v1.10")
parser.add_argument("--kill-steps", default="1,2,3,4,5,6", help="steps in which one is killed, comma-separated")
parser.add_argument("--away", type=float, default=1.0, help="seconds until it is started again")
parser.add_argument("--timeout", type=int, default=300, help="seconds for one ceremony")
parser.add_argument("--ports", type=int, default=23700)
parser.add_argument("--delay-ms", type=int, default=0, help="each way, between any two")
parser.add_argument("--loss", type=float, default=0.0, help="share of packets that are lost, e.g. 0.02")
parser.add_argument("--keep", action="store_true", help="keep the folder with logs and keys")
args = parser.parse_args()
STYX = os.path.abspath(args.styx)
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="styx-dkg-"))
WITHDRAWAL = "0x000000000000000000000000000000000000dEaD"
processes, places = [], {}
RELAY = 50  # its place


class Failed(Exception):
    pass


def say(text):
    print(f"dkg: {text}", flush=True)


def call(*command):
    done = subprocess.run([STYX, *command], capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Failed(f"styx {' '.join(command)}: {done.stderr}")
    return done.stdout


def host(place):
    return f"10.77.0.{place + 1}" if places else "127.0.0.1"


def make_places():
    """A namespace for each operator and for the relay, joined by a bad network."""
    if not args.delay_ms and not args.loss:
        return
    from links import Namespace, Network
    network = Network()
    network.delay, network.loss = args.delay_ms / 1000, args.loss
    for place in [*range(args.operators), RELAY]:
        places[place] = Namespace(f"dkg{place}")
        network.add(host(place), places[place].tun(host(place)))


def start(place, log, *command):
    prefix = places[place].command if places else []
    with open(log, "a") as output:
        process = subprocess.Popen(
            [*prefix, STYX, *command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=FOLDER)
    processes.append(process)
    return process


def ask_relay(port, path):
    def ask():
        with urllib.request.urlopen(f"http://{host(RELAY)}:{port}{path}", timeout=5) as answer:
            return answer.read().decode()
    return places[RELAY].inside(ask) if places else ask()


def relayed():
    """Bytes that the relay has carried so far."""
    text = ask_relay(args.ports + 2, "/metrics")
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith("styx_relay_relayed_bytes_total"))


def start_relay():
    address = host(RELAY)
    start(RELAY, FOLDER / "relay.log", "relay", "--data-dir", str(FOLDER / "relay"), "--http-address",
          f"{address}:{args.ports}", "--p2p-tcp-address", f"{address}:{args.ports + 1}", "--monitoring-address",
          f"{address}:{args.ports + 2}", "--p2p-advertise-private-addresses")
    for _ in range(100):
        try:
            ask_relay(args.ports, "/")
            return
        except OSError:
            time.sleep(0.2)
    raise Failed("the relay does not answer")


class Ceremony:
    def __init__(self, name):
        self.folder = FOLDER / name
        enrs = []
        for index in range(args.operators):
            out = call("create", "enr", "--data-dir", str(self.directory(index)))
            enrs.append(re.search(r"enr:\S+", out).group())
        call("create", "dkg", "--name", name, "--network", "hoodi", "--num-validators", str(args.validators),
             "--fee-recipient-addresses", WITHDRAWAL, "--withdrawal-addresses", WITHDRAWAL,
             "--operator-enrs", ",".join(enrs), "--dkg-algorithm", args.algorithm, "--threshold", str(args.threshold),
             "--output-dir", str(self.folder), "--compat", args.compat)
        self.running = {}

    def directory(self, index):
        return self.folder / f"node{index}"

    def log(self, index):
        return self.folder / f"node{index}.log"

    def start(self, index):
        self.running[index] = start(
            index, self.log(index), "dkg", "--data-dir", str(self.directory(index)), "--definition-file",
            str(self.folder / "cluster-definition.json"), "--p2p-relays", f"http://{host(RELAY)}:{args.ports}",
            "--shutdown-delay", "1s", "--nickname", f"node {index}", "--compat", args.compat,
            "--log-format", "logfmt")

    def wait_for(self, what, condition):
        end = time.time() + args.timeout
        while not condition():
            for index, process in self.running.items():
                if process.poll() not in (None, 0):
                    raise Failed(f"operator {index} ended: {self.log(index).read_text()[-2000:]}")
            if time.time() > end:
                raise Failed(f"no {what} within {args.timeout} s; logs in {self.folder}")
            time.sleep(0.02)

    def kill_in(self, index, step):
        reached = re.compile(rf"key ceremony goes on.*{step}/8")
        self.wait_for(f"step {step}", lambda: reached.search(self.log(index).read_text()))
        self.running[index].send_signal(signal.SIGKILL)
        self.running[index].wait()
        del self.running[index]
        time.sleep(args.away)
        self.start(index)

    def finish(self):
        self.wait_for("end", lambda: all(process.poll() == 0 for process in self.running.values()))

    def check(self):
        locks = {hashlib.sha256((self.directory(i) / "cluster-lock.json").read_bytes()).hexdigest()
                 for i in range(args.operators)}
        if len(locks) != 1:
            raise Failed(f"{len(locks)} different locks")
        for index in range(args.operators):
            left = [name for name in os.listdir(self.directory(index)) if name.startswith(".styx")]
            if left:
                raise Failed(f"operator {index} left {left}")
        # Loads and verifies every lock, opens every keystore, and compares each recovered key with the lock's.
        call("combine", "--cluster-dir", str(self.folder), "--output-dir", str(self.folder / "combined"))


def ceremony(name, step=None):
    each = Ceremony(name)
    before, began = relayed(), time.time()
    for index in range(args.operators):
        each.start(index)
    if step is not None:
        each.kill_in(args.operators - 1, step)
    each.finish()
    took = time.time() - began
    each.check()
    say(f"{name}: {took:.1f} s, {(relayed() - before) / 1e6:.2f} MB through the relay")


def main():
    say(f"{args.operators} operators, {args.validators} validators, {args.algorithm}, folder {FOLDER}")
    make_places()
    start_relay()
    ceremony("undisturbed")
    for step in [int(step) for step in args.kill_steps.split(",") if step]:
        ceremony(f"killed-in-step-{step}", step)


code = 1
try:
    main()
    code = 0
except Failed as failure:
    say(f"FAILED: {failure}")
finally:
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    for place in places.values():
        place.remove()
    if code == 0 and not args.keep:
        shutil.rmtree(FOLDER)
sys.exit(code)
