"""Four `styx run` processes in network namespaces of their own, on a network with delay, loss, a partition and a NAT.

Passes when duties succeed under delay and loss, within one slot after a partition has healed, and with a node behind a
NAT that only `styx relay` leads to. The chain is reached past the bad network: it is the peers' network that is tested.
"""
import pathlib
import socket
import sys
import time

from lab import CHAIN_PORT, P2P_PORT, Failed, Lab, arguments, rejected, run
from links import Namespace, Network, why_not

parser = arguments(__doc__)
parser.add_argument("--slots", type=int, default=4, help="watched in each profile")
parser.add_argument("--partition-seconds", type=int, default=30)
parser.add_argument("--only", choices=["direct", "nat"], help="half of the profiles")
args = parser.parse_args()
cause = why_not()
if cause:
    print(f"netns: SKIPPED: {cause}")
    sys.exit(0)

lab = Lab(args, "netns")
network = Network()
namespaces = []
rows = []
EVERYBODY = list(range(args.nodes))
RELAY = "10.77.0.50"


def address(index):
    return f"10.77.0.{index + 1}"


def namespace(name):
    made = Namespace(name)
    namespaces.append(made)
    return made


def watch(profile, slots, indices, may_miss=0):
    """Watches the next slots; every one with a duty must be done on all of `indices`, but for `may_miss` of them."""
    first = lab.slot() + 1
    lab.sleep_until_slot(first + slots, 0.95 * args.slot_seconds)
    table = lab.table(first, first + slots - 1, indices)
    whole = [slot for slot, (done, _) in table.items() if done == len(indices)]
    late = max((late for _, late in table.values() if late is not None), default=0)
    verdict = "ok" if table and len(table) - len(whole) <= may_miss else "FAILED"
    rows.append((profile, len(table), len(whole), f"{late:.2f} s", verdict))
    lab.say(f"{profile}: {len(whole)} of {len(table)} slots done on all {len(indices)} nodes, the last {late:.2f} s into its slot")


def listening(index):
    return ["--p2p-tcp-address", f"{address(index)}:{P2P_PORT}"]


def is_mesh():
    return all(len(lab.peers(index)) == args.nodes - 1 for index in EVERYBODY)


def partition():
    """Half of the nodes from the other half: neither has a quorum."""
    network.parts = [{socket.inet_aton(address(index)) for index in EVERYBODY[: args.nodes // 2]}]
    cut = time.time()
    lab.say(f"partitioned for {args.partition_seconds} s")
    while time.time() < cut + args.partition_seconds:
        lab.check_alive()
        time.sleep(0.2)
    network.parts = []
    healed = time.time()
    slot = lab.slot(healed)
    lab.sleep_until_slot(slot + 3, 0.95 * args.slot_seconds)
    during = lab.table(lab.slot(cut) + 1, slot - 1, EVERYBODY)
    after = lab.table(slot, slot + 2, EVERYBODY)
    whole = [each for each, (done, _) in sorted(after.items()) if done == args.nodes]
    stopped = sum(1 for done, _ in during.values() if done == 0)
    # The slot in which it healed, or the next with a duty.
    in_time = bool(whole) and whole[0] <= slot + 1
    rows.append((
        f"partition of {args.partition_seconds} s, healed", len(after), len(whole),
        f"{lab.start_of(whole[0]) + after[whole[0]][1] - healed:.1f} s after" if whole else "-", "ok" if in_time else "FAILED"))
    lab.say(f"cut: {stopped} of {len(during)} slots with a duty stood still; healed in slot {slot}: done on all nodes in {whole}")


def behind_nat(relay_address):
    """Node n-1 behind a masquerading router that lets it out to the relay only."""
    inner, router = namespace("inside"), namespace("router")
    subnet = "192.168.77"
    inner.ip("link", "add", "lan0", "type", "veth", "peer", "name", "lan0", "netns", router.name)
    for place, last in ((inner, 2), (router, 1)):
        place.ip("addr", "add", f"{subnet}.{last}/24", "dev", "lan0")
        place.ip("link", "set", "lan0", "up")
    inner.ip("route", "add", "default", "via", f"{subnet}.1")
    router.inside(lambda: open("/proc/sys/net/ipv4/ip_forward", "w").write("1"))
    network.add("10.77.0.77", router.tun("10.77.0.77"))
    router.nft(
        "table ip nat {\n chain out {\n  type nat hook postrouting priority 100;\n  oifname net0 masquerade\n }\n}\n"
        "table ip filter {\n chain through {\n  type filter hook forward priority 0; policy drop;\n"
        f"  ct state established,related accept\n  iifname lan0 ip daddr {relay_address} accept\n }}\n}}\n")
    return inner


def direct(places):
    """Everybody knows everybody's address."""
    for index, place in enumerate(places):
        known = ",".join(
            f"/ip4/{address(other)}/tcp/{P2P_PORT}/p2p/{lab.ids[other]}" for other in EVERYBODY if other != index)
        lab.start_node(
            index, [*listening(index), "--p2p-peers", known, "--p2p-relays", ""], place, chain=CHAIN_PORT)
    lab.wait_for("a full mesh", is_mesh, 90)
    lab.wait_for_genesis()
    watch("no delay", args.slots, EVERYBODY)
    for milliseconds in (50, 200):
        network.delay = milliseconds / 1000
        watch(f"{milliseconds} ms each way", args.slots, EVERYBODY)
    network.delay, network.loss = 0.05, 0.02
    watch("50 ms and 2 % loss", args.slots, EVERYBODY, may_miss=1)
    network.loss = 0.0
    partition()
    for index in EVERYBODY:
        lab.stop(f"node{index}")
        pathlib.Path(f"{lab.home(index)}/journal.sqlite.peers.json").unlink(missing_ok=True)


def nat(places):
    """Nobody is told anybody's address, and the last node is behind a NAT."""
    network.delay = 0.05
    place = namespace("relay")
    network.add(RELAY, place.tun(RELAY))
    relay = lab.start_relay(RELAY, place)
    inner = behind_nat(RELAY)
    inner.forward(CHAIN_PORT, lab.chain_port)
    for index in EVERYBODY[:-1]:
        lab.start_node(index, [*listening(index), "--p2p-relays", relay], places[index], chain=CHAIN_PORT)
    hidden = EVERYBODY[-1]
    lab.start_node(hidden, ["--p2p-relays", relay], inner, chain=CHAIN_PORT)
    began = time.time()
    lab.wait_for("a full mesh through the relay", is_mesh, 90)
    lab.say(f"full mesh {time.time() - began:.1f} s after the start, knowing the relay only")
    lab.wait_for_genesis()
    watch("a node behind a NAT, 50 ms", args.slots, EVERYBODY)
    paths = lab.peers(hidden)
    lab.say(f"the node behind the NAT reaches the others by {paths}")
    if set(paths.values()) != {"relay"}:
        raise Failed("the node behind the NAT should reach all through the relay")
    for index in EVERYBODY:
        lab.stop(f"node{index}")
    lab.stop("relay")


def body():
    lab.create()
    lab.start_chain()
    places = []
    for index in EVERYBODY:
        place = namespace(f"node{index}")
        place.forward(CHAIN_PORT, lab.chain_port)
        network.add(address(index), place.tun(address(index)))
        places.append(place)
    for name, profiles in (("direct", direct), ("nat", nat)):
        if args.only in (None, name):
            profiles(places)
    rejects = rejected(lab.stats())
    widths = [32, 18, 18, 16, 6]
    for row in [("profile", "slots with duties", "done everywhere", "last", ""), *rows]:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    lab.say(f"{network.carried} packets carried, {network.lost} lost; rejected by the chain: {len(rejects)}")
    if rejects:
        raise Failed(f"rejected by the chain: {rejects[:3]}")
    if any(row[-1] != "ok" for row in rows):
        raise Failed("not every profile is ok")


try:
    code = run(lab, body)
finally:
    for each in namespaces:
        each.remove()
sys.exit(code)
