import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import Simulation

/// One node of four with one validator, and everything that others can bring it about two duties of one epoch.
///
/// The others are worse than any cluster: they decide A and B for the same duty, and more for the next one, which would
/// be a double vote. The validator client signs each of them.
struct NodeWorld: Sendable {
    enum Word: Hashable, Sendable, CaseIterable, CustomStringConvertible {
        case a
        case b
        /// Of the next slot, for the same target epoch.
        case later

        var description: String {
            switch self {
            case .a: "A"
            case .b: "B"
            case .later: "a vote in the next slot"
            }
        }
    }

    /// What can happen to the node at any time.
    enum Happening: Hashable, Sendable {
        /// DECIDED from two peers, with the COMMITs of three.
        case decided(Word)
        /// The validator client hands in its share, once a life.
        case signed(Word)
        /// The validator client asks what to sign, once a life.
        case asked
        case share(ofPeer: Int, Word, isGood: Bool)
        /// What the shell was asked for is done.
        case done(Int)
        case committed
        /// With so many records of the commit under way on disk.
        case crash(written: Int)
    }

    let chain: SimulatedChain
    let configuration: WorkflowConfiguration
    let duty: Duty
    let later: Duty
    let row: AttesterDuty
    let laterRow: AttesterDuty
    let now: Instant
    /// Whether the node signs by itself.
    let signs: Bool

    init(signs: Bool) {
        self.signs = signs
        let clock = SlotClock(
            genesis: Instant(nanoseconds: 1_700_000_000_000_000_000), slotDuration: .seconds(12), slotsPerEpoch: 8)
        chain = SimulatedChain(clock: clock, validators: 1)
        row = chain.duties(of: Epoch(1))[0]
        var moved = row
        moved.slot = Slot(row.slot.rawValue + 1)
        laterRow = moved
        duty = .attester(slot: row.slot)
        later = .attester(slot: moved.slot)
        now = clock.begin(of: later)
        configuration = WorkflowConfiguration(
            nodes: 4, threshold: 3, peer: PeerIndex(0), validators: Set(chain.pubKeys), clock: clock, spec: chain.spec,
            signs: signs, seed: 1)
    }

    var pubKey: PubKey { chain.pubKeys[0] }
    var key: EntryKey { EntryKey(pubKey) }
    var domains: SigningDomains { chain.domains(chain.spec.forks) }

    func workflow() -> Workflow {
        Workflow(configuration: configuration) { _, message in
            var sealed = message
            sealed.signature = [0]
            return sealed
        }
    }

    func duty(of word: Word) -> Duty { word == .later ? later : duty }

    func data(_ word: Word) -> AttestationData { chain.attestationData(duty(of: word).slot, view: word == .b) }

    /// Of peers, what they can say about the duties; of the validator client, all that it can sign.
    var happenings: [Happening] {
        let shares: [Happening] = [
            .share(ofPeer: 1, .a, isGood: true), .share(ofPeer: 2, .a, isGood: true),
            .share(ofPeer: 3, .a, isGood: false), .share(ofPeer: 3, .b, isGood: true),
        ]
        return Word.allCases.map { .decided($0) } + (signs ? [] : Word.allCases.map { .signed($0) }) + [.asked] + shares
    }

    /// Ways that go far: A has been signed and its share is with the peers; then two peers' shares have come, or a vote in
    /// the next slot has been decided.
    var landmarks: [[Happening]] {
        let signed: [Happening] = signs ? [.done(0)] : [.asked, .signed(.a)]
        let shared = [.decided(.a), .committed] + signed + [.committed]
        let twoShares: [Happening] = [
            .share(ofPeer: 1, .a, isGood: true), .share(ofPeer: 2, .a, isGood: true), .committed,
        ]
        let nextVote: [Happening] = [.decided(.later), .committed]
        return [shared, shared + twoShares, shared + nextVote]
    }

    func events(_ happening: Happening) -> [Event] {
        switch happening {
        case .decided(let word): (1...2).map { decided(word, by: $0) }
        case .signed(let word):
            [.localPartials([LocalPartials(duty(of: word), [key: partial(word, by: 0)])], Ticket(1 + ticket(word)))]
        case .asked: [.query(Ticket(1), .decided(.attestation(duty.slot, .zero)))]
        case .share(let peer, let word, let isGood):
            [.peerPartials(duty(of: word), [key: partial(word, by: peer, isGood: isGood)])]
        case .done, .committed, .crash: []
        }
    }

    private func ticket(_ word: Word) -> UInt64 { word == .a ? 1 : word == .b ? 2 : 3 }

    private func decided(_ word: Word, by peer: Int) -> Event {
        let set: UnsignedDataSet = [pubKey: .attester(data(word), word == .later ? laterRow : row)]
        let hash = set.valueHash()
        let commits = (1...3).map {
            QBFT.Message(.commit, round: 1, source: $0, value: hash, signature: [UInt8($0)])
        }
        let message = QBFT.Message(
            .decided, round: 1, source: peer, value: hash, signature: [UInt8(peer)], justification: commits)
        return .consensusMessage(ConsensusMessage(duty: duty(of: word), message: message, values: [hash: .duties(set)]))
    }

    func partial(_ word: Word, by peer: Int, isGood: Bool = true) -> ParSignedData {
        guard
            let attestation = VersionedAttestation(fork: .fulu, data: data(word), duty: word == .later ? laterRow : row)
        else { preconditionFailure("the row names a seat in its committee") }
        let share = ShareIndex(PeerIndex(peer))
        let signed = chain.partial(.attestation(attestation), pubKey, share: share, domains)
        return isGood ? signed : ParSignedData(data: signed.data.with(signature: .zero), shareIndex: share)
    }

    // MARK: What the shell computes

    func isGood(_ set: ParSignedDataSet) -> Bool {
        set.allSatisfy { key, partial in
            partial.data.signature
                == chain.shareSignature(key.pubKey, domains.signingRoot(of: partial.data), partial.shareIndex)
        }
    }

    func recover(_ groups: [EntryKey: PartialGroup]) -> [EntryKey: Recovery] {
        groups.mapValues { group in
            let root = domains.signingRoot(of: group.data)
            let bad = group.signatures.filter { $0.value != chain.shareSignature(pubKey, root, $0.key) }
            return bad.isEmpty ? .signature(chain.groupSignature(pubKey, root)) : .badShares(bad.keys.sorted())
        }
    }

    func sign(_ set: SignedDataSet) -> ParSignedDataSet {
        set.mapValues { chain.partial($0, pubKey, share: configuration.shareIndex, domains) }
    }
}
