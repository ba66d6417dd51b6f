import BLS
import BeaconAPI
import DutyWorkflow
import Ethereum
import Node
import SSZ

/// A beacon chain for one cluster, with nothing faked about what counts: every object submitted is checked against the
/// chain's own data, the duty, what the validator signed before, and the validator's public key.
///
/// All validators are the cluster's. With all duties a block is what the cluster proposes, or the slot stays empty; a
/// block that comes after the first third of its slot is the head from the next slot on, so that everybody votes for the
/// same head. Execution payloads are made up. Epochs justify and finalise at once, all forks are active from genesis
/// (Fulu), and validators may exit at any age.
///
/// What is kept of a slot besides who did what in it is forgotten two epochs later.
package actor DemoChain {
    package struct Options: Sendable {
        package var pubKeys: [PubKey]
        package var genesis: Instant
        package var slotDuration: Duration
        package var slotsPerEpoch: UInt64
        package var duties = DemoDuties.all
        /// Of the validators, the first so many sit in the sync committee.
        package var syncMembers = 8
        package var payload = DemoPayload.small
        /// In odd slots. Whatever the client wishes: it is the beacon node that knows a builder.
        package var makesBlindedBlocks = true
        /// Whoever asks again for what to vote for, or for a block, is told something else, and may sign any of it: a
        /// node that forgot its vote is then seen to make another.
        package var changesItsMind = false

        package init(pubKeys: [PubKey], genesis: Instant, slotDuration: Duration, slotsPerEpoch: UInt64) {
            self.pubKeys = pubKeys
            self.genesis = genesis
            self.slotDuration = slotDuration
            self.slotsPerEpoch = slotsPerEpoch
        }
    }

    /// A submission that breaks a rule.
    package struct Rejection: Error, CustomStringConvertible {
        /// nil for what could not be read.
        package let duty: Duty?
        package let validator: ValidatorIndex?
        package let why: String

        package var description: String {
            (duty.map { "\($0)" } ?? "unreadable") + (validator.map { ", validator \($0)" } ?? "") + ": \(why)"
        }
    }

    /// What one validator does once in a slot.
    package struct Part: Hashable, Sendable {
        package let validator: ValidatorIndex
        /// Zero but for contributions.
        package var subcommittee: UInt64 = 0
    }

    /// A submission that counts, at its first arrival.
    package struct Inclusion: Sendable {
        package let duty: Duty
        package let part: Part
        package let arrival: Instant
        /// How many nodes handed it in.
        package var copies: Int
        /// Root of what was signed: two different ones would be a fault.
        let identity: Root
    }

    /// A submission of which all but the signatures was found good.
    struct Candidate: Sendable {
        let duty: Duty
        let part: Part
        let identity: Root
        /// All have to hold.
        let claims: [SignatureVerifier.Claim]
    }

    package nonisolated let options: Options
    package nonisolated let clock: SlotClock
    package nonisolated let spec: DemoSpec
    nonisolated let keys: [PublicKey]
    private let verifier: SignatureVerifier
    private(set) package var rejections: [Rejection] = []
    private var included: [Duty: [Part: Inclusion]] = [:]
    var blocks: [Slot: DemoBlock] = [:]
    var productions: [Slot: DemoProduction] = [:]
    /// Votes by slot: what aggregates are made of.
    var attestations: [Slot: [DemoVoteKey: DemoVotes]] = [:]
    /// By slot and block root: signatures by seat in the sync committee.
    var syncVotes: [Slot: [Root: [Int: SignatureBytes]]] = [:]
    /// Roots of aggregates and contributions that this chain gave out.
    var handedOut: [Slot: Set<Root>] = [:]
    /// With `changesItsMind`: the next answer's.
    private var branch: UInt8 = 0
    var feeRecipients: [ValidatorIndex: Bytes20] = [:]
    /// In which a validator leaves.
    var exitEpochs: [ValidatorIndex: Epoch] = [:]
    private var listeners: [AsyncStream<DemoHead>.Continuation] = []
    private var oldest = Slot.zero

    /// - Throws: `BLSError` when a public key is no valid point.
    package init(_ options: Options, verifier: SignatureVerifier) throws {
        self.options = options
        self.verifier = verifier
        clock = SlotClock(
            genesis: options.genesis, slotDuration: options.slotDuration, slotsPerEpoch: options.slotsPerEpoch)
        spec = DemoSpec(options)
        keys = try options.pubKeys.map { try PublicKey($0) }
    }

    /// Which of the equally good answers is given; always 0 if the chain does not change its mind.
    func nextBranch() -> UInt8 {
        guard options.changesItsMind else { return 0 }
        branch = (branch + 1) % DemoSpec.branches
        return branch
    }

    // MARK: What happened

    /// By validator.
    package func inclusions(_ duty: Duty) -> [Inclusion] {
        (included[duty] ?? [:]).values.sorted {
            ($0.part.validator, $0.part.subcommittee) < ($1.part.validator, $1.part.subcommittee)
        }
    }

    /// The first attestation of all.
    package var firstAttestation: Inclusion? {
        let slot = included.keys.filter { $0.type == .attester }.map(\.slot).min()
        return slot.flatMap { included[.attester(slot: $0)]?.values.min { $0.arrival < $1.arrival } }
    }

    // MARK: Events

    /// Heads from now on; the latest of them only, if the reader is slow.
    func heads() -> AsyncStream<DemoHead> {
        let (stream, continuation) = AsyncStream.makeStream(of: DemoHead.self, bufferingPolicy: .bufferingNewest(4))
        listeners.append(continuation)
        return stream
    }

    /// Also forgets who has left.
    func announce(_ head: DemoHead) {
        listeners.removeAll { listener in
            if case .terminated = listener.yield(head) { true } else { false }
        }
    }

    // MARK: Submissions

    /// Checks signatures and records what is good.
    ///
    /// - Returns: for each refused object its position and why.
    func take(
        _ objects: [Result<Candidate, Rejection>], at now: Instant
    ) async -> [(index: Int, message: String)] {
        forget(at: now)
        let candidates = objects.map { try? $0.get() }
        var verdicts = await verdicts(candidates.compactMap { $0?.claims }.flatMap { $0 })[...]
        var faults: [(index: Int, message: String)] = []
        for (position, object) in objects.enumerated() {
            var fault: Rejection?
            switch object {
            case .failure(let rejection): fault = rejection
            case .success(let candidate):
                let holds = verdicts.prefix(candidate.claims.count).allSatisfy { $0 }
                verdicts = verdicts.dropFirst(candidate.claims.count)
                // The verification was awaited: what was handed in meanwhile counts too.
                fault = holds ? record(candidate, at: now) : candidate.rejection("a signature does not verify")
            }
            guard let fault else { continue }
            rejections.append(fault)
            faults.append((position, fault.why))
        }
        return faults
    }

    func refuse(_ rejection: Rejection) { rejections.append(rejection) }

    /// - Returns: a fault that came up meanwhile.
    private func record(_ candidate: Candidate, at now: Instant) -> Rejection? {
        if let earlier = included[candidate.duty]?[candidate.part] {
            guard earlier.identity == candidate.identity else {
                return candidate.rejection("signed something else for this duty before")
            }
            included[candidate.duty]?[candidate.part]?.copies += 1
        } else {
            included[candidate.duty, default: [:]][candidate.part] = Inclusion(
                duty: candidate.duty, part: candidate.part, arrival: now, copies: 1, identity: candidate.identity)
        }
        return nil
    }

    /// All false when the crypto threads have too much to do.
    func verdicts(_ claims: [SignatureVerifier.Claim]) async -> [Bool] {
        await withCheckedContinuation { continuation in
            if !verifier.verify(claims, done: { continuation.resume(returning: $0) }) {
                continuation.resume(returning: claims.map { _ in false })
            }
        }
    }

    /// - Parameter index: of a validator that exists.
    nonisolated func claim(
        _ index: ValidatorIndex, _ signature: SignatureBytes, _ root: Root
    ) -> SignatureVerifier.Claim {
        .init(key: keys[Int(index.rawValue)], signature: signature, root: root)
    }

    nonisolated func exists(_ index: ValidatorIndex) -> Bool { index.rawValue < UInt64(keys.count) }

    private func forget(at now: Instant) {
        let current = clock.slot(at: now) ?? .zero
        let kept = current - 2 * options.slotsPerEpoch
        guard kept > oldest else { return }
        oldest = kept
        productions = productions.filter { $0.key >= kept }
        attestations = attestations.filter { $0.key >= kept }
        syncVotes = syncVotes.filter { $0.key >= kept }
        handedOut = handedOut.filter { $0.key >= kept }
    }
}

extension DemoChain.Candidate {
    func rejection(_ why: String) -> DemoChain.Rejection {
        DemoChain.Rejection(duty: duty, validator: part.validator, why: why)
    }
}
