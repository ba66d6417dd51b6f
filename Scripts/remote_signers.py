"""Remote signers of a cluster's nodes, for acceptance.py: signer.py of the testbed, one for each node that signs by itself.

Signers are told their keys by a file, and a node by its URL.
"""
import json
import pathlib
import subprocess
import time
import urllib.request


class RemoteSigners:
    def __init__(self, args, folder, ports, proxy_port, start):
        """`ports`: of each signer, by node; `start(name, command)` starts a process."""
        self.args, self.folder, self.ports, self.proxy_port, self.start = args, folder, ports, proxy_port, start
        self.testbed = pathlib.Path(args.specnode).parent
        self.processes = {}
        # How node 0's signer is spoiled: by key, or all of what it says alike; None for not at all.
        self.spoiled = next((how for how in ("wrong", "slow", "garbage") if getattr(args, f"{how}_signer")), None)

    def log(self, index):
        return f"{self.folder}/signed{index}.jsonl"

    def start_signer(self, index):
        self.processes[index] = self.start(f"signer{index}", [
            self.args.python, str(self.testbed / "signer.py"), "--port", str(self.ports[index]), "--keys",
            f"{self.folder}/cluster/node{index}/validator_keys.keys", "--preset", self.args.preset, "--fork",
            self.args.fork, "--log", self.log(index)])

    def start_all(self):
        homes = [f"{self.folder}/cluster/node{index}/validator_keys" for index in range(len(self.ports))]
        subprocess.run([self.args.python, str(self.testbed / "ks.py"), *homes], check=True, stdout=subprocess.DEVNULL)
        for index in range(len(self.ports)):
            self.start_signer(index)
        if self.spoiled:
            self.wait_for(self.ports[0])
            # Later than a node waits for an answer, which is 2 s.
            how = {"wrong": [], "slow": ["--how", "late", "--late", "5"], "garbage": ["--how", "garbage"]}
            self.start("signer-proxy", [
                self.args.python, str(pathlib.Path(__file__).with_name("signer_proxy.py").absolute()), "--port",
                str(self.proxy_port), "--upstream", f"http://127.0.0.1:{self.ports[0]}", "--log",
                f"{self.folder}/spoiled.jsonl"] + how[self.spoiled])

    @staticmethod
    def wait_for(port):
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/upcheck", timeout=5).close()
                return
            except OSError:
                time.sleep(0.5)
        raise SystemExit(f"acceptance: the signer at port {port} did not answer within two minutes")

    def url(self, index):
        return f"http://127.0.0.1:{self.proxy_port if self.spoiled and index == 0 else self.ports[index]}"

    def flags(self, index):
        return ["--signer", "remote", "--signer-url", self.url(index)]

    def kill(self, index):
        self.processes[index].kill()
        self.processes[index].wait()

    def node_log(self, index):
        return pathlib.Path(f"{self.folder}/node{index}.log").read_text(errors="replace")

    def faults(self):
        """What the signers and the nodes' logs say that they should not, and what they do not say."""
        failed = []
        for index in range(len(self.ports)):
            lines = [json.loads(line) for line in open(self.log(index))]
            types = {}
            for line in lines:
                types[line["type"]] = types.get(line["type"], 0) + 1
            print(f"acceptance: signer {index} was asked for {types}", flush=True)
            wrong = [line for line in lines if line["root_mismatch"]]
            failed += [f"signer {index} found another signing root: {line['type']} {line['b']}" for line in wrong[:3]]
            text = pathlib.Path(f"{self.folder}/signer{index}.log").read_text(errors="replace")
            if "Traceback" in text or "Error handling request" in text:
                failed.append(f"signer {index} could not read a request, see signer{index}.log")
            if not lines:
                failed.append(f"signer {index} was asked for nothing")
            if not (self.spoiled and index == 0) and "remote signer did not sign" in self.node_log(index):
                failed.append(f"node {index} says that its signer did not sign")
        if self.args.kill_signer_in is not None:
            log = self.node_log(len(self.ports) - 1)
            failed += [f"the node of the killed signer did not say: {each}" for each in (
                "remote signer is out of reach", "remote signer answers again") if each not in log]
        if self.spoiled:
            failed += self.wrong_signer_faults() if self.spoiled == "wrong" else self.useless_signer_faults()
            failed += self.told_to_others()
        return failed

    def wrong_signer_faults(self):
        failed = []
        spoiled = [json.loads(line) for line in open(f"{self.folder}/spoiled.jsonl")]
        counts = {how: sum(each["how"] == how for each in spoiled) for how in ("wrong", "garbage", "late")}
        print(f"acceptance: the signer of node 0 spoiled {counts}", flush=True)
        log = self.node_log(0).splitlines()
        for how, words in {"wrong": "remote signer made a wrong signature", "garbage": "no signature"}.items():
            if not counts[how]:
                failed.append(f"the proxy spoiled nothing: {how}")
            keys = {each["key"] for each in spoiled if each["how"] == how}
            named = [line for line in log if words in line and self.url(0) in line and any(key in line for key in keys)]
            loud = [line for line in named if line.split()[1] in ("WARN", "ERRO")]
            if not named:
                failed.append(f"node 0 did not name its signer and the key: {how}")
            elif len(loud) > len(keys):
                failed.append(f"node 0 said {len(loud)} times: {words}")
        return failed

    def useless_signer_faults(self):
        """Of one that never makes a signature that can be used: it is named, now and then, and nothing of it is shared."""
        spoiled = [json.loads(line) for line in open(f"{self.folder}/spoiled.jsonl")]
        print(f"acceptance: the signer of node 0 spoiled {len(spoiled)} answers", flush=True)
        words = {"slow": "did not answer in time", "garbage": "no signature"}[self.spoiled]
        log = self.node_log(0).splitlines()
        named = [line for line in log if words in line and self.url(0) in line]
        loud = [line for line in named if line.split()[1] in ("WARN", "ERRO")]
        failed = [] if spoiled else ["the proxy spoiled nothing"]
        if not loud:
            failed.append(f"node 0 did not name its signer: {words}")
        done = [line for line in log if "duty done" in line and "attester" in line]
        if not done:
            failed.append("node 0 published nothing of what the others signed")
        return failed

    def told_to_others(self):
        failed = []
        for index in range(1, self.args.nodes):
            told = [line for line in self.node_log(index).splitlines() if "bad_share" in line or "bad_set" in line]
            failed += [f"node {index} was sent a bad share: {line}" for line in told[:3]]
        if self.spoiled != "wrong":
            # Whose signatures never hold has none to share: the others miss it.
            missed = any("an operator signs nothing" in self.node_log(index) for index in range(1, self.args.nodes))
            print(f"acceptance: the other nodes miss operator 0: {missed}", flush=True)
        return failed
