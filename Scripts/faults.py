"""What goes wrong in `acceptance.py --faults`, and how much of it validator clients may feel."""
import json
import pathlib
import urllib.request

# What the two beacon nodes do wrong, by half epochs from epoch 1 on; each starts from nothing. Only what a node can
# withstand: a wrong head, target's root or proposer from the node that is asked looks as good as a right one.
STEPS = [
    [{"lag": "3"}, {}],
    [{"down": "503"}, {"events": "400"}],
    [{"lag": "60"}, {"lag": "0.3"}],
    [{"garbage": "1"}, {"events": "idle"}],
    [{}, {"down": "reset"}],
    # The fork schedule: one node knows a fork that the other does not, then both do.
    [{}, {"gloas": "900"}],
    [{"gloas": "900"}, {"gloas": "900"}],
    # It stays: nodes read the schedule when an epoch begins. One hangs, and the other has no aggregates: the validator
    # clients' 404.
    [{"lag": "60", "gloas": "900"}, {"status": "404", "status_path": "aggregate_attestation", "gloas": "900"}],
    # Lies. Duties are asked for in the midst of the epoch before, validators when one begins.
    [{"empty": "/duties/attester/", "gloas": "900"}, {"gloas": "900"}],
    [{"empty": "/duties/attester/", "gloas": "900"}, {"gloas": "900"}],
    [{"frozen": "1", "gloas": "900"}, {"gloas": "900"}],
    [{"empty": "/states/head/validators", "gloas": "900"}, {"empty": "/states/head/validators", "gloas": "900"}],
    [{"empty": "/states/head/validators"}, {"empty": "/states/head/validators"}],
    [{"target": "1"}, {}],
]
# What the node's log must say once so many steps are over.
SAID = [
    (7, "beacon node disagrees with the others about the chain"),
    (11, "the chain's forks changed"),
    (11, "beacon node may stand still without knowing it"),
    (13, "a beacon node does not know validators that were known before"),
]
# A head is far behind after 8 slots, and half an epoch of the minimal preset has 4.
LONG_ONLY = {"beacon node may stand still without knowing it"}
LIES = {"empty", "frozen", "target"}


class BeaconFaults:
    """Two beacon nodes in front of the chain: each a lying proxy before a fault proxy."""

    def __init__(self, python, testbed, ports, upstream, start):
        (self.fault_ports, self.lie_ports) = (ports[:2], ports[2:4])
        here = pathlib.Path(__file__).resolve().parent
        for index, (fault, lie) in enumerate(zip(self.fault_ports, self.lie_ports)):
            start(f"proxy{index}", [
                python, str(pathlib.Path(testbed) / "faultproxy.py"), "--port", str(fault), "--upstream", upstream])
            start(f"liar{index}", [
                python, str(here / "lying_proxy.py"), "--port", str(lie), "--upstream", f"http://127.0.0.1:{fault}"])
        self.endpoints = [f"http://127.0.0.1:{port}" for port in self.lie_ports]

    def set(self, half):
        """Of half epochs counted from the genesis. Returns what is wrong now."""
        step = STEPS[half - 2] if 0 <= half - 2 < len(STEPS) else [{}, {}]
        names = {name for each in STEPS for one in each for name in one}
        for fault, lie, wanted in zip(self.fault_ports, self.lie_ports, step):
            for port, own in ((fault, names - LIES), (lie, names & LIES)):
                query = "&".join(f"{name}={wanted.get(name, '')}" for name in sorted(own))
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_set?{query}", timeout=20) as answer:
                    json.load(answer)
        return step


def unsaid(text, epochs, slots_per_epoch):
    """What a node's log should say after so many epochs, and does not."""
    over = 2 * epochs - 2
    return [line for steps, line in SAID
            if over >= steps and line not in text and (slots_per_epoch >= 32 or line not in LONG_ONLY)]


def failures_of_client(lines, allowed):
    """What is wrong with a validator client, by its lines.

    `allowed`: how many of its duties may fail, or a fraction of all that it did; None if any number may.
    """
    wrong = [line for line in lines if line.startswith("FAILED")]
    last = next((line for line in reversed(lines) if line.startswith("done: ")), "done: {}")
    done = sum(json.loads(last.removeprefix("done: ")).values())
    if done == 0:
        return ["did nothing"]
    most = len(wrong) if allowed is None else allowed * (done + len(wrong)) if isinstance(allowed, float) else allowed
    return [f"was failed {len(wrong)} times of {done + len(wrong)}"] if len(wrong) > most else []
