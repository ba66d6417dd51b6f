"""Plays one operator's validator client against a running node, and checks every answer against the Beacon API's own
OpenAPI document.

Every operation that the node answers itself is asked once with what a validator client would send at that time, signed
with the operator's key shares; what it passes on is asked where the beacon node has it. Prints a table: operation,
status, verdict. Exit status 1 if an answer is not valid, or an operation could not be asked in time.
"""
import argparse
import concurrent.futures
import hashlib
import importlib
import json
import os
import pathlib
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request

import jsonschema
import referencing
import referencing.jsonschema


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]


class Document:
    """The OpenAPI document, one file."""

    def __init__(self, path):
        self.paths = json.load(open(path))
        self.registry = referencing.Registry().with_resource(
            "urn:api", referencing.Resource.from_contents(
                self.paths, default_specification=referencing.jsonschema.DRAFT202012))
        self.paths = self.paths["paths"]

    def faults(self, method, path, answer):
        """What is wrong with an answer, in words; empty if nothing is."""
        responses = self.paths[path][method]["responses"]
        response = responses.get(str(answer.status))
        if response is None:
            return [f"status {answer.status} is not in the document: {answer.body[:200]!r}"]
        faults = []
        for name, header in response.get("headers", {}).items():
            value = answer.headers.get(name)
            if value is None:
                if header.get("required"):
                    faults.append(f"header {name} is missing")
            elif "schema" in header:
                faults += self.compare(header["schema"], self.as_json(value, header["schema"]), f"header {name}")
        content = response.get("content")
        if not content:
            return faults + ([f"a body where none belongs: {answer.body[:80]!r}"] if answer.body and answer.status == 200 else [])
        media = answer.headers.get("Content-Type", "").split(";")[0]
        if media not in content:
            return faults + [f"content type {media!r}"]
        if media == "application/json":
            try:
                faults += self.compare(content[media]["schema"], answer.json, "body")
            except ValueError as error:
                faults.append(f"no JSON: {error}")
        elif not answer.body:
            faults.append("no body")
        return faults

    @staticmethod
    def as_json(text, schema):
        return {"true": True, "false": False}.get(text, text) if schema.get("type") == "boolean" else text

    def compare(self, schema, value, what):
        validator = jsonschema.Draft202012Validator(self.rooted(schema), registry=self.registry)
        return [f"{what} at {'/'.join(map(str, error.path))}: {error.message[:120]}" for error in validator.iter_errors(value)][:3]

    def rooted(self, schema):
        if isinstance(schema, dict):
            return {k: "urn:api" + v if k == "$ref" else self.rooted(v) for k, v in schema.items()}
        return [self.rooted(each) for each in schema] if isinstance(schema, list) else schema


# The status of a duty that the cluster did not perform. It may: that is the acceptance run's to judge.
MISSED = 503
# What a node says that signs by itself, and saw another head of the chain than we did.
ANOTHER = "another message was signed"
ATTEMPTS = 4


class Check:
    def __init__(self, args):
        self.args = args
        self.document = Document(os.path.join(args.testbed, "beacon-api.bundle.json"))
        self.spec = importlib.import_module(f"eth_consensus_specs.{args.fork}.{args.preset}")
        self.root = importlib.import_module("eth_consensus_specs.utils.ssz.ssz_impl").hash_tree_root
        self.table = {}
        self.pool = concurrent.futures.ThreadPoolExecutor(8)
        # Whether one of ours is to propose a block in time.
        self.has_proposal = True

    # Asking

    def send(self, method, target, body=None, headers=None, timeout=15):
        headers = {"Accept": "application/json", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.args.url + target, data=body, headers=headers, method=method.upper())
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def ask(self, method, path, expected=200, label=None, query="", body=None, headers=None, **parameters):
        """Asks one operation and notes what came of it. Returns the answer, None if there is no valid one."""
        name = f"{method.upper()} {path}" + (f" ({label})" if label else "")
        target = path
        for key, value in parameters.items():
            target = target.replace("{" + key + "}", str(value))
        try:
            answer = self.send(method, target + query, body, headers)
        except OSError as error:
            self.table[name] = (0, [str(error)])
            return None
        faults = self.document.faults(method, path, answer)
        if answer.status != expected:
            faults.insert(0, f"expected {expected}, got {answer.body[:160]!r}")
        # A fault stays, but for a duty that the cluster missed, or for which the node itself signed another head first.
        status, known = self.table.get(name, (0, []))
        if not known or status == MISSED or ANOTHER in known[0]:
            self.table[name] = (answer.status, faults)
        return None if faults else answer

    # Signing

    def domain(self, kind, version=None):
        return self.spec.compute_domain(self.spec.DomainType(kind), self.spec.Version(version or self.version), self.gvr)

    def sign(self, index, value, kind, version=None):
        root = self.spec.compute_signing_root(value, self.domain(kind, version))
        return "0x" + bytes(self.spec.bls.Sign(self.keys[index], root)).hex()

    # Time

    def slot(self):
        return max(0, int((time.time() - self.genesis) // self.seconds))

    def sleep_until(self, slot, part=0.0):
        time.sleep(max(0, self.genesis + (slot + part) * self.seconds - time.time()))

    # The parts

    def learn(self):
        """Asks what every client asks first. Returns once the node answers."""
        end = time.time() + 120
        while True:
            try:
                answer = self.send("get", "/eth/v1/beacon/genesis")
                if answer.status == 200:
                    break
            except OSError:
                pass
            if time.time() > end:
                raise SystemExit("vapi-check: the node did not answer within two minutes")
            time.sleep(0.5)
        genesis = self.ask("get", "/eth/v1/beacon/genesis").data
        self.genesis, self.gvr = int(genesis["genesis_time"]), bytes.fromhex(genesis["genesis_validators_root"][2:])
        spec = self.ask("get", "/eth/v1/config/spec").data
        self.seconds = int(spec.get("SLOT_DURATION_MS", 0)) / 1000 or int(spec["SECONDS_PER_SLOT"])
        self.per_epoch = int(spec["SLOTS_PER_EPOCH"])
        self.version = self.ask("get", "/eth/v1/beacon/states/{state_id}/fork", state_id="head").data["current_version"]
        self.ask("get", "/eth/v1/node/version")
        subprocess.run([sys.executable, os.path.join(self.args.testbed, "ks.py"), self.args.keys], check=True,
                       stdout=subprocess.DEVNULL)
        secrets = [int(line, 16) for line in pathlib.Path(self.args.keys.rstrip("/") + ".keys").read_text().split()]
        shares = {"0x" + bytes(self.spec.bls.SkToPk(each)).hex(): each for each in secrets}
        rows = self.ask("post", "/eth/v1/beacon/states/{state_id}/validators", state_id="head",
                        body={"ids": list(shares)}).data
        self.keys = {int(row["index"]): shares[row["validator"]["pubkey"]] for row in rows}
        if len(self.keys) != len(secrets):
            raise SystemExit(f"vapi-check: {len(secrets)} key shares, but the node knows {len(self.keys)} of them")
        self.indices = [str(each) for each in self.keys]
        return list(shares)[0]

    def still(self, share):
        """Operations whose answer does not depend on the time."""
        head = {"state_id": "head"}
        self.ask("get", "/eth/v1/beacon/states/{state_id}/validators", query=f"?id={share}", **head)
        self.ask("get", "/eth/v1/beacon/states/{state_id}/validators", label="without ids", **head)
        self.ask("get", "/eth/v1/beacon/states/{state_id}/validators/{validator_id}", validator_id=share, **head)
        self.ask("get", "/eth/v1/beacon/states/{state_id}/validators/{validator_id}", label="unknown", expected=404,
                 validator_id=10**9, **head)
        epoch = self.slot() // self.per_epoch
        for kind in ("attester", "sync"):
            self.ask("post", f"/eth/v1/validator/duties/{kind}/{{epoch}}", epoch=epoch, body=self.indices)
        self.ask("post", "/eth/v1/validator/duties/attester/{epoch}", label="of nobody", epoch=epoch, body=[str(10**9)])
        self.ask("post", "/eth/v1/validator/duties/attester/{epoch}", label="malformed", expected=400, epoch=epoch, body={})
        for version in ("v1", "v2"):
            self.ask("get", f"/eth/{version}/validator/duties/proposer/{{epoch}}", epoch=epoch)
        self.ask("get", "/eth/v1/validator/attestation_data", label="without slot", expected=400)
        self.ask("post", "/eth/v1/validator/prepare_beacon_proposer",
                 body=[{"validator_index": each, "fee_recipient": "0x" + "11" * 20} for each in self.indices])
        self.ask("post", "/eth/v1/validator/register_validator", body=[])
        # Passed on.
        for path in ("node/syncing", "node/health", "node/peers", "node/peer_count", "config/fork_schedule",
                     "config/deposit_contract", "beacon/headers"):
            self.ask("get", f"/eth/v1/{path}")
        for path in ("root", "finality_checkpoints", "committees"):
            self.ask("get", f"/eth/v1/beacon/states/{{state_id}}/{path}", **head)
        self.ask("get", "/eth/v1/beacon/headers/{block_id}", block_id="head")
        self.ask("get", "/eth/v1/beacon/blocks/{block_id}/root", block_id="head")
        self.ask("get", "/eth/v2/beacon/blocks/{block_id}", block_id="head")
        self.ask("get", "/eth/v2/beacon/blocks/{block_id}", label="SSZ", block_id="head",
                 headers={"Accept": "application/octet-stream"})
        self.ask("post", "/eth/v1/validator/liveness/{epoch}", epoch=epoch, body=self.indices)

    def events(self):
        name = "GET /eth/v1/events"
        request = urllib.request.Request(self.args.url + "/eth/v1/events?topics=head&topics=block")
        try:
            with urllib.request.urlopen(request, timeout=4 * self.seconds) as answer:
                media = answer.headers.get("Content-Type", "").split(";")[0]
                seen = set()
                while seen != {"head", "block"}:
                    line = answer.readline().decode()
                    if not line:
                        break
                    if line.startswith("event:"):
                        seen.add(line.split(":")[1].strip())
                faults = [] if media == "text/event-stream" else [f"content type {media!r}"]
                if seen != {"head", "block"}:
                    faults.append(f"events {sorted(seen)}")
                self.table[name] = (answer.status, faults)
        except OSError as error:
            self.table[name] = (0, [str(error)])

    def duties(self, kind):
        """Of the current and the next epoch, from the next slot but one on, the earliest first."""
        epoch = self.slot() // self.per_epoch
        rows = []
        for each in (epoch, epoch + 1):
            if kind == "proposer":
                answer = self.send("get", f"/eth/v1/validator/duties/proposer/{each}")
            else:
                answer = self.send("post", f"/eth/v1/validator/duties/{kind}/{each}", self.indices)
            if answer.status == 200:
                rows += [row for row in answer.data if int(row["validator_index"]) in self.keys]
        return sorted((row for row in rows if int(row["slot"]) > self.slot()), key=lambda row: int(row["slot"]))

    def insist(self, part):
        """Asks a part again, for a later duty, until the cluster performed it whole."""
        for _ in range(ATTEMPTS):
            if part():
                return
            self.sleep_until(self.slot() + 1)

    def attest(self):
        """Returns whether all of it was asked and answered, as do the other duties."""
        duty = self.duties("attester")[0]
        slot, index, committee = int(duty["slot"]), int(duty["validator_index"]), duty["committee_index"]
        self.ask("post", "/eth/v1/validator/beacon_committee_subscriptions", body=[{
            "validator_index": str(index), "committee_index": committee, "committees_at_slot": duty["committees_at_slot"],
            "slot": str(slot), "is_aggregator": True}])
        proof = self.sign(index, self.spec.Slot(slot), self.spec.DOMAIN_SELECTION_PROOF)
        self.sleep_until(slot)
        selection = self.pool.submit(
            self.ask, "post", "/eth/v1/validator/beacon_committee_selections",
            body=[{"validator_index": str(index), "slot": str(slot), "selection_proof": proof}])
        answer = self.ask("get", "/eth/v1/validator/attestation_data", query=f"?slot={slot}&committee_index={committee}")
        self.ask("get", "/eth/v1/validator/attestation_data", label="SSZ", query=f"?slot={slot}&committee_index={committee}",
                 headers={"Accept": "application/octet-stream"})
        if not answer:
            return False
        data = self.spec.AttestationData.from_obj(answer.data)
        version = {"Eth-Consensus-Version": self.args.fork}
        self.ask("post", "/eth/v2/beacon/pool/attestations", headers=version, body=[{
            "committee_index": committee, "attester_index": str(index), "data": answer.data,
            "signature": self.sign(index, data, self.spec.DOMAIN_BEACON_ATTESTER)}])
        aggregate = self.ask(
            "get", "/eth/v2/validator/aggregate_attestation",
            query=f"?slot={slot}&attestation_data_root=0x{bytes(self.root(data)).hex()}&committee_index={committee}")
        selection = selection.result()
        if not aggregate or not selection:
            return False
        message = {"aggregator_index": str(index), "aggregate": aggregate.data,
                   "selection_proof": selection.data[0]["selection_proof"]}
        value = self.spec.AggregateAndProof.from_obj(message)
        return self.ask("post", "/eth/v2/validator/aggregate_and_proofs", headers=version, body=[{
            "message": message, "signature": self.sign(index, value, self.spec.DOMAIN_AGGREGATE_AND_PROOF)}])

    def select_for_sync(self, slot, rows):
        """At a slot's start. Returns one of ours that is to aggregate in it, its subcommittee and whole proof, or None:
        what nobody aggregates, the cluster does not decide."""
        wanted = [(int(row["validator_index"]), int(position) // (int(self.spec.SYNC_COMMITTEE_SIZE) // 4))
                  for row in rows for position in row["validator_sync_committee_indices"]]
        partials = []
        for index, subcommittee in sorted(set(wanted)):
            data = self.spec.SyncAggregatorSelectionData(slot=slot, subcommittee_index=subcommittee)
            partials.append({
                "validator_index": str(index), "slot": str(slot), "subcommittee_index": str(subcommittee),
                "selection_proof": self.sign(index, data, self.spec.DOMAIN_SYNC_COMMITTEE_SELECTION_PROOF)})
        self.sleep_until(slot)
        answer = self.ask("post", "/eth/v1/validator/sync_committee_selections", body=partials)
        for each in answer.data if answer else []:
            proof = each["selection_proof"]
            if self.spec.is_sync_committee_aggregator(self.spec.BLSSignature(bytes.fromhex(proof[2:]))):
                return int(each["validator_index"]), int(each["subcommittee_index"]), proof
        return None

    def sync(self):
        epoch = self.slot() // self.per_epoch
        rows = self.send("post", f"/eth/v1/validator/duties/sync/{epoch}", self.indices).data
        self.ask("post", "/eth/v1/validator/sync_committee_subscriptions", body=[{
            "validator_index": row["validator_index"], "until_epoch": str(epoch + 1),
            "sync_committee_indices": row["validator_sync_committee_indices"]} for row in rows])
        chosen = None
        while not chosen and self.slot() // self.per_epoch == epoch:
            slot = self.slot() + 1
            chosen = self.select_for_sync(slot, rows)
        if not chosen:
            return False
        index, subcommittee, proof = chosen
        self.sleep_until(slot, 0.4)
        head = self.send("get", "/eth/v1/beacon/blocks/head/root").data["root"]
        message = self.ask("post", "/eth/v1/beacon/pool/sync_committees", body=[{
            "slot": str(slot), "beacon_block_root": head, "validator_index": str(index),
            "signature": self.sign(index, self.spec.Root(bytes.fromhex(head[2:])), self.spec.DOMAIN_SYNC_COMMITTEE)}])
        contribution = self.ask(
            "get", "/eth/v1/validator/sync_committee_contribution",
            query=f"?slot={slot}&subcommittee_index={subcommittee}&beacon_block_root={head}")
        if not message or not contribution:
            return False
        message = {"aggregator_index": str(index), "contribution": contribution.data,
                   "selection_proof": proof}
        value = self.spec.ContributionAndProof.from_obj(message)
        return self.ask("post", "/eth/v1/validator/contribution_and_proofs", body=[{
            "message": message, "signature": self.sign(index, value, self.spec.DOMAIN_CONTRIBUTION_AND_PROOF)}])

    def propose(self):
        end = self.args.until or time.time() + 4 * self.per_epoch * self.seconds
        while not (rows := self.duties("proposer")):
            self.sleep_until(self.slot() + 1)
            if time.time() > end:
                break
        if not rows or self.genesis + (int(rows[0]["slot"]) + 1) * self.seconds > end:
            self.has_proposal = "GET /eth/v3/validator/blocks/{slot}" in self.table
            return True
        duty = rows[0]
        slot, index = int(duty["slot"]), int(duty["validator_index"])
        randao = self.sign(index, self.spec.Epoch(slot // self.per_epoch), self.spec.DOMAIN_RANDAO)
        self.sleep_until(slot)
        path = "/eth/v3/validator/blocks/{slot}"
        answer = self.ask("get", path, query=f"?randao_reveal={randao}", slot=slot)
        self.ask("get", path, label="SSZ", query=f"?randao_reveal={randao}", slot=slot,
                 headers={"Accept": "application/octet-stream"})
        if not answer:
            return False
        blinded = answer.json["execution_payload_blinded"]
        kind = "blinded_blocks" if blinded else "blocks"
        if blinded:
            root = self.blinded_root(answer.data)
        else:
            root = self.root(self.spec.BeaconBlock.from_obj(answer.data["block"]))
        signed = {"message": answer.data if blinded else answer.data["block"],
                  "signature": self.sign(index, self.spec.Root(root), self.spec.DOMAIN_BEACON_PROPOSER)}
        contents = signed if blinded else {
            "signed_block": signed, "kzg_proofs": answer.data["kzg_proofs"], "blobs": answer.data["blobs"]}
        return self.ask("post", f"/eth/v2/beacon/{kind}", headers={"Eth-Consensus-Version": self.args.fork}, body=contents)

    def blinded_root(self, message):
        """That of the full block is the same: a payload and its header have one root."""
        # The cluster publishes it without waiting for us.
        while (answer := self.send("get", f"/eth/v2/beacon/blocks/{message['slot']}")).status != 200:
            if self.slot() > int(message["slot"]):
                raise RuntimeError(f"the cluster's block of slot {message['slot']} did not reach the beacon node")
            time.sleep(0.2)
        return self.root(self.spec.BeaconBlock.from_obj(answer.data["message"]))

    def leave(self):
        """One share of an exit: never enough for one."""
        index = int(self.indices[-1])
        epoch = self.slot() // self.per_epoch
        message = {"epoch": str(epoch), "validator_index": str(index)}
        value = self.spec.VoluntaryExit(epoch=epoch, validator_index=index)
        self.ask("post", "/eth/v1/beacon/pool/voluntary_exits", body={
            "message": message,
            "signature": self.sign(index, value, self.spec.DOMAIN_VOLUNTARY_EXIT, self.args.capella_version)})

    def run(self):
        share = self.learn()
        # The cluster's duties begin at genesis.
        self.sleep_until(max(2, self.slot()))
        parts = [self.pool.submit(self.insist, part) for part in (self.attest, self.sync, self.propose)]
        parts += [self.pool.submit(part) for part in (self.events, self.leave)]
        self.still(share)
        crashed = []
        for part in parts:
            try:
                part.result()
            except Exception:
                crashed.append(traceback.format_exc())
        for method, path in NEEDED:
            if self.has_proposal or path not in PROPOSAL:
                self.table.setdefault(f"{method} {path}", (0, ["was not asked"]))
        return crashed


# What the node answers itself (validator-api.md §3), and what every client needs of the rest.
NEEDED = [
    ("POST", "/eth/v1/validator/duties/attester/{epoch}"), ("GET", "/eth/v1/validator/duties/proposer/{epoch}"),
    ("GET", "/eth/v2/validator/duties/proposer/{epoch}"), ("POST", "/eth/v1/validator/duties/sync/{epoch}"),
    ("GET", "/eth/v1/validator/attestation_data"), ("POST", "/eth/v2/beacon/pool/attestations"),
    ("GET", "/eth/v1/beacon/states/{state_id}/validators"), ("POST", "/eth/v1/beacon/states/{state_id}/validators"),
    ("GET", "/eth/v1/beacon/states/{state_id}/validators/{validator_id}"), ("GET", "/eth/v3/validator/blocks/{slot}"),
    ("POST", "/eth/v1/validator/register_validator"), ("POST", "/eth/v1/beacon/pool/voluntary_exits"),
    ("POST", "/eth/v1/validator/beacon_committee_selections"), ("GET", "/eth/v2/validator/aggregate_attestation"),
    ("POST", "/eth/v2/validator/aggregate_and_proofs"), ("POST", "/eth/v1/beacon/pool/sync_committees"),
    ("POST", "/eth/v1/validator/sync_committee_selections"), ("GET", "/eth/v1/validator/sync_committee_contribution"),
    ("POST", "/eth/v1/validator/contribution_and_proofs"), ("POST", "/eth/v1/validator/prepare_beacon_proposer"),
    ("GET", "/eth/v1/node/version"), ("GET", "/eth/v1/events"),
]
PROPOSAL = ("/eth/v3/validator/blocks/{slot}", "/eth/v2/beacon/blocks", "/eth/v2/beacon/blinded_blocks")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="of the node's validator API")
    parser.add_argument("--testbed", required=True, help="folder with beacon-api.bundle.json and ks.py")
    parser.add_argument("--keys", required=True, help="the operator's validator_keys")
    parser.add_argument("--preset", default="mainnet")
    parser.add_argument("--fork", default="fulu")
    parser.add_argument("--blinded", action="store_true")
    parser.add_argument("--capella-version", default="0x40000910", help="of the lock's network: exits are signed for it")
    parser.add_argument("--until", type=float, help="Unix time up to which a proposal of ours is waited for")
    args = parser.parse_args()
    NEEDED.append(("POST", "/eth/v2/beacon/blinded_blocks" if args.blinded else "/eth/v2/beacon/blocks"))
    check = Check(args)
    crashed = check.run()
    width = max(map(len, check.table))
    bad = 0
    for name, (status, faults) in sorted(check.table.items(), key=lambda row: row[0].split(" ", 1)[1]):
        bad += bool(faults)
        print(f"{name:<{width}}  {status or '-':>3}  {'valid' if not faults else 'NOT VALID: ' + '; '.join(faults)}", flush=True)
    for text in crashed:
        print(text)
    if not check.has_proposal:
        print("vapi-check: block production and publication were not asked: no validator of the cluster proposed in time")
    print(f"vapi-check: {len(check.table)} operations, {bad} not valid" + (", and the check itself failed" if crashed else ""))
    os._exit(1 if bad or crashed else 0)


if __name__ == "__main__":
    main()
