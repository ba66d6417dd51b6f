import DutyWorkflow
import Ethereum

/// What became of a run, and how much was in it.
package struct ScheduleOutcome: Sendable {
    /// What must never be, and what was owed after the trouble and not done.
    package var faults: [String] = []
    package var slots = 0
    /// Entries of duties whose group signature was broadcast.
    package var duties = 0
    package var restarts = 0

    package init() {}

    package static func + (a: Self, b: Self) -> Self {
        var sum = Self()
        sum.faults = a.faults + b.faults
        sum.slots = a.slots + b.slots
        sum.duties = a.duties + b.duties
        sum.restarts = a.restarts + b.restarts
        return sum
    }
}

extension Schedule {
    package func run() -> ScheduleOutcome {
        var cluster = SimulatedCluster(options)
        shape(&cluster)
        cluster.run(untilSlot: slots)
        var outcome = ScheduleOutcome()
        outcome.slots = Int(slots)
        outcome.duties = cluster.oracle.broadcastCount
        outcome.restarts = cluster.restarts
        outcome.faults = cluster.oracle.conflicts + missed(cluster)
        return outcome
    }

    private var options: SimulatedCluster.Options {
        var options = SimulatedCluster.Options()
        options.nodes = Self.nodes
        options.validators = validators
        options.seed = seed
        options.slotsPerEpoch = Self.slotsPerEpoch
        options.allDuties = true
        options.commitTime = .microseconds(200)...(.milliseconds(max(1, commitMax)))
        options.forgetful = forgetful
        switch adversary {
        case .none: break
        case .liar(let node): options.liar = node
        case .forger(let node): options.forger = node
        case .attacker(let node, let attack): options.attacker = (node, attack)
        }
        return options
    }

    /// Milliseconds: with the slowest disks drawn, two messages come within the second that a round lasts, and a block
    /// agreed upon in the third round, the first of a whole second after a liar's, is out within the five it has.
    ///
    /// A liar spoils the rounds that it leads, and once it has met its own lies it halts as for a twin: then nobody else's
    /// vote can be done without, and a round succeeds only if each of the others hears within it that it began and what
    /// is proposed. Rounds do not grow (consensus.md §7), so where messages take longer nothing is promised.
    private static let timelyDelayMax = 100

    private var healedDelayMax: Int {
        if case .liar = adversary { max(1, min(delayMax, Self.timelyDelayMax)) } else { max(1, delayMax) }
    }

    /// Whether a duty of this type must be done once the trouble is over.
    ///
    /// Beside a hostile node all the others may be needed, and then each of them must hear within a round that it began
    /// and what is proposed: two messages, each after a commit. Where they take longer, another disk or another delay
    /// decides whether a round succeeds, and nothing promises that one does.
    /// - A block's second round lasts half a second, and there are five seconds in all.
    /// - An attestation's rounds last a second each. As long as the hostile node votes there is a quorum without the
    ///   slowest; once it has halted there is none. Nor are there many attempts: who hears of a proposal in time doubles
    ///   the round's deadline, which counts from the start of the duty (consensus.md §7), so after the fourth round it
    ///   waits for four seconds, and after the tenth for ten, for a vote that whoever timed out may not cast any more.
    ///   So it was in seed 559: an attacker whose own shares had come back to it, and 900 ms for a commit and a message.
    /// - Parameter isAnyHalted: whether a node votes no more, as it has met what its own key signed elsewhere.
    package func owes(_ type: DutyType, isAnyHalted: Bool) -> Bool {
        let proposalTime = 2 * (healedDelayMax + commitMax)
        return switch type {
        case .attester: !isAnyHalted || proposalTime <= 1000
        case .proposer: adversary == .none || proposalTime <= 500
        case .syncMessage: true
        // They hang on selections that were shared in the midst of the trouble.
        default: false
        }
    }

    private func shape(_ cluster: inout SimulatedCluster) {
        let genesis = cluster.chain.clock.start(of: Slot.zero)
        func time(_ milliseconds: Int) -> Instant { genesis + .milliseconds(milliseconds) }
        cluster.network.lossRate = Double(loss) / 100
        cluster.network.duplicateRate = Double(duplicates) / 100
        cluster.network.lateRate = Double(late) / 100
        cluster.network.delay = .milliseconds(1)...(.milliseconds(max(1, delayMax)))
        let healed = cluster.chain.clock.start(of: Slot(healsAt))
        cluster.network.healsAt = healed
        cluster.reconnectAll(at: healed)
        if case .liar = adversary { cluster.network.healedDelay = .milliseconds(1)...(.milliseconds(healedDelayMax)) }
        cluster.headDisagreement = Double(otherHeads) / 100
        // Sync messages are decided by nobody: with two heads and a liar there is no quorum for either.
        cluster.headsAgreeFrom = Slot(healsAt)
        cluster.broadcastFailureRate = Double(refusedBroadcasts) / 100
        for act in acts {
            switch act {
            case .crash(let node, let at, let length):
                cluster.crash(node: node, from: time(at), until: time(at + length))
            case .powerCut(let at, let length): cluster.crashAll(from: time(at), until: time(at + length))
            case .partition(let cut, let at, let length):
                cluster.network.partitions.append(
                    ([Set(0..<cut), Set(cut..<Self.nodes)], time(at), time(at + length)))
            case .clockStep(let node, let step, let at, let length):
                cluster.stepClock(node: node, by: .milliseconds(step), at: time(at))
                cluster.stepClock(node: node, by: .milliseconds(-step), at: time(at + length))
            }
        }
    }

    /// Owed after the trouble, and not done.
    private func missed(_ cluster: SimulatedCluster) -> [String] {
        guard healsAt + 1 < slots - 1 else { return [] }
        let isAnyHalted = !cluster.oracle.halted.isEmpty
        return (healsAt + 1..<slots - 1).map { Slot($0) }.flatMap { slot in
            cluster.chain.owed(in: slot)
                .filter { owes($0.duty.type, isAnyHalted: isAnyHalted) }
                .filter { !cluster.oracle.broadcastEntries($0.duty).contains($0.key) }
                .map { "missed \($0.duty) of \($0.key)" }
        }
    }
}
