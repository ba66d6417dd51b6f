import Ethereum
import SSZ

/// Watches every duty and says at its end whether it worked, or where it stopped and why. Source: workflow.md §16.
struct Tracker: Sendable {
    private struct Story: Sendable {
        var expected: Set<PubKey> = []
        var reached: DutyStep = .scheduler
        var shares: Set<ShareIndex> = []
        var local: Set<PubKey> = []
        var broadcasted: Set<PubKey> = []
        var aggregated: Set<PubKey> = []
        var decidedAt: Instant?
        var lastError: String?
        /// Of the messages that shares were made over: more than one for a validator, and they cannot be combined.
        var roots: [PubKey: Set<Root>] = [:]
        var hasEquivocation = false
        var isReported = false

        var isInconsistent: Bool { hasEquivocation || roots.contains { $0.value.count > 1 } }

        mutating func advance(_ step: DutyStep) { reached = max(reached, step) }

        mutating func note(_ signed: [PubKey: Root]) {
            for (pubKey, root) in signed { roots[pubKey, default: []].insert(root) }
        }
    }

    private let threshold: Int
    private var stories: [Duty: Story] = [:]

    init(configuration: WorkflowConfiguration) { threshold = configuration.threshold }

    mutating func record(_ duty: Duty, _ step: TrackedStep, at now: Instant) -> [Report] {
        var story = stories[duty, default: Story()]
        defer { stories[duty] = story }
        switch step {
        case .started(let pubKeys):
            story.expected = pubKeys
            return [.started(duty, validators: pubKeys.count)]
        case .fetched:
            story.advance(.fetcher)
            story.lastError = nil
        case .fetchFailed(let why):
            story.advance(.fetcher)
            story.lastError = why
            return [.retrying(duty, step: .fetcher, detail: why)]
        case .decided(let round, let leader, let after):
            story.advance(.consensus)
            story.lastError = nil
            story.decidedAt = now
            return [.decided(duty, round: round, leader: leader, after: after)]
        case .roundChanged(let from, let to, let why): return [.roundChanged(duty, from: from, to: to, why: why)]
        case .consensusTimedOut: story.advance(.consensus)
        case .stored: story.advance(.dutyDB)
        case .signedLocally(let signed):
            story.advance(.parSigDBLocal)
            story.local.formUnion(signed.keys)
            story.note(signed)
        case .signFailed(let why):
            story.lastError = why
            return [.retrying(duty, step: .validatorAPI, detail: why)]
        case .signedByPeer(let share, let signed):
            story.advance(.parSigDBExternal)
            story.shares.insert(share)
            story.note(signed)
        case .thresholdReached: story.advance(.sigAggregation)
        case .aggregated(let pubKeys):
            story.advance(.aggSigDB)
            story.aggregated.formUnion(pubKeys)
        case .broadcasted(let pubKeys):
            story.advance(.broadcast)
            story.lastError = nil
            story.broadcasted.formUnion(pubKeys)
            return success(duty, &story, at: now)
        case .broadcastFailed(let why):
            story.advance(.broadcast)
            story.lastError = why
            return [.retrying(duty, step: .broadcast, detail: why)]
        case .conflicted(let pubKey, let why):
            story.lastError = why
            return [.fault(duty, "validator \(pubKey): \(why)")]
        case .equivocatedVote(let peer, let what):
            return [.fault(duty, "operator \(peer) sent two different consensus messages: \(what)")]
        case .equivocatedShare(let pubKey, let share):
            story.hasEquivocation = true
            return [.fault(duty, "share \(share) signed two different messages for validator \(pubKey)")]
        case .badShare(let pubKey, let share):
            return [.fault(duty, "the signature of share \(share) for validator \(pubKey) does not verify")]
        case .malformedShare(let pubKey, let share, let what):
            return [.fault(duty, "share \(share) sent a signature \(what) for validator \(pubKey)")]
        case .undueShare(let share, let pubKeys):
            let first = pubKeys.min().map { "\($0)" } ?? ""
            return [
                .fault(
                    duty,
                    "share \(share) sent signatures for \(pubKeys.count) validators without this duty, first \(first)")
            ]
        case .badSet(let share):
            return [
                .fault(
                    duty, "share \(share), which sent a bad signature before, sent a set with one that does not verify")
            ]
        case .suspectIgnored(let share, let why):
            return [.fault(duty, "the signatures of share \(share) are not looked at: \(why)")]
        case .peerRefused(let peer, let why): return [.fault(duty, "refused a message of operator \(peer): \(why)")]
        case .consensusFault(let what): return [.fault(duty, "consensus: \(what)")]
        }
        return []
    }

    /// The duty is over. Duties that this node never started (it saw only peers' messages) are not judged.
    mutating func expire(_ duty: Duty) -> [Report] {
        guard let story = stories.removeValue(forKey: duty), !story.isReported, !story.expected.isEmpty else {
            return []
        }
        let missing = story.expected.subtracting(story.broadcasted).sorted()
        let (step, reason) = verdict(story)
        return [.failed(duty, step: step, reason: reason, detail: story.lastError ?? "", missing: missing)]
    }

    private func success(_ duty: Duty, _ story: inout Story, at now: Instant) -> [Report] {
        guard !story.isReported, !story.expected.isEmpty, story.expected.isSubset(of: story.broadcasted) else {
            return []
        }
        story.isReported = true
        let since = story.decidedAt.map { now - $0 } ?? .zero
        return [.succeeded(duty, validators: story.expected.count, sinceDecided: since)]
    }

    /// The table of workflow.md §16.3 for a duty that is not through.
    private func verdict(_ story: Story) -> (DutyStep, FailureReason) {
        switch story.reached {
        case .scheduler, .fetcher:
            story.lastError == nil ? (.consensus, .noConsensus) : (.fetcher, .fetchBNError)
        // An error before the decision is one of fetching: what is missing then is still the decision.
        case .consensus: story.decidedAt == nil ? (.consensus, .noConsensus) : (.dutyDB, .bugDutyDBError)
        case .dutyDB: (.validatorAPI, story.lastError == nil ? .noLocalVCSignature : .signingRefused)
        case .validatorAPI, .parSigDBLocal, .parSigEx, .parSigDBExternal:
            if story.isInconsistent {
                (.parSigDBExternal, .bugParSigDBInconsistent)
            } else if story.shares.isEmpty {
                (.parSigEx, .noPeerSignatures)
            } else if story.local.isEmpty {
                (.validatorAPI, story.lastError == nil ? .noLocalVCSignature : .signingRefused)
            } else {
                (.parSigDBExternal, .insufficientPeerSignatures)
            }
        case .sigAggregation: (.sigAggregation, .bugSigAgg)
        case .aggSigDB, .broadcast:
            story.lastError == nil && !story.expected.isSubset(of: story.aggregated)
                ? (.parSigDBExternal, .insufficientPeerSignatures) : (.broadcast, .broadcastBNError)
        }
    }
}
