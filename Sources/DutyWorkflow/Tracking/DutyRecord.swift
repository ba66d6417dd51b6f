import Ethereum
import SSZ

/// What is known of one duty: how far each of its validators came, what went wrong last, and who signed what.
///
/// Its size is bounded by the cluster: one path per validator, one root per share and entry, texts of `textMax`.
struct DutyRecord: Sendable {
    /// A share's signature for one entry.
    struct Mark: Hashable, Sendable {
        let share: ShareIndex
        let subcommittee: UInt64
        /// Of the message that was signed.
        let root: Root
    }

    /// One validator's way through the pipeline, from `duty_db` on: before that, all validators go together.
    struct Path: Sendable {
        /// The highest step that anything happened at, and the error of what happened there last. Source: §16.3.
        private(set) var step = DutyStep.scheduler
        private(set) var error: String?
        var isStored = false
        /// Why what was decided is not signed here.
        private(set) var refusal: String?
        /// Ours included; one per share and subcommittee.
        private(set) var marks: [Mark] = []
        /// Whose signature was none.
        private(set) var bad: Set<ShareIndex> = []
        /// Who signed two messages.
        private(set) var twoFaced: Set<ShareIndex> = []

        mutating func note(_ step: DutyStep, error: String? = nil) {
            guard step >= self.step else { return }
            self.step = step
            self.error = error
        }

        mutating func refused(_ why: String) {
            guard step < .dutyDB else { return }
            refusal = why
            note(.dutyDB, error: why)
        }

        mutating func signed(_ mark: Mark) {
            guard !marks.contains(where: { $0.share == mark.share && $0.subcommittee == mark.subcommittee }) else {
                return
            }
            marks.append(mark)
        }

        /// Without it there are too few again.
        mutating func foundBad(_ share: ShareIndex) {
            bad.insert(share)
            marks.removeAll { $0.share == share }
            if step == .sigAggregation { step = .parSigDBExternal }
        }

        mutating func equivocated(_ share: ShareIndex) { twoFaced.insert(share) }

        mutating func forgetSigners() { marks = [] }

        var signers: Set<ShareIndex> { Set(marks.map(\.share)) }
        var isInconsistent: Bool { !twoFaced.isEmpty || !split.isEmpty }

        /// The signatures of the first entry that was signed for in more than one way; empty if there is none.
        var split: [Mark] {
            let groups = Dictionary(grouping: marks, by: \.subcommittee).sorted { $0.key < $1.key }
            return groups.first { Set($0.value.map(\.root)).count > 1 }?.value ?? []
        }
    }

    enum Fetch: Sendable {
        case done
        case failed(String)
    }

    /// Of a reason that is kept, in characters.
    static let textMax = 240

    let duty: Duty
    private let own: ShareIndex
    /// The validators that the scheduler began the duty for; nil if it did not.
    private(set) var scheduled: Set<PubKey>?
    private(set) var fetch: Fetch?
    private(set) var decidedAt: Instant?
    private(set) var isUndecided = false
    private(set) var paths: [PubKey: Path] = [:]
    /// Why this node did not sign.
    private(set) var signError: String?
    /// Signatures for validators without this duty.
    private(set) var undue: [ShareIndex: Int] = [:]
    /// To be looked for in the chain; not found yet.
    private(set) var awaited: Set<PubKey> = []
    /// Slots from the duty's to the block that has it.
    private(set) var delays: [PubKey: UInt64] = [:]
    /// Whether its success was told.
    var isToldDone = false

    init(_ duty: Duty, own: ShareIndex) {
        self.duty = duty
        self.own = own
    }

    // MARK: Steps

    mutating func note(_ step: TrackedStep, at now: Instant) {
        switch step {
        case .started(let pubKeys): scheduled = pubKeys
        case .fetched: fetch = .done
        case .fetchFailed(let why): fetch = .failed(Self.cut(why))
        case .decided: decidedAt = now
        case .consensusTimedOut: isUndecided = true
        case .stored(let pubKeys):
            for pubKey in pubKeys {
                paths[pubKey, default: Path()].isStored = true
                paths[pubKey]?.note(.dutyDB)
            }
        // Of two values, or two group signatures, the first stays and goes on.
        case .conflicted(let pubKey, let why): paths[pubKey, default: Path()].refused(Self.cut(why))
        case .signedLocally(let roots):
            // What is recorded is handed to the peers in the same turn.
            for (key, root) in roots { signed(key, root, by: own, .parSigEx) }
        case .signFailed(let why):
            signError = Self.cut(why)
            for (pubKey, path) in paths where path.step == .dutyDB && path.error == nil || path.step == .validatorAPI {
                paths[pubKey]?.note(.validatorAPI, error: signError)
            }
        case .signedByPeer(let share, let roots):
            for (key, root) in roots { signed(key, root, by: share, .parSigDBExternal) }
        case .thresholdReached(let pubKeys): advance(pubKeys, .sigAggregation)
        case .aggregated(let pubKeys): advance(pubKeys, .aggSigDB)
        case .submitted(let pubKeys): awaited.formUnion(pubKeys)
        case .broadcasted(let pubKeys): advance(pubKeys, .broadcast)
        case .broadcastFailed(let why):
            let why = Self.cut(why)
            for (pubKey, path) in paths where path.step == .aggSigDB || path.step == .broadcast && path.error != nil {
                paths[pubKey]?.note(.broadcast, error: why)
            }
        case .equivocatedShare(let pubKey, let share): paths[pubKey]?.equivocated(share)
        case .badShare(let pubKey, let share): paths[pubKey]?.foundBad(share)
        case .malformedShare(let pubKey, let share, _):
            // A good one that came before stays good; and ours is nobody else's to spoil.
            if share != own, paths[pubKey]?.signers.contains(share) == false { paths[pubKey]?.foundBad(share) }
        case .undueShare(let share, let pubKeys): undue[share, default: 0] += pubKeys.count
        case .roundChanged, .roundChangesLacked, .equivocatedVote, .badSet, .suspectIgnored, .peerRefused, .otherPayee,
            .unwantedBuilder, .consensusFault:
            break
        }
    }

    /// What became of it in the chain.
    mutating func found(_ pubKey: PubKey, _ outcome: InclusionOutcome) {
        guard awaited.remove(pubKey) != nil else { return }
        switch outcome {
        case .included(let delay):
            delays[pubKey] = delay
            paths[pubKey]?.note(.chainInclusion)
        case .missed(let why): paths[pubKey]?.note(.chainInclusion, error: why)
        case .undetermined: break
        }
    }

    /// The largest part of it is of no use once the duty is judged.
    mutating func forgetSigners() { for pubKey in paths.keys { paths[pubKey]?.forgetSigners() } }

    private mutating func advance(_ pubKeys: Set<PubKey>, _ step: DutyStep) {
        for pubKey in pubKeys { paths[pubKey, default: Path()].note(step) }
    }

    private mutating func signed(_ key: EntryKey, _ root: Root, by share: ShareIndex, _ step: DutyStep) {
        paths[key.pubKey, default: Path()].signed(Mark(share: share, subcommittee: key.subcommittee, root: root))
        paths[key.pubKey]?.note(step)
    }

    private static func cut(_ text: String) -> String {
        text.count > textMax ? text.prefix(textMax) + "…" : text
    }

    // MARK: Facts

    /// What has to work. Of duties that only some validators are selected for: those that were.
    var expected: Set<PubKey> {
        let known = Set(paths.keys)
        guard let scheduled else { return known }
        return duty.type.rules.needsOwnData && decidedAt != nil ? known : scheduled
    }

    func isDone(_ pubKey: PubKey) -> Bool {
        guard let path = paths[pubKey] else { return false }
        return path.step >= duty.type.lastStep && path.error == nil
    }

    /// Validators whose signature is in no block.
    var notIncluded: Int { paths.values.count { $0.step == .chainInclusion && $0.error != nil } }

    var missing: Set<PubKey> { expected.filter { !isDone($0) } }

    /// Whether this node has a part in it: the scheduler began it, or it signed. Sync messages are due though no
    /// scheduler begins them.
    var isOurs: Bool {
        scheduled != nil
            || paths.values.contains { duty.type == .syncMessage || $0.signers.contains(own) }
    }

    /// About what it takes, in bytes.
    var heldBytes: Int {
        paths.values.reduce(256 + 64 * (scheduled?.count ?? 0)) { $0 + 256 + 48 * $1.marks.count }
    }
}

extension DutyType {
    /// The step that ends a duty well, but for what is found in the chain later. Source: workflow.md §13, §16.3.
    var lastStep: DutyStep { rules.isBroadcast ? .broadcast : .aggSigDB }
}
