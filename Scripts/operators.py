"""What operators do by hand while a cluster of acceptance.py runs: key shares come and go by the keymanager API, settings
change, and validators exit, some of it while a node is away. Each function returns what went wrong.
"""
import json
import pathlib
import subprocess
import time
import urllib.error
import urllib.request


def say(text):
    print(f"acceptance: {text}", flush=True)


def ask(url, method="GET", body=None, token=None):
    """Status and JSON, or the text of what is none."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(
        url, method=method, headers=headers, data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode(errors="replace")
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


class Keymanagers:
    """The keymanager API of each node that signs with keystores."""

    def __init__(self, folder, lock, ports):
        self.folder, self.lock, self.ports = folder, lock, ports

    def flags(self, index):
        return ["--keymanager-address", f"127.0.0.1:{self.ports[index]}",
                "--keymanager-token-file", f"{self.folder}/token{index}.txt"]

    def share(self, validator, index):
        return self.lock["distributed_validators"][validator]["public_shares"][index]

    def call(self, index, path, method="GET", body=None):
        token = pathlib.Path(f"{self.folder}/token{index}.txt").read_text().strip()
        return ask(f"http://127.0.0.1:{self.ports[index]}{path}", method, body, token)

    def remove(self):
        """The first validator's key share of node 0, under duties."""
        key = self.share(0, 0)
        home = pathlib.Path(f"{self.folder}/cluster/node0/validator_keys")
        file = next(each for each in home.glob("keystore-*.json") if json.loads(each.read_text())["pubkey"] == key[2:])
        self.keystore, self.password = file.read_text(), file.with_suffix(".txt").read_text()
        status, answer = self.call(0, "/eth/v1/keystores", "DELETE", {"pubkeys": [key]})
        say(f"key share {key[:12]}… deleted at node 0: {status} {answer['data']}")
        self.history = answer["slashing_protection"]
        rows = [row for row in json.loads(self.history)["data"] if row["pubkey"] == key]
        failed = [] if [each["status"] for each in answer["data"]] == ["deleted"] else [f"DELETE keystores: {answer}"]
        if not rows or not rows[0]["signed_attestations"]:
            failed.append(f"the slashing protection of a deleted key share has no vote: {self.history}")
        status, answer = self.call(0, "/eth/v1/keystores")
        if key in [row["validating_pubkey"] for row in answer["data"]] or file.exists():
            failed.append("a deleted key share is still there")
        return failed

    def bring_back(self):
        key = self.share(0, 0)
        body = {"keystores": [self.keystore], "passwords": [self.password], "slashing_protection": self.history}
        status, answer = self.call(0, "/eth/v1/keystores", "POST", body)
        say(f"it is imported again: {status} {answer['data']}")
        failed = [] if [each["status"] for each in answer["data"]] == ["imported"] else [f"POST keystores: {answer}"]
        path = f"/eth/v1/validator/{key}"
        for index in range(len(self.ports)):
            share = f"/eth/v1/validator/{self.share(0, index)}"
            status, answer = self.call(index, share + "/graffiti", "POST", {"graffiti": "by hand"})
            if status != 202:
                failed.append(f"POST graffiti: {status} {answer}")
            # As many operators as it takes, and no more.
            if index < len(self.ports) - 1:
                status, answer = self.call(index, share + "/gas_limit", "POST", {"gas_limit": "37000000"})
                if status != 202:
                    failed.append(f"POST gas_limit: {status} {answer}")
        status, answer = self.call(0, path + "/graffiti")
        if answer["data"]["graffiti"] != "by hand":
            failed.append(f"GET graffiti: {answer}")
        return failed

    def settled(self, chain_log):
        """At the end: what was set has come about."""
        failed = []
        for index in range(len(self.ports)):
            status, answer = self.call(index, f"/eth/v1/validator/{self.share(0, index)}/gas_limit")
            if status != 200 or answer["data"]["gas_limit"] != "37000000":
                failed.append(f"node {index}: the cluster did not agree on the gas limit: {status} {answer}")
        if any("graffiti b'by hand" in line for line in pathlib.Path(chain_log).read_text().splitlines()):
            say("a block has the graffiti that was set")
        else:
            say("no block of that validator was made since the graffiti was set")
        return failed

    def exit(self, validator, epoch, api_ports):
        """By the standard's voluntary_exit, whose answer is handed to the same node's validator API."""
        failed = []
        for index, port in enumerate(api_ports):
            path = f"/eth/v1/validator/{self.share(validator, index)}/voluntary_exit?epoch={epoch}"
            status, answer = self.call(index, path, "POST")
            if status != 200:
                failed.append(f"POST voluntary_exit: {status} {answer}")
                continue
            status, answer = ask(
                f"http://127.0.0.1:{port}/eth/v1/beacon/pool/voluntary_exits", "POST", answer["data"])
            if status != 200:
                failed.append(f"POST voluntary_exits: {status} {answer}")
        return failed


def exits_in_chain(base, validator):
    """How often the chain took it, and how many blocks have it."""
    stats = ask(f"{base}/specnode/stats")[1]["stats"].get(str(validator), {})
    return stats.get("exit", 0), stats.get("exit_included", 0)


def await_exit(base, validator, slot_seconds):
    """Until a block has it."""
    end = time.time() + 8 * slot_seconds
    while time.time() < end:
        if exits_in_chain(base, validator)[1] > 0:
            say(f"validator {validator}: the chain has its exit, {exits_in_chain(base, validator)[0]} nodes published it")
            return []
        time.sleep(0.5)
    return [f"validator {validator}: no exit in the chain within 8 slots: {exits_in_chain(base, validator)}"]


class ExitRequests:
    """Three of four operators leave an exit with their nodes while the fourth node is away."""

    def __init__(self, args, folder, base, api_ports, signing_flags):
        """`signing_flags`: of `styx exit request`, by node."""
        self.args, self.folder, self.base, self.api_ports = args, folder, base, api_ports
        self.signing_flags = signing_flags

    def request(self, index, pubkey, epoch, *more):
        home = f"{self.folder}/cluster/node{index}"
        done = subprocess.run(
            [self.args.styx, "exit", "request", "--lock-file", f"{home}/cluster-lock.json", "--private-key-file",
             f"{home}/charon-enr-private-key", "--beacon-node-endpoints", self.base, "--validator-public-key", pubkey,
             "--exit-epoch", str(epoch), "--validator-api-address", f"127.0.0.1:{self.api_ports[index]}"]
            + self.signing_flags(index) + list(more), capture_output=True, text=True, timeout=300)
        text = (done.stdout + done.stderr).strip()
        say(f"exit request at node {index}{' (dry)' if more else ''}: status {done.returncode}: "
            + " | ".join(text.splitlines()))
        return done.returncode, text

    def run(self, validator, pubkey, epoch, stop, restart):
        """`stop()` and `restart()` the last node, which returns when it answers again."""
        last = len(self.api_ports) - 1
        failed = []
        stop()
        since = time.time()
        for index in range(last):
            status, text = self.request(index, pubkey, epoch, "--dry-run")
            if f"{index} of the {last} operators" not in text:
                failed.append(f"dry run at node {index} did not count {index} shares: {text}")
            status, text = self.request(index, pubkey, epoch)
            wanted = "published" if index == last - 1 else f"{index + 1} of the {last} operators"
            if status != 0 or wanted not in text:
                failed.append(f"exit request at node {index}: {status} {text}")
            if index < last - 1 and exits_in_chain(self.base, validator) != (0, 0):
                failed.append("an exit was published although too few operators asked")
        failed += await_exit(self.base, validator, self.args.slot_seconds)
        away = self.args.exit_absent - (time.time() - since)
        say(f"the last node stays away for {max(0, away):.0f} s more")
        time.sleep(max(0, away))
        failed += restart()
        time.sleep(2 * self.args.slot_seconds)
        if exits_in_chain(self.base, validator)[1] != 1:
            failed.append(f"not one exit in the chain but {exits_in_chain(self.base, validator)}")
        status, answer = ask(f"http://127.0.0.1:{self.api_ports[last]}/styx/v1/exits/{epoch}")
        rows = [row for row in answer["data"] if row["pubkey"] == pubkey] if status == 200 else []
        # Complete exits are not shared again: the chain has them.
        say(f"the node that was away says of the exit: {status} {rows}")
        if status != 200:
            failed.append(f"the node that was away does not say how far exits are: {status} {answer}")
        return failed
