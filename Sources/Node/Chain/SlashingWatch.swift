import BLS
import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import Logging
import Program
import SSZ
import Synchronization

/// Slashings of our validators: what beacon nodes' events show, and what the nodes say of the chain.
///
/// Two signatures under the validator's own key are proof, whoever shows them, and go to the workflow. For anything
/// less all beacon nodes are asked, and most of them decide (`SlashingPoll`). So a beacon node that lies costs us a
/// question a slot; it switches no validator off, unless it is the only one, which can keep duties from us in any case.
final class SlashingWatch: Sendable {
    /// How it looks at what it hears of.
    struct Questions: Sendable {
        /// What each beacon node says of validators, without those that do not answer.
        var each: @Sendable ([PubKey]) async -> [[BeaconValidator]]
        /// Whether all of it holds under the validator's own key.
        var holds: @Sendable (PubKey, [SlashingEvidence.Claim]) async -> Bool
        /// Whether there are several beacon nodes, so that one may hide what another tells.
        var asksAll: Bool
        /// A signature's domains, now.
        var domains: @Sendable () -> SigningDomains
    }

    private struct Proof: Hashable {
        let pubKey: PubKey
        let claims: [SlashingEvidence.Claim]
        let seen: String
        let node: String
    }

    private struct State {
        var questions: SlashingQuestions
        /// As beacon nodes number our validators. A wrong number proves nothing: signatures are checked under our keys.
        var indices: [ValidatorIndex: PubKey] = [:]
        var proofs: [Proof] = []
        var takenIn: (slot: Slot, count: Int) = (.zero, 0)
        /// In which the log told last of a slashing that a beacon node shows: one may show them without end.
        var toldIn: Slot?
        /// Validators that are stopped on the beacon nodes' word.
        var told: Set<PubKey>
        var askedAllIn: Epoch?
    }

    /// Proofs that are checked in a slot: two signatures each, about 2 ms. A chain has some sixteen slashings in a
    /// block.
    private static let proofsPerSlotMax = 16

    private let clock: SlotClock
    private let pubKeys: [PubKey]
    private let questions: Questions
    private let now: @Sendable () -> Instant
    private let logger: Logger
    private let bell = Bell()
    private let state: Mutex<State>

    /// - Parameter stopped: validators that are stopped already.
    init(
        pubKeys: [PubKey], clock: SlotClock, stopped: [PubKey: Slashing], questions: Questions,
        now: @escaping @Sendable () -> Instant = SystemClock.now, logger: Logger
    ) {
        self.clock = clock
        self.pubKeys = pubKeys
        self.questions = questions
        self.now = now
        self.logger = logger
        state = Mutex(
            State(
                questions: SlashingQuestions(validators: Set(pubKeys), clock: clock),
                told: Set(stopped.filter { $0.value.evidence == .told }.keys)))
    }

    // MARK: What is heard, from any thread

    /// - Parameter rows: what is known of our validators, from one beacon node or several.
    func note(_ rows: [BeaconValidator]) {
        let slot = clock.currentSlot(at: now())
        let isNews = state.withLock { state in
            for row in rows { state.indices[row.index] = row.validator.pubKey }
            let changed = rows.filter { $0.isSlashed != state.told.contains($0.validator.pubKey) }
            return state.questions.doubt(changed.map(\.validator.pubKey), at: slot)
        }
        if isNews { bell.ring() }
    }

    func receive(_ event: BeaconEvent, from node: String) {
        let evidence: SlashingEvidence? =
            switch event {
            case .proposerSlashing(let slashing): SlashingEvidence(slashing, questions.domains())
            case .attesterSlashing(let slashing): SlashingEvidence(slashing, questions.domains())
            case .head, .chainReorg, .block, .blockGossip: nil
            }
        guard let evidence else { return }
        let slot = clock.currentSlot(at: now())
        let (ours, isToldAlready) = state.withLock { state -> ([PubKey], Bool) in
            let ours = evidence.validators.compactMap { state.indices[$0] }
            guard !ours.isEmpty else { return ([], true) }
            if let claims = evidence.claims {
                if state.takenIn.slot != slot { state.takenIn = (slot, 0) }
                let proof = Proof(pubKey: ours[0], claims: claims, seen: evidence.seen, node: node)
                if state.takenIn.count < Self.proofsPerSlotMax, !state.proofs.contains(proof) {
                    state.takenIn.count += 1
                    state.proofs.append(proof)
                }
            } else {
                _ = state.questions.doubt(ours, at: slot)
            }
            defer { state.toldIn = slot }
            return (ours, state.toldIn == slot)
        }
        if !ours.isEmpty { bell.ring() }
        guard !isToldAlready else { return }
        logger.warning(
            "a beacon node tells of a slashing of our validators: it is checked",
            metadata: [
                "node": "\(node)", "seen": "\(evidence.seen)",
                "validators": "\(ours.prefix(3).map { "\($0)" }.joined(separator: " "))",
            ])
    }

    // MARK: What is made of it

    /// Until cancelled.
    func run(_ post: @escaping @Sendable (Event) -> Void) async {
        while !Task.isCancelled {
            await look(post)
            let slot = clock.currentSlot(at: now())
            let pause = max(.milliseconds(100), clock.start(of: slot + 1) - now())
            do { try await bell.wait(orSleep: { try await Task.sleep(for: pause) }) } catch { return }
        }
    }

    /// Checks what came since, and asks what is due.
    func look(_ post: @Sendable (Event) -> Void) async {
        let proofs = state.withLock { state in
            defer { state.proofs = [] }
            return state.proofs
        }
        for proof in proofs {
            if await questions.holds(proof.pubKey, proof.claims) {
                post(.slashingProven(proof.pubKey, proof.seen))
            } else {
                logger.warning(
                    "a beacon node's slashing is not signed by our validator, and is ignored",
                    metadata: ["node": "\(proof.node)", "validator": "\(proof.pubKey)", "seen": "\(proof.seen)"])
            }
        }
        let slot = clock.currentSlot(at: now())
        let due = state.withLock { state in
            let doubtful = state.questions.due(at: slot)
            // Each node once an epoch about all: the one that is asked first may be the one that hides something.
            guard questions.asksAll, state.askedAllIn != clock.epoch(of: slot) else { return doubtful }
            state.askedAllIn = clock.epoch(of: slot)
            return pubKeys
        }
        guard !due.isEmpty else { return }
        let answers = await questions.each(due).map { rows in
            Dictionary(
                rows.map { ($0.validator.pubKey, $0.isSlashed) }, uniquingKeysWith: { $0 && $1 })
        }
        let poll = SlashingPoll(answers)
        state.withLock { state in
            state.told.formUnion(poll.slashed)
            state.told.subtract(poll.unslashed)
        }
        post(.slashingsTold(poll))
    }
}

extension BeaconValidator {
    /// The chain keeps it in the validator's record when the states do not tell it any more.
    var isSlashed: Bool { validator.slashed || status == .activeSlashed || status == .exitedSlashed }
}

extension SlashingWatch.Questions {
    init(_ beacon: BeaconClient, _ keys: ShareKeys, _ verifier: SignatureVerifier, _ chain: ChainView) {
        each = { pubKeys in
            let answers = await beacon.validatorsOfEach(pubKeys)
            guard answers.isEmpty else { return answers }
            return (try? await beacon.validators(.pubKeys(pubKeys))).map { [$0] } ?? []
        }
        holds = { await Self.hold($0, $1, keys, verifier) }
        asksAll = beacon.nodes.count > 1
        domains = { chain.domains }
    }

    static func hold(
        _ pubKey: PubKey, _ claims: [SlashingEvidence.Claim], _ keys: ShareKeys, _ verifier: SignatureVerifier
    ) async -> Bool {
        guard let key = keys.groupKey(pubKey) else { return false }
        let all = claims.map { SignatureVerifier.Claim(key: key, signature: $0.signature, root: $0.root) }
        return await withCheckedContinuation { done in
            let isTaken = verifier.verify(all) { results in
                done.resume(returning: !results.isEmpty && results.allSatisfy { $0 })
            }
            if !isTaken { done.resume(returning: false) }
        }
    }
}

extension StyxNode {
    func slashingWatch(
        _ beacon: BeaconClient, _ tools: SigningTools, _ chain: ChainView, stopped: [PubKey: Slashing]
    ) -> SlashingWatch {
        SlashingWatch(
            pubKeys: cluster.keys.pubKeys, clock: chain.clock, stopped: stopped,
            questions: .init(beacon, cluster.keys, tools.verifier, chain), logger: topic("sched"))
    }
}
