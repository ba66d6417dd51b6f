"""Four `styx run` processes go over to new key shares at an epoch while they run: `styx alpha edit switch --at-epoch`.

Scenarios, each with a cluster and a chain of its own:
  agreed   all four operators plan it: all enter, no vote is missed, old key shares are wiped beside the running nodes
  away     one node is killed before the deciding slot and comes back after the epoch: it learns, and enters by itself
  few      two of four plan it: it is called off, and the old key shares sign on

The edit is a real one (`styx alpha edit recreate-private-keys`), beside the running nodes. They sign by themselves, on
journals made before genesis, so that they need no --accept-new-journal: a new journal at the switch would show, because
a node on such a one signs nothing for two epochs. Loopback only.
"""
import json
import signal
import sys
import time

from editing import NEW, Editing, Operator
from lab import SLOTS_PER_EPOCH, Failed, Here, Lab, arguments, free_ports, parse_time, rejected, run
from node_log import NodeLog, attester_domain, planned, shares_of_votes

PLANNED = "a switch to new key shares is planned: this node announces it"
CONFIRMED = "the cluster has agreed on the planned switch"
CALLED_OFF = "the planned switch is called off: too few operators announced it in time; all goes on as it was"
UNDECIDED = ("the cluster has decided on the planned switch without this node, or not at all: it asks its peers, and"
             " signs nothing from the epoch on until it knows")
ENTERING = "this node goes on with its new key shares"
REFUSED = "the journal cannot be used: this node signs nothing"
ENTERED = "the directory of the new cluster is in use now"

parser = arguments(__doc__)
parser.add_argument("scenario", nargs="*", help="agreed, away, few; all if none is named")
parser.add_argument("--loaded", action="store_true", help="the machine has other work: blocks may come too late")
parser.set_defaults(validators=8, genesis_delay=40)
args = parser.parse_args()


def bits(text):
    """Of an SSZ bitvector or bitlist in hex; a bitlist's has its end mark too."""
    return [byte >> i & 1 for byte in bytes.fromhex(text[2:]) for i in range(8)]


class SwitchLab(Lab):
    journal = "styx-journal.sqlite"
    trust = []
    editing = None

    def home(self, index):
        return f"{self.folder}/operator{index}/.charon"

    # The cluster

    def begin(self):
        """All nodes are ready before genesis, and connected."""
        args = self.args
        self.everybody = list(range(args.nodes))
        self.faults, self.counted, self.blocks_missing = [], {}, []
        self.create()
        *ports, http, tcp = free_ports(2 * args.nodes + 2)
        p2p, debug = ports[:args.nodes], ports[args.nodes:]
        self.editing = Editing(args.styx, self.folder, (http, tcp), timeout=120)
        self.operators = [Operator(self.editing, f"operator{index}") for index in self.everybody]
        self.old = self.operators[0].lock()
        self.start_chain()
        self.editing.start_relay()

        def flags(index):
            peers = [f"/ip4/127.0.0.1/tcp/{p2p[other]}/p2p/{self.ids[other]}"
                     for other in self.everybody if other != index]
            return ["--p2p-tcp-address", f"127.0.0.1:{p2p[index]}", "--p2p-peers", ",".join(peers), "--p2p-relays", "",
                    "--private-key-file-lock"]

        self.begin_node = lambda index: self.start_node(index, flags(index), debug_port=debug[index])
        self.began = [self.begin_node(index) for index in self.everybody]
        self.heard = [NodeLog(f"{self.folder}/node{index}.log") for index in self.everybody]
        self.wait_for("all nodes are ready", lambda: all(log.said("ready") for log in self.heard), 180)
        self.wait_for("a full mesh", lambda: all(len(self.peers(i)) == args.nodes - 1 for i in self.everybody), 60)
        meshed = time.time()
        self.wait_for_genesis()
        if meshed > self.genesis:
            raise Failed("the nodes were not ready before genesis: give them more with --genesis-delay")
        data = self.ask("/eth/v1/beacon/genesis")["data"]
        spec = self.ask("/eth/v1/config/spec")["data"]
        self.domain = attester_domain(
            bytes.fromhex(spec["FULU_FORK_VERSION"][2:]), bytes.fromhex(data["genesis_validators_root"][2:]))

    def ask(self, path):
        return self.get(Here(), self.chain_port, path)

    def epoch(self):
        return self.slot() // SLOTS_PER_EPOCH

    def fault(self, text):
        self.say(f"FAULT: {text}")
        self.faults.append(text)

    def edit(self):
        """Under duties: all get the new directory."""
        self.sleep_until_slot(1)
        took = self.editing.edit("recreate-private-keys", self.operators, self.operators)
        self.new = self.operators[0].lock(NEW)
        if self.new["lock_hash"] == self.old["lock_hash"]:
            raise Failed("the edit has made the same lock")
        self.say(f"recreate-private-keys beside the running nodes took {took:.1f} s")

    def plan(self, indices):
        """At the first epoch that can be planned, by these operators. Returns it."""
        epoch = self.epoch() + 3
        for index in indices:
            self.operators[index].call("alpha", "edit", "switch", "--at-epoch", str(epoch))
        deciding = (epoch - 1) * SLOTS_PER_EPOCH - 1
        self.wait_for("the nodes take the plan up", lambda: all(
            self.heard[i].said(PLANNED, epoch=epoch, decided_in_slot=deciding) for i in indices), 20)
        start = time.strftime("%H:%M:%S", time.gmtime(self.start_of(epoch * SLOTS_PER_EPOCH)))
        self.say(f"operators {indices} plan it for epoch {epoch}, {start} UTC, decided in slot {deciding}")
        return epoch

    # The chain

    def follow(self, epoch):
        """Until the end of an epoch: each of the cluster's validators has its vote in a block."""
        first, after = epoch * SLOTS_PER_EPOCH, (epoch + 1) * SLOTS_PER_EPOCH
        self.sleep_until_slot(first, 0.5)
        # An epoch that is over does not tell its proposers.
        ours = [] if self.slot() >= after else [
            int(duty["slot"]) for duty in self.ask(f"/eth/v1/validator/duties/proposer/{epoch}")["data"]
            if int(duty["validator_index"]) < self.args.validators and int(duty["slot"]) > 0]
        # The last slot's votes are in a block one slot later, or two; half a slot for the block to be made.
        self.sleep_until_slot(after + 1, 0.5 * self.args.slot_seconds)
        duties = {(slot, index): members for slot, index, members in self.committees(epoch)}
        of_slot = {v: slot for (slot, _), members in duties.items() for v in members if v < self.args.validators}
        included = self.votes(duties, range(first + 1, after + 2))
        missed = {v: slot for v, slot in sorted(of_slot.items()) if v not in included}
        stats = self.stats()
        each = [stats["stats"].get(str(v), {}) for v in range(self.args.validators)]
        count = {kind: sum(row.get(kind, 0) for row in each)
                 for kind in ("attestation", "att_delay_ms_sum", "sync_included")}
        new = {kind: n - self.counted.get(kind, 0) for kind, n in count.items()}
        self.counted = count
        lost = [slot for slot in ours if "data" not in self.ask(f"/eth/v1/beacon/headers/{slot}")]
        self.blocks_missing += lost
        late = sum(1 for v, slot in of_slot.items() if included.get(v, 0) > slot + 1)
        mean = new["att_delay_ms_sum"] / max(1, new["attestation"])
        self.say(f"epoch {epoch}: {len(of_slot) - len(missed)} of {len(each)} votes are in blocks, {late} of them "
                 f"later than in the next slot's; they arrived {mean:.0f} ms into their slot, in the mean; "
                 f"{len(ours) - len(lost)} of {len(ours)} blocks"
                 f"{f', none in slots {lost}' if lost else ''}; {new['sync_included']} sync committee votes")
        if missed or len(of_slot) != len(each):
            self.fault(f"epoch {epoch}: no vote in a block of {missed} (validator: slot); {len(of_slot)} have duties")

    def committees(self, epoch):
        for row in self.ask(f"/eth/v1/beacon/states/head/committees?epoch={epoch}")["data"]:
            yield int(row["slot"]), int(row["index"]), [int(v) for v in row["validators"]]

    def votes(self, duties, slots):
        """Validators whose votes of these duties are in blocks of these slots: {validator: slot of the first block}.

        Source: consensus-specs electra/beacon-chain.md, get_attesting_indices.
        """
        found = {}
        for slot in slots:
            block = self.ask(f"/eth/v2/beacon/blocks/{slot}/attestations")
            for vote in block.get("data", []):
                committees = [i for i, bit in enumerate(bits(vote["committee_bits"])) if bit]
                members = [v for i in committees for v in duties.get((int(vote["data"]["slot"]), i), [])]
                for v, bit in zip(members, bits(vote["aggregation_bits"])):
                    if bit:
                        found.setdefault(v, slot)
        return found

    # The nodes

    def moment(self, at, epoch):
        """In ms, from the start of an epoch on."""
        return f"{1000 * (at - self.start_of(epoch * SLOTS_PER_EPOCH)):+.0f} ms"

    def entered(self, index, epoch, confirmed_by=None):
        """What the log of a node that has entered says. `confirmed_by`: until when it has to have learned."""
        log, first = self.heard[index], epoch * SLOTS_PER_EPOCH
        once = {}
        for message in (CONFIRMED, ENTERING, ENTERED):
            found = log.said(message, epoch=epoch)
            if len(found) != 1:
                return self.fault(f"node {index} said {len(found)} times: {message}")
            once[message] = found[0]["at"]
        if confirmed_by and once[CONFIRMED] > confirmed_by:
            self.fault(f"node {index} learned that it is confirmed {self.moment(once[CONFIRMED], epoch)} from E")
        ready = next((row["at"] for row in log.said("ready", after=once[ENTERING])), None)
        if ready is None:
            return self.fault(f"node {index} was not ready again")
        done = log.done()
        old = [row for row in done if row[2] < once[ENTERED]]
        new = [row for row in done if row[2] >= once[ENTERED]]
        for slot, kind, at in [row for row in old if row[0] >= first] + [row for row in new if row[0] < first]:
            self.fault(f"node {index} finished duty {slot}/{kind} {self.moment(at, epoch)} from epoch {epoch}, with key"
                       " shares that are not for it")
        if not old or not new:
            return self.fault(f"node {index} finished {len(old)} duties with old key shares, {len(new)} with new ones")
        last, again = max(row[2] for row in old), min(row[2] for row in new)
        self.say(f"node {index}: confirmed {self.moment(once[CONFIRMED], epoch)} from epoch {epoch}, ends "
                 f"{self.moment(once[ENTERING], epoch)}, directories exchanged {self.moment(once[ENTERED], epoch)}, "
                 f"ready {self.moment(ready, epoch)}; {1000 * (ready - once[ENTERING]):.0f} ms without a node; last "
                 f"duty before {self.moment(last, epoch)}, first after {self.moment(again, epoch)}")

    def same_processes(self, indices):
        for index in indices:
            lives = len(self.heard[index].said("ready"))
            if self.processes[f"node{index}"] is not self.began[index] or self.began[index].poll() is not None:
                self.fault(f"node {index} is not the process that was started")
            self.say(f"node {index}: one process, was ready {lives} times")

    def stop_nodes(self):
        for index in self.everybody:
            self.stop(f"node{index}")

    def check_journal(self, index, epoch, lock, stage, signs_from, side):
        """Of a stopped node: whose it is, what it holds of the plan, with which key shares votes were made since."""
        operator, first = self.operators[index], epoch * SLOTS_PER_EPOCH
        # Blocks of a chain that it does not know it reads by mainnet's preset: votes alone, and no `journal verify`.
        listing = json.loads(operator.call("journal", "inspect", "--json", "--duty", "attester"))
        if operator.lock()["lock_hash"] != lock["lock_hash"] or listing["lock_hash"] != lock["lock_hash"]:
            self.fault(f"node {index}: lock or journal is not the {side} one")
        if parse_time(listing["created_at"]) > self.genesis:
            self.fault(f"node {index}: its journal says that it was made at {listing['created_at']}, after genesis")
        path = operator.charon / self.journal
        if planned(path) != (stage and (stage, epoch)):
            self.fault(f"node {index}: the journal holds {planned(path)} of a plan, not {stage} of epoch {epoch}")
        slots = sorted(int(row["slot"]) for row in listing["duties"] if row["signed"])
        if side == "new" and slots and slots[0] < first:
            self.fault(f"node {index}: the new journal has signatures of slot {slots[0]}, before slot {first}")
        low = [row for row in listing["highest"] if int(row["target_epoch"] or 0) < signs_from]
        if low or len(listing["highest"]) != self.args.validators:
            self.fault(f"node {index}: highest votes are not all of epoch {signs_from} or later: {listing['highest']}")
        counts, own = shares_of_votes(path, self.domain, {"old": self.old, "new": self.new}, first)
        self.say(f"node {index}: partial signatures of votes since slot {first}, by key shares: {counts}; {own} own")
        if not own or any(n for name, n in counts.items() if name != side):
            self.fault(f"node {index}: votes since slot {first} are by {counts}, {own} its own")

    def check_old_directory(self, index):
        """It is kept, and nothing starts from it."""
        operator = self.operators[index]
        kept, is_new_there = operator.kept(), (operator.folder / NEW).exists()
        if len(kept) != 1 or operator.lock(kept[0])["lock_hash"] != self.old["lock_hash"] or is_new_there:
            return self.fault(f"{operator.name} has {kept}{f' and {NEW}' if is_new_there else ''}")
        home = operator.folder / kept[0]
        self.start("left", [
            self.args.styx, "run", "--lock-file", f"{home}/cluster-lock.json", "--private-key-file",
            f"{home}/charon-enr-private-key", "--journal-file", f"{home}/{self.journal}", "--beacon-node-endpoints",
            f"http://127.0.0.1:{self.chain_port}", "--validator-api-address", "127.0.0.1:0", "--monitoring-address", "",
            "--p2p-relays", "", "--log-format", "json"])
        log = NodeLog(f"{self.folder}/left.log")
        self.wait_for("what a node in the old directory says", lambda: log.said(REFUSED) or log.said("ready"), 60)
        if log.said("ready") or "belongs to another cluster" not in log.said(REFUSED)[0]["reason"]:
            self.fault(f"a node in {kept[0]} is not kept from signing: {log.rows}")
        else:
            self.say(f"a node in {kept[0]} says: {log.said(REFUSED)[0]['reason']}")
        self.stop("left")

    def end(self):
        """What all scenarios end with."""
        for each in rejected(self.stats()):
            self.fault(f"rejected by the chain: {each}")
        # With short slots that of the first slot is over before a node has opened its keystores.
        if len(self.blocks_missing) > 1 and not self.args.loaded:
            self.fault(f"the cluster made no block in slots {self.blocks_missing}")
        for index in self.everybody:
            log = self.heard[index]
            for count, level, message, example in log.complaints():
                self.say(f"  node {index}, {level}, {count} times: {message} {json.dumps(example)[:300]}")
            for line in log.strange[:5]:
                self.say(f"  node {index}: {line}")
        if self.editing.keys(self.operators, "after") != sorted(
                each["distributed_public_key"] for each in self.old["distributed_validators"]):
            self.fault("the validators are not what they were")
        if self.faults:
            raise Failed(f"{len(self.faults)} faults: " + "; ".join(self.faults))


def agreed(lab):
    lab.edit()
    epoch = lab.plan(lab.everybody)
    for each in range(epoch + 2):
        lab.follow(each)
    for index in lab.everybody:
        lab.entered(index, epoch, confirmed_by=lab.start_of((epoch - 1) * SLOTS_PER_EPOCH + 1))
    for operator in lab.operators:
        lab.say(f"{operator.name}, beside its node: {operator.wipe()}")
    lab.sleep_until_slot(lab.slot() + 2)
    lab.same_processes(lab.everybody)
    lab.stop_nodes()
    for index in lab.everybody:
        lab.check_journal(index, epoch, lab.new, "entered", epoch + 1, "new")
    lab.check_old_directory(0)
    lab.end()


def away(lab):
    last = lab.everybody[-1]
    others = lab.everybody[:-1]
    lab.edit()
    epoch = lab.plan(lab.everybody)
    for each in range(epoch - 2):
        lab.follow(each)
    # In the slot before the one in which it is decided.
    lab.sleep_until_slot((epoch - 1) * SLOTS_PER_EPOCH - 2, 0.8 * lab.args.slot_seconds)
    lab.stop(f"node{last}", signal.SIGKILL)
    lab.say(f"node {last} is killed in slot {lab.slot()}")
    for each in range(epoch - 2, epoch):
        lab.follow(each)
    lab.sleep_until_slot(epoch * SLOTS_PER_EPOCH + 2)
    began = time.time()
    lab.began[last] = lab.begin_node(last)
    lab.wait_for(f"node {last} is ready with new key shares", lambda: any(
        lab.heard[last].said("ready", after=row["at"]) for row in lab.heard[last].said(ENTERED)), 90)
    lab.say(f"node {last}, started again in epoch {epoch}, has new key shares after {time.time() - began:.1f} s")
    if not lab.heard[last].said(UNDECIDED, after=began, epoch=epoch):
        lab.fault(f"node {last} did not say that it does not know what was decided")
    for each in range(epoch, epoch + 2):
        lab.follow(each)
    for index in others:
        lab.entered(index, epoch, confirmed_by=lab.start_of((epoch - 1) * SLOTS_PER_EPOCH + 1))
    lab.entered(last, epoch)
    lab.same_processes(lab.everybody)
    lab.stop_nodes()
    for index in lab.everybody:
        lab.check_journal(index, epoch, lab.new, "entered", epoch + 1, "new")
    lab.end()


def few(lab):
    planners, others = lab.everybody[:2], lab.everybody[2:]
    lab.edit()
    epoch = lab.plan(planners)
    for each in range(epoch + 1):
        lab.follow(each)
    for index in planners:
        found = lab.heard[index].said(CALLED_OFF, epoch=epoch)
        if len(found) != 1:
            lab.fault(f"node {index} said {len(found)} times that it is called off")
        else:
            lab.say(f"node {index}: called off {lab.moment(found[0]['at'], epoch)} from epoch {epoch}")
    for index in lab.everybody:
        for message in (CONFIRMED, ENTERING, ENTERED, UNDECIDED) + ((PLANNED, CALLED_OFF) if index in others else ()):
            if lab.heard[index].said(message):
                lab.fault(f"node {index} said: {message}")
    lab.same_processes(lab.everybody)
    for operator in lab.operators:
        if operator.kept():
            lab.fault(f"{operator.name} has {operator.kept()}")
    lab.stop_nodes()
    for index in lab.everybody:
        lab.check_journal(index, epoch, lab.old, "called-off" if index in planners else None, epoch, "old")
    lab.end()


SCENARIOS = {"agreed": agreed, "away": away, "few": few}


def play(name):
    lab = SwitchLab(args, f"switch-{name}")

    def body():
        try:
            lab.begin()
            SCENARIOS[name](lab)
        finally:
            if lab.editing:
                lab.editing.end()

    return run(lab, body)


names = args.scenario or list(SCENARIOS)
for unknown in set(names) - set(SCENARIOS):
    parser.error(f"{unknown} is none of {', '.join(SCENARIOS)}")
codes = [play(name) for name in names]
sys.exit(max(codes))
