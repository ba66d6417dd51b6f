"""Holds dashboard and alerts to running nodes, with a live Prometheus.

First the demo, where validator clients and nodes that sign by themselves perform every duty; then four `styx run`
processes on an independent chain, which lose an operator, a quorum, their relay and their beacon node. Every query of
the dashboard has to have data in one of the two. Alerts wait seconds instead of minutes here.
"""

import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

from lab import Failed, Lab, arguments, run
from live_prometheus import Prometheus, free_port, panel_queries

# Queries that may have no data here, and why. Each is checked to be a query, as the others are.
MAY_BE_EMPTY = {
    "Slots left out (A)": "no machine stands still here",
    "Published, and not in the chain (A)": "neither chain leaves out what it was given",
    "Reorganisations (A)": "neither chain has any",
    "Refused or failed (A)": "a validator client that is served well is refused nothing",
    "No decision (A)": "a round without its quorum ends with the duty, which the tracker counts",
}
DEMO_SECONDS = 45

parser = arguments(__doc__)
parser.add_argument("--prometheus", required=True)
parser.add_argument(
    "--only", choices=["demo", "faults"], help="one of the two parts; panels need not all have data then"
)
args = parser.parse_args()
lab = Lab(args, "dashboards-check")
empty = {title: text for title, text in panel_queries()}


def look(prometheus):
    """Crosses out the queries that have data now."""
    for title, text in list(empty.items()):
        try:
            if prometheus.query(text):
                del empty[title]
        except ValueError as error:
            raise Failed(f"panel {title}: {error}") from error


def check_text(who, port):
    """What a scrape gets is as promtool wants it: types, help, names by the rules."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read()
    promtool = pathlib.Path(args.prometheus).parent / "promtool"
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    if done.returncode != 0 or said:
        raise Failed(f"promtool check metrics of {who}: {said[-1500:]}")
    families = text.count(b"# TYPE ")
    lab.say(f"promtool check metrics: {who}: {families} metrics in {len(text)} bytes, nothing to say")


def check_rules(prometheus):
    if bad := prometheus.faulty_rules():
        raise Failed(f"alerts that cannot be evaluated: {bad}")


def with_demo():
    base = free_port_range()
    lab.start(
        "demo",
        [
            args.styx,
            "demo",
            "--plain",
            "--slots",
            "1000",
            "--slot-duration",
            "3s",
            "--nodes",
            str(args.nodes),
            "--monitoring-port-base",
            str(base),
        ],
    )
    prometheus = Prometheus(lab, args.prometheus, "prometheus-demo", range(base, base + args.nodes))
    lab.wait_for("all nodes of the demo answer Prometheus", lambda: prometheus.up() == args.nodes, 60)
    end = time.time() + DEMO_SECONDS
    while time.time() < end:
        lab.check_alive()
        prometheus.sleep_scrapes(3)
        look(prometheus)
    check_rules(prometheus)
    check_text("a node of the demo", base)
    lab.say(
        f"demo: {len(list(panel_queries())) - len(empty)} queries have data, {len(empty)} have not yet; "
        f"{len(prometheus.rules())} alerts are evaluated without error; firing: {sorted(prometheus.firing()) or 'none'}"
    )
    # What it says of duties is no matter here: it is interrupted in the middle.
    lab.stop("demo", signal.SIGKILL)
    lab.stop("prometheus-demo")


def free_port_range():
    for _ in range(50):
        base = free_port()
        if base + args.nodes < 65000:
            return base
    raise Failed("no free ports")


def with_faults():
    lab.create()
    lab.start_chain()
    ports = {name: [free_port() for _ in range(args.nodes)] for name in ("p2p", "monitoring", "debug")}
    relay_ports = tuple(free_port() for _ in range(3))
    relay = lab.start_relay("127.0.0.1", ports=relay_ports)

    def start_node(index):
        lab.start_node(
            index,
            [
                "--p2p-relays",
                relay,
                "--p2p-tcp-address",
                f"127.0.0.1:{ports['p2p'][index]}",
                "--monitoring-address",
                f"127.0.0.1:{ports['monitoring'][index]}",
            ],
            debug_port=ports["debug"][index],
        )

    def instance(index):
        return f"127.0.0.1:{ports['monitoring'][index]}"

    for index in range(args.nodes):
        start_node(index)
    prometheus = Prometheus(lab, args.prometheus, "prometheus-lab", ports["monitoring"])
    lab.wait_for_genesis()

    def expect(name, nodes, why, seconds=90):
        """Fires for exactly these nodes."""
        wanted = {instance(index) for index in nodes}
        started = time.time()
        seen = set()

        def fires():
            nonlocal seen
            look(prometheus)
            seen = prometheus.firing().get(name, set())
            return seen == wanted

        try:
            lab.wait_for(f"{name} after {why}", fires, seconds)
        except Failed as error:
            raise Failed(f"{error}: fires for {sorted(seen) or 'nobody'}, expected {sorted(wanted)}") from error
        lab.say(
            f"{why}: {name} fires for {len(wanted)} after {time.time() - started:.0f} s"
            if wanted
            else f"{why}: {name} is quiet again after {time.time() - started:.0f} s"
        )

    everybody = list(range(args.nodes))
    faults = [
        "StyxDown",
        "StyxPeersMissing",
        "StyxNoSpareOperator",
        "StyxPeersDown",
        "StyxNoRelay",
        "StyxBeaconNodeDown",
    ]
    lab.wait_for("every node ready", lambda: len(prometheus.query("app_monitoring_readyz == 1")) == args.nodes, 120)
    for name in faults:
        expect(name, [], "all is well")
    quiet_until = time.time() + 4 * args.slot_seconds
    while time.time() < quiet_until:
        prometheus.sleep_scrapes(1)
        look(prometheus)
        if early := sorted(set(faults) & set(prometheus.firing())):
            raise Failed(f"fire while all is well: {early}")
    lab.say(f"all is well: none of {len(faults)} alerts fires for {4 * args.slot_seconds} s")
    check_text("a node", ports["monitoring"][0])
    check_text("a relay with four nodes", relay_ports[2])

    last, second_last = everybody[-1], everybody[-2]
    lab.stop(f"node{last}")
    expect("StyxDown", [last], "one node stopped")
    expect("StyxPeersDown", everybody[:-1], "one node stopped")
    expect("StyxNoSpareOperator", everybody[:-1], "one node stopped")
    lab.stop(f"node{second_last}")
    expect("StyxPeersMissing", everybody[:-2], "two nodes stopped", 120)
    for index in (second_last, last):
        start_node(index)
    for name in ("StyxDown", "StyxPeersMissing", "StyxNoSpareOperator", "StyxPeersDown"):
        expect(name, [], "both nodes back", 120)
    lab.stop("relay", signal.SIGKILL)
    expect("StyxNoRelay", everybody, "relay killed", 120)
    lab.stop("specnode", signal.SIGKILL)
    expect("StyxBeaconNodeDown", everybody, "beacon node killed", 120)
    check_rules(prometheus)
    for index in everybody:
        lab.stop(f"node{index}")
    lab.stop("prometheus-lab")


def body():
    if args.only != "faults":
        with_demo()
    if args.only != "demo":
        with_faults()
    if args.only:
        lab.say(f"without data: {', '.join(sorted(empty)) or 'none'}")
        return
    needless = sorted(set(MAY_BE_EMPTY) - set(empty))
    if needless:
        lab.say(f"these have data, though they need not: {', '.join(needless)}")
    if missing := sorted(set(empty) - set(MAY_BE_EMPTY)):
        raise Failed(f"panels without data: {', '.join(missing)}")
    lab.say(
        f"{len(list(panel_queries())) - len(empty)} queries of the dashboard had data; without, as expected: "
        f"{', '.join(sorted(empty)) or 'none'}"
    )


sys.exit(run(lab, body))
