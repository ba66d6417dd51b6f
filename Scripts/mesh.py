"""Four `styx run` processes that know nothing but a relay's URL: they meet there, go direct where they can, and attest.

Nodes 0 and 1 listen; 2 and 3 do not, so that others reach them through the relay only. Then the relay is killed, and a
node is restarted without any relay. Loopback only.
"""
import signal
import sys
import time

from lab import DEBUG_PORT, Failed, Lab, arguments, rejected, run

parser = arguments(__doc__)
# A vote is due in a third of its slot, on a CI machine, beside an executable specification that takes seconds for a block.
parser.set_defaults(slot_seconds=10, validators=8)
args = parser.parse_args()
lab = Lab(args, "mesh")
LISTENING = args.nodes // 2
PORTS = 23600


def options(index, relay):
    """Nodes in the upper half do not listen: the relay is the only way to them."""
    return ["--p2p-relays", relay] + (["--p2p-tcp-address", f"127.0.0.1:{PORTS + index}"] if index < LISTENING else [])


def expect_duties(text, slots, indices):
    """All of `indices` finish every duty of the next `slots` slots."""
    first = lab.slot() + 1
    lab.sleep_until_slot(first + slots, 0.9 * args.slot_seconds)
    rows = lab.table(first, first + slots - 1, indices)
    for slot, (done, late) in rows.items():
        lab.say(f"  slot {slot}: {done} of {len(indices)} nodes done" + (f", the last {late:.1f} s into the slot" if late else ""))
    missed = [slot for slot, (done, _) in rows.items() if done < len(indices)]
    if not rows or missed:
        raise Failed(f"{text}: duties of slots {missed or 'none seen'} were not done everywhere")
    lab.say(f"{text}: {len(rows)} slots with duties, done on {len(indices)} nodes each")


def is_mesh(want=lambda index, other, path: True):
    views = [lab.peers(index) for index in range(args.nodes)]
    return all(len(view) == args.nodes - 1 and all(want(i, other, path) for other, path in view.items())
               for i, view in enumerate(views))


def show_paths():
    for index in range(args.nodes):
        lab.say(f"  node {index} ({'listens' if index < LISTENING else 'does not listen'}): " + ", ".join(
            f"{other} {path}" for other, path in sorted(lab.peers(index).items())))


def body():
    lab.create()
    lab.start_chain()
    relay = lab.start_relay("127.0.0.1", ports=(PORTS + 50, PORTS + 51, PORTS + 52))
    for index in range(args.nodes):
        lab.start_node(index, options(index, relay), debug_port=PORTS + 20 + index)
    began = time.time()
    lab.wait_for("a full mesh", is_mesh, 60)
    lab.say(f"full mesh after {time.time() - began:.1f} s, knowing only {relay}")
    # A pair with a listening end can go direct; the others cannot.
    lab.wait_for("direct connections where one end listens", lambda: is_mesh(
        lambda a, b, path: path == ("direct" if min(a, b) < LISTENING else "relay")), 150)
    lab.say(f"direct where one end listens after {time.time() - began:.1f} s")
    show_paths()
    lab.wait_for_genesis()
    everybody = list(range(args.nodes))
    expect_duties("through the relay and direct", 3, everybody)

    lab.stop("relay", signal.SIGKILL)
    lab.say("relay killed: the nodes that listen keep everybody together")
    expect_duties("without the relay", 3, everybody)

    lab.stop("node1")
    lab.start_node(1, options(1, ""), debug_port=PORTS + 21)
    began = time.time()
    lab.wait_for("node 1 back with the nodes it can dial or that dial it", lambda: len(lab.peers(1)) == args.nodes - 1, 60)
    lab.say(f"node 1, restarted without any relay, has its peers again after {time.time() - began:.1f} s")
    expect_duties("after a restart by stored addresses", 2, everybody)
    rejects = rejected(lab.stats())
    if rejects:
        raise Failed(f"rejected by the chain: {rejects}")
    for index in everybody:
        lab.stop(f"node{index}")


sys.exit(run(lab, body))
