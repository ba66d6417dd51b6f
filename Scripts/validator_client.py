"""A validator client that knows nothing of clusters, on the executable Ethereum specification: roots, domains and
aggregator selection are the specification's, not ours. It holds an operator's key shares as if they were keys, talks
the Beacon API to one address, and performs every duty: blocks, attestations, aggregates, sync messages, contributions.

It ends with 0 on SIGTERM. What goes wrong is a line on the standard output that begins with FAILED.
"""
import argparse
import asyncio
import glob
import hashlib
import importlib
import json
import signal
import time
import unicodedata

import aiohttp
from Crypto.Cipher import AES
from Crypto.Util import Counter

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--node", required=True, help="URL of the node's validator API")
parser.add_argument("--keys", required=True, help="folder with EIP-2335 keystores and their passwords")
parser.add_argument("--preset", default="mainnet")
parser.add_argument("--fork", default="fulu")
args = parser.parse_args()

spec = importlib.import_module(f"eth_consensus_specs.{args.fork}.{args.preset}")
from eth_consensus_specs.utils.ssz import ssz_typing as ssz  # noqa: E402
from eth_consensus_specs.utils.ssz.ssz_impl import hash_tree_root, serialize  # noqa: E402

IS_ELECTRA = args.fork in ("electra", "fulu")
SLOTS = int(spec.SLOTS_PER_EPOCH)


def read_keys(folder):
    """Secret keys by public key. Source: EIP-2335."""
    keys = {}
    for path in sorted(glob.glob(f"{folder}/keystore-*.json")):
        crypto = json.load(open(path))["crypto"]
        text = unicodedata.normalize("NFKD", open(path[:-5] + ".txt").read().strip())
        password = "".join(c for c in text if not (ord(c) < 32 or 127 <= ord(c) < 160)).encode()
        kdf = crypto["kdf"]["params"]
        salt = bytes.fromhex(kdf["salt"])
        if crypto["kdf"]["function"] == "scrypt":
            derived = hashlib.scrypt(password, salt=salt, n=kdf["n"], r=kdf["r"], p=kdf["p"], dklen=kdf["dklen"], maxmem=1 << 29)
        else:
            derived = hashlib.pbkdf2_hmac("sha256", password, salt, kdf["c"], kdf["dklen"])
        cipher = bytes.fromhex(crypto["cipher"]["message"])
        if hashlib.sha256(derived[16:32] + cipher).hexdigest() != crypto["checksum"]["message"]:
            raise SystemExit(f"{path}: wrong password")
        counter = Counter.new(128, initial_value=int(crypto["cipher"]["params"]["iv"], 16))
        secret = int.from_bytes(AES.new(derived[:16], AES.MODE_CTR, counter=counter).decrypt(cipher), "big")
        keys["0x" + bytes(spec.bls.SkToPk(secret)).hex()] = secret
    return keys


def encode(value):
    if isinstance(value, ssz.Boolean):
        return bool(value)
    if isinstance(value, ssz.Uint):
        return str(int(value))
    if isinstance(value, (ssz.BitList, ssz.BitVector)):
        return "0x" + serialize(value).hex()
    if isinstance(value, bytes):
        return "0x" + bytes(value).hex()
    if isinstance(value, ssz.Container):
        return {name: encode(getattr(value, name)) for name in value.fields()}
    return [encode(each) for each in value]


def decode(kind, value):
    if issubclass(kind, ssz.Boolean):
        return kind(bool(value))
    if issubclass(kind, ssz.Uint):
        return kind(int(value))
    if issubclass(kind, (ssz.BitList, ssz.BitVector)):
        return kind.decode_bytes(bytes.fromhex(value[2:]))
    if issubclass(kind, bytes):
        return kind(bytes.fromhex(value[2:]))
    if issubclass(kind, ssz.Container):
        return kind(**{name: decode(field, value[name]) for name, field in kind.fields().items()})
    if isinstance(value, str):
        return kind.decode_bytes(bytes.fromhex(value[2:]))
    return kind([decode(kind.element_cls(), each) for each in value])


def with_header(kind, name, changes):
    """The container with other types for some of its fields, in the same order."""
    fields = {}
    for field, old in kind.fields().items():
        new = changes.get(field, (field, old))
        fields[new[0]] = new[1]
    return type(name, (ssz.Container,), {"__annotations__": fields})


BlindedBody = with_header(
    spec.BeaconBlockBody, "BlindedBody",
    {"execution_payload": ("execution_payload_header", spec.ExecutionPayloadHeader)})
BlindedBlock = with_header(spec.BeaconBlock, "BlindedBlock", {"body": ("body", BlindedBody)})


def failed(what, why):
    print(f"FAILED: {what}: {why}", flush=True)


class Client:
    def __init__(self, session):
        self.session = session
        self.keys = read_keys(args.keys)
        self.indices = {}
        self.tasks = set()
        self.done = {}

    async def ask(self, method, path, body=None, headers=None, **query):
        async with self.session.request(method, args.node + path, json=body, headers=headers, params=query) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path} {query}: {answer.status} {text[:300]}")
            return json.loads(text) if text else {}, answer.headers

    async def data(self, method, path, body=None, **query):
        return (await self.ask(method, path, body, **query))[0]["data"]

    def sign(self, pubkey, thing, domain_type, epoch):
        version = spec.Version(bytes.fromhex(self.version[2:]))
        domain = spec.compute_domain(domain_type, version, spec.Root(bytes.fromhex(self.genesis_root[2:])))
        return spec.bls.Sign(self.keys[pubkey], spec.compute_signing_root(thing, domain))

    # Start

    async def learn(self):
        while True:
            try:
                genesis = await self.data("GET", "/eth/v1/beacon/genesis")
                config = await self.data("GET", "/eth/v1/config/spec")
                rows = await self.data(
                    "POST", "/eth/v1/beacon/states/head/validators", {"ids": list(self.keys), "statuses": []})
                if len(rows) == len(self.keys):
                    break
            except (aiohttp.ClientError, RuntimeError, KeyError) as error:
                print(f"waiting: {error}", flush=True)
            await asyncio.sleep(0.5)
        self.genesis, self.genesis_root = int(genesis["genesis_time"]), genesis["genesis_validators_root"]
        self.slot_seconds = int(config["SLOT_DURATION_MS"]) / 1000
        self.version = config[args.fork.upper() + "_FORK_VERSION"]
        self.indices = {row["index"]: row["validator"]["pubkey"] for row in rows}
        for pubkey in self.indices.values():
            if pubkey not in self.keys:
                raise SystemExit(f"the node tells of {pubkey}, which is no key of ours")
        print(f"{len(self.indices)} validators", flush=True)

    def start_of(self, slot):
        return self.genesis + slot * self.slot_seconds

    def spawn(self, name, work, at=0.0):
        async def run():
            try:
                try:
                    await asyncio.sleep(max(0, at - time.time()))
                except asyncio.CancelledError:
                    work.close()
                    raise
                await work
                self.done[name] = self.done.get(name, 0) + 1
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001: each duty ends for itself
                failed(name, error)
        task = asyncio.create_task(run())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # Epochs

    async def duties(self, epoch):
        indices = list(self.indices)
        attesters, proposers, syncs = await asyncio.gather(
            self.data("POST", f"/eth/v1/validator/duties/attester/{epoch}", indices),
            self.data("GET", f"/eth/v1/validator/duties/proposer/{epoch}"),
            self.data("POST", f"/eth/v1/validator/duties/sync/{epoch}", indices))
        proposers = [row for row in proposers if row["pubkey"] in self.keys]
        return attesters, proposers, syncs

    async def select(self, epoch, attesters):
        """Complete selection proofs of an epoch, by validator and slot."""
        partials = [
            {"validator_index": row["validator_index"], "slot": row["slot"],
             "selection_proof": encode(self.sign(row["pubkey"], spec.Slot(int(row["slot"])), spec.DOMAIN_SELECTION_PROOF, epoch))}
            for row in attesters]
        if not partials:
            return []
        whole = await self.data("POST", "/eth/v1/validator/beacon_committee_selections", partials)
        chosen = []
        subscriptions = []
        for row, proof in zip(attesters, whole):
            if (row["validator_index"], row["slot"]) != (proof["validator_index"], proof["slot"]):
                raise RuntimeError("selections came back in another order")
            modulo = max(1, int(row["committee_length"]) // int(spec.TARGET_AGGREGATORS_PER_COMMITTEE))
            signature = spec.BLSSignature(bytes.fromhex(proof["selection_proof"][2:]))
            is_aggregator = int.from_bytes(spec.hash(signature)[:8], "little") % modulo == 0
            if is_aggregator:
                chosen.append((row, signature))
            subscriptions.append({
                "validator_index": row["validator_index"], "committee_index": row["committee_index"],
                "committees_at_slot": row["committees_at_slot"], "slot": row["slot"], "is_aggregator": is_aggregator})
        await self.ask("POST", "/eth/v1/validator/beacon_committee_subscriptions", subscriptions)
        return chosen

    async def prepare(self, epoch, syncs):
        await self.ask(
            "POST", "/eth/v1/validator/prepare_beacon_proposer",
            [{"validator_index": index, "fee_recipient": "0x" + "11" * 20} for index in self.indices])
        if syncs:
            await self.ask("POST", "/eth/v1/validator/sync_committee_subscriptions", [
                {"validator_index": row["validator_index"], "until_epoch": str(epoch + 1),
                 "sync_committee_indices": row["validator_sync_committee_indices"]} for row in syncs])

    # Duties

    async def propose(self, row):
        slot = int(row["slot"])
        randao = self.sign(row["pubkey"], spec.Epoch(slot // SLOTS), spec.DOMAIN_RANDAO, slot // SLOTS)
        answer, headers = await self.ask(
            "GET", f"/eth/v3/validator/blocks/{slot}", randao_reveal=encode(randao), graffiti="0x" + "33" * 32)
        is_blinded = headers["Eth-Execution-Payload-Blinded"] == "true"
        if is_blinded != answer["execution_payload_blinded"]:
            raise RuntimeError("header and body differ about blinding")
        contents = answer["data"]
        block = contents if is_blinded or "block" not in contents else contents["block"]
        root = hash_tree_root(decode(BlindedBlock if is_blinded else spec.BeaconBlock, block))
        signature = encode(self.sign(row["pubkey"], spec.Root(root), spec.DOMAIN_BEACON_PROPOSER, slot // SLOTS))
        signed = {"message": block, "signature": signature}
        if not is_blinded and "block" in contents:
            signed = {"signed_block": signed, "kzg_proofs": contents["kzg_proofs"], "blobs": contents["blobs"]}
        path = "/eth/v2/beacon/blinded_blocks" if is_blinded else "/eth/v2/beacon/blocks"
        await self.ask("POST", path, signed, {"Eth-Consensus-Version": args.fork})

    async def attest(self, slot, rows):
        epoch = slot // SLOTS
        answers = await asyncio.gather(*[
            self.data("GET", "/eth/v1/validator/attestation_data", slot=str(slot),
                      committee_index="0" if IS_ELECTRA else row["committee_index"]) for row in rows])
        submissions = []
        for row, answer in zip(rows, answers):
            data = decode(spec.AttestationData, answer)
            signature = encode(self.sign(row["pubkey"], data, spec.DOMAIN_BEACON_ATTESTER, epoch))
            if IS_ELECTRA:
                submissions.append({
                    "committee_index": row["committee_index"], "attester_index": row["validator_index"],
                    "data": encode(data), "signature": signature})
            else:
                bits = [n == int(row["validator_committee_index"]) for n in range(int(row["committee_length"]))]
                kind = spec.Attestation.fields()["aggregation_bits"]
                submissions.append({"aggregation_bits": encode(kind(bits)), "data": encode(data), "signature": signature})
        await self.ask("POST", "/eth/v2/beacon/pool/attestations", submissions, {"Eth-Consensus-Version": args.fork})
        return [hash_tree_root(decode(spec.AttestationData, answer)) for answer in answers]

    async def aggregate(self, slot, chosen):
        signed = []
        for row, proof in chosen:
            answer = await self.data("GET", "/eth/v1/validator/attestation_data", slot=str(slot),
                                     committee_index="0" if IS_ELECTRA else row["committee_index"])
            root = "0x" + hash_tree_root(decode(spec.AttestationData, answer)).hex()
            aggregate = decode(spec.Attestation, await self.data(
                "GET", "/eth/v2/validator/aggregate_attestation", attestation_data_root=root, slot=str(slot),
                committee_index=row["committee_index"]))
            message = spec.AggregateAndProof(
                aggregator_index=int(row["validator_index"]), aggregate=aggregate, selection_proof=proof)
            signature = self.sign(row["pubkey"], message, spec.DOMAIN_AGGREGATE_AND_PROOF, slot // SLOTS)
            signed.append({"message": encode(message), "signature": encode(signature)})
        await self.ask("POST", "/eth/v2/validator/aggregate_and_proofs", signed, {"Eth-Consensus-Version": args.fork})

    async def send_sync_messages(self, slot, syncs):
        root = (await self.data("GET", "/eth/v1/beacon/blocks/head/root"))["root"]
        block = spec.Root(bytes.fromhex(root[2:]))
        await self.ask("POST", "/eth/v1/beacon/pool/sync_committees", [
            {"slot": str(slot), "beacon_block_root": root, "validator_index": row["validator_index"],
             "signature": encode(self.sign(row["pubkey"], block, spec.DOMAIN_SYNC_COMMITTEE, slot // SLOTS))}
            for row in syncs])
        return root

    async def contribute(self, slot, syncs):
        """Selections at the slot's start, messages a third in, contributions two thirds in."""
        size = int(spec.SYNC_COMMITTEE_SIZE) // int(spec.SYNC_COMMITTEE_SUBNET_COUNT)
        partials = []
        for row in syncs:
            for subcommittee in sorted({int(p) // size for p in row["validator_sync_committee_indices"]}):
                data = spec.SyncAggregatorSelectionData(slot=slot, subcommittee_index=subcommittee)
                proof = self.sign(row["pubkey"], data, spec.DOMAIN_SYNC_COMMITTEE_SELECTION_PROOF, slot // SLOTS)
                partials.append({
                    "validator_index": row["validator_index"], "slot": str(slot),
                    "subcommittee_index": str(subcommittee), "selection_proof": encode(proof)})
        proofs = await self.data("POST", "/eth/v1/validator/sync_committee_selections", partials)
        await asyncio.sleep(max(0, self.start_of(slot) + self.slot_seconds / 3 - time.time()))
        root = await self.send_sync_messages(slot, syncs)
        await asyncio.sleep(max(0, self.start_of(slot) + self.slot_seconds * 2 / 3 - time.time()))
        signed = []
        for each in proofs:
            proof = spec.BLSSignature(bytes.fromhex(each["selection_proof"][2:]))
            if not spec.is_sync_committee_aggregator(proof):
                continue
            contribution = decode(spec.SyncCommitteeContribution, await self.data(
                "GET", "/eth/v1/validator/sync_committee_contribution", slot=str(slot),
                subcommittee_index=each["subcommittee_index"], beacon_block_root=root))
            message = spec.ContributionAndProof(
                aggregator_index=int(each["validator_index"]), contribution=contribution, selection_proof=proof)
            pubkey = self.indices[each["validator_index"]]
            signature = self.sign(pubkey, message, spec.DOMAIN_CONTRIBUTION_AND_PROOF, slot // SLOTS)
            signed.append({"message": encode(message), "signature": encode(signature)})
        if signed:
            await self.ask("POST", "/eth/v1/validator/contribution_and_proofs", signed)
            self.done["contributions"] = self.done.get("contributions", 0) + len(signed)

    # Time

    async def begin(self, epoch):
        if epoch in self.plans:
            return
        attesters, proposers, syncs = await self.duties(epoch)
        self.plans[epoch] = (attesters, proposers, syncs)
        self.spawn("preparations", self.prepare(epoch, syncs))
        selected = asyncio.get_running_loop().create_future()

        async def select():
            selected.set_result(await self.select(epoch, attesters))
        self.spawn("selections", select())

        async def aggregate():
            chosen = await selected
            for slot in sorted({int(row["slot"]) for row, _ in chosen}):
                rows = [(row, proof) for row, proof in chosen if int(row["slot"]) == slot]
                self.spawn("aggregates", self.aggregate(slot, rows), self.start_of(slot) + self.slot_seconds * 2 / 3)
        self.spawn("aggregations", aggregate())

    async def run(self):
        await self.learn()
        self.plans = {}
        slot = max(0, int((time.time() - self.genesis) // self.slot_seconds) + 1)
        while True:
            await asyncio.sleep(max(0, self.start_of(slot) - time.time()))
            epoch = slot // SLOTS
            while epoch not in self.plans:
                try:
                    await self.begin(epoch)
                except (aiohttp.ClientError, RuntimeError) as error:
                    failed(f"duties of epoch {epoch}", error)
                    await asyncio.sleep(0.5)
            attesters, proposers, syncs = self.plans[epoch]
            for row in proposers:
                # The genesis is the block of slot 0.
                if int(row["slot"]) == slot and slot > 0:
                    self.spawn("blocks", self.propose(row))
            rows = [row for row in attesters if int(row["slot"]) == slot]
            if rows:
                self.spawn("attestations", self.attest(slot, rows), self.start_of(slot) + self.slot_seconds / 3)
            if syncs:
                self.spawn("sync committees", self.contribute(slot, syncs))
            # As clients do, before it begins.
            if (slot + 1) % SLOTS == 0:
                self.spawn("next epochs", self.begin(epoch + 1), self.start_of(slot) + self.slot_seconds * 2 / 3)
            slot += 1


async def main():
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = Client(session)
        running = asyncio.create_task(client.run())
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, running.cancel)
        try:
            await running
        except asyncio.CancelledError:
            pass
        for task in client.tasks:
            task.cancel()
        print(f"done: {json.dumps(client.done, sort_keys=True)}", flush=True)


asyncio.run(main())
