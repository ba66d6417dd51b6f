"""Two `styx run` processes, each behind a NAT of its own that lets nothing in: they meet at a relay, then dial each other
at the same moment and are connected directly. Network namespaces; nothing leaves this machine.
"""
import sys
import time

from lab import P2P_PORT, Failed, Lab, arguments, run
from links import Namespace, Network, why_not

parser = arguments(__doc__)
parser.add_argument("--delay", type=float, default=0.03, help="seconds, each way")
args = parser.parse_args()
cause = why_not()
if cause:
    print(f"punch: SKIPPED: {cause}")
    sys.exit(0)

lab = Lab(args, "punch")
network = Network()
namespaces = []
RELAY, PAIR = "10.77.0.50", [0, 1]


def namespace(name):
    made = Namespace(name)
    namespaces.append(made)
    return made


def behind_nat(index):
    """A private network behind a router that keeps ports, and drops whatever was not asked for."""
    inner, router = namespace(f"inside{index}"), namespace(f"router{index}")
    subnet, outer = f"192.168.{77 + index}", f"10.77.0.{77 + index}"
    inner.ip("link", "add", "lan0", "type", "veth", "peer", "name", "lan0", "netns", router.name)
    for place, last in ((inner, 2), (router, 1)):
        place.ip("addr", "add", f"{subnet}.{last}/24", "dev", "lan0")
        place.ip("link", "set", "lan0", "up")
    inner.ip("route", "add", "default", "via", f"{subnet}.1")
    router.inside(lambda: open("/proc/sys/net/ipv4/ip_forward", "w").write("1"))
    network.add(outer, router.tun(outer))
    router.nft(
        "table ip nat {\n chain out {\n  type nat hook postrouting priority 100;\n  oifname net0 masquerade\n }\n}\n"
        "table ip filter {\n chain through {\n  type filter hook forward priority 0; policy drop;\n"
        "  ct state established,related accept\n  iifname lan0 accept\n }\n"
        " chain here {\n  type filter hook input priority 0; policy accept;\n"
        "  iifname net0 ct state established,related accept\n  iifname net0 drop\n }\n}\n")
    return inner


def body():
    lab.create()
    network.delay = args.delay
    place = namespace("relay")
    network.add(RELAY, place.tun(RELAY))
    relay = lab.start_relay(RELAY, place)
    began = time.time()
    for index in PAIR:
        options = ["--p2p-relays", relay, "--p2p-tcp-address", f"0.0.0.0:{P2P_PORT}"]
        lab.start_node(index, options, behind_nat(index), chain=1)
    paths = lambda: [lab.peers(index).get(1 - index) for index in PAIR]
    lab.wait_for("a circuit", lambda: all(paths()), 60)
    lab.say(f"connected after {time.time() - began:.1f} s: {paths()}")
    lab.wait_for("a direct connection", lambda: paths() == ["direct", "direct"], 60)
    lab.say(f"direct after {time.time() - began:.1f} s, through both NATs")
    lab.stop("relay")
    time.sleep(3)
    if paths() != ["direct", "direct"]:
        raise Failed(f"without the relay: {paths()}")
    lab.say("the connection outlives the relay")
    for index in PAIR:
        lab.stop(f"node{index}")


try:
    code = run(lab, body)
finally:
    for each in namespaces:
        each.remove()
sys.exit(code)
