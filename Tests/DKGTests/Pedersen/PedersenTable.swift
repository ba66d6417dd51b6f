import BLS
import SSZ
import TestSupport

@testable import DKG

/// All nodes of one Pedersen run in one place, and the network between them.
struct PedersenTable {
    /// One node; its place in the list is its participant index.
    struct Seat {
        var index: Int
        var deals = true
        var receives = true
    }

    /// A validator's key as it is shared before a reshare, by node index.
    struct Shared {
        let key: PublicKey
        let secrets: [Int: SecretKey]
        let threshold: Int
    }

    enum End {
        case finished(PedersenOutcome)
        case left
        case aborted(CeremonyFault)
    }

    let roster: [PedersenNode]
    let threshold: Int
    let keys: [SecretKey]
    var runs: [PedersenRun] = []
    /// By participant.
    var ends: [ParticipantIndex: End] = [:]
    var blamed: [ParticipantIndex: [CeremonyFault]] = [:]
    /// Phases whose time had to be waited for.
    var ticks: [PedersenRun.Phase] = []
    /// Hears and is heard before all others, and need not agree with them.
    var liar: ParticipantIndex?
    /// What a bundle becomes on its way to a participant. Nobody tampers with what a node keeps for itself.
    var tamper: (PedersenBundle, _ from: ParticipantIndex, _ to: ParticipantIndex) throws -> [PedersenBundle] = {
        bundle, _, _ in [bundle]
    }

    init(_ seats: [Seat], threshold: Int, old: Shared? = nil, validator: Int = 0, seed: Int = 1) throws {
        keys = seats.indices.map { CeremonySeed.test(seed * 1000 + $0).nodeKey }
        let keys = keys
        roster = seats.enumerated().map { participant, seat in
            PedersenNode(
                participant: participant, index: seat.index, key: keys[participant].publicKey, deals: seat.deals,
                receives: seat.receives)
        }
        self.threshold = threshold
        for (participant, seat) in seats.enumerated() {
            let sharing = old.map {
                PedersenSharing(
                    key: $0.key, publicShares: $0.secrets.mapValues(\.publicKey),
                    secret: seat.deals ? $0.secrets[seat.index] : nil)
            }
            runs.append(
                try PedersenRun(
                    PedersenRoster(roster, own: participant, threshold: threshold, oldThreshold: old?.threshold),
                    validator: validator, nodeKey: keys[participant], seed: .test(seed * 1000 + participant),
                    sharing: sharing))
        }
    }

    /// A new key among `count` nodes.
    init(nodes count: Int, threshold: Int, seed: Int = 1) throws {
        try self.init((0..<count).map { Seat(index: $0) }, threshold: threshold, seed: seed)
    }

    /// Until everybody is done: bundles are delivered in random order, and when none is left the next phase's time is
    /// over.
    mutating func run(seed: UInt64 = 1) throws {
        var generator = SeededGenerator(seed: seed)
        var network: [(bundle: PedersenBundle, from: ParticipantIndex, to: ParticipantIndex)] = []
        for participant in runs.indices { try perform(runs[participant].start(), of: participant, &network) }
        for phase in [PedersenRun.Phase.responses, .justifications, .over] {
            while !network.isEmpty {
                let hasty = network.firstIndex { $0.from == liar || $0.to == liar }
                let next = network.remove(at: hasty ?? Int.random(in: network.indices, using: &generator))
                try perform(runs[next.to].receive(next.bundle, from: next.from), of: next.to, &network)
            }
            guard ends.count < runs.count else { return }
            ticks.append(phase)
            for participant in runs.indices {
                try perform(runs[participant].tick(phase), of: participant, &network)
            }
        }
    }

    private mutating func perform(
        _ effects: [PedersenEffect], of participant: ParticipantIndex,
        _ network: inout [(bundle: PedersenBundle, from: ParticipantIndex, to: ParticipantIndex)]
    ) throws {
        for effect in effects {
            switch effect {
            case .send(let bundle):
                for other in runs.indices where other != participant {
                    network += try tamper(bundle, participant, other).map { ($0, participant, other) }
                }
            case .blamed(let fault): blamed[participant, default: []].append(fault)
            case .finished(let outcome): ends[participant] = .finished(outcome)
            case .left: ends[participant] = .left
            case .aborted(let fault): ends[participant] = .aborted(fault)
            }
        }
    }

    var outcomes: [ParticipantIndex: PedersenOutcome] {
        ends.compactMapValues { if case .finished(let outcome) = $0 { outcome } else { nil } }
    }

    var aborts: [ParticipantIndex: CeremonyFault] {
        ends.compactMapValues { if case .aborted(let fault) = $0 { fault } else { nil } }
    }

    /// The key that results, if those who finished have one sharing of it.
    func agreedKey() throws -> PublicKey? {
        let outcomes = outcomes.filter { $0.key != liar }
        guard let first = outcomes.values.first,
            outcomes.values.allSatisfy({ $0.key == first.key && $0.publicShares == first.publicShares })
        else { return nil }
        for (participant, outcome) in outcomes {
            guard let receiver = runs[participant].roster.receiver(roster[participant]),
                outcome.publicShares[receiver + 1] == outcome.secret.publicKey
            else { return nil }
        }
        let shares = (1...first.publicShares.count).compactMap { first.publicShares[$0] }
        return first.key.isShared(as: shares, threshold: threshold) ? first.key : nil
    }

    /// As it is shared after the run, by node index of a later ceremony with the same places.
    func shared() throws -> Shared? {
        guard let key = try agreedKey() else { return nil }
        var secrets: [Int: SecretKey] = [:]
        for (participant, outcome) in outcomes {
            guard let receiver = runs[participant].roster.receiver(roster[participant]) else { return nil }
            secrets[receiver] = outcome.secret
        }
        return Shared(key: key, secrets: secrets, threshold: threshold)
    }
}

/// Changes what is to be signed; the result is signed again.
func changed(_ bundle: PedersenBundle, by key: SecretKey, _ change: (inout BundleParts) throws -> Void) rethrows
    -> PedersenBundle
{
    var parts = BundleParts(bundle)
    try change(&parts)
    return parts.bundle.signed(by: key)
}

/// A bundle's fields, to be changed one by one.
struct BundleParts {
    var index: Int
    var deals: [(index: Int, sealed: [UInt8])] = []
    var points: [Bytes48] = []
    var responses: [(dealer: Int, isGood: Bool)] = []
    var shares: [(index: Int, share: Bytes32)] = []
    var session: Bytes32
    private let kind: PedersenRun.Phase

    init(_ bundle: PedersenBundle) {
        index = bundle.index
        session = bundle.session
        kind = bundle.phase
        switch bundle {
        case .deals(let bundle):
            deals = bundle.deals.map { ($0.shareIndex, $0.encryptedShare) }
            points = bundle.publicPoints
        case .responses(let bundle): responses = bundle.responses.map { ($0.dealerIndex, $0.isGood) }
        case .justifications(let bundle): shares = bundle.justifications.map { ($0.shareIndex, $0.share) }
        }
    }

    var bundle: PedersenBundle {
        switch kind {
        case .deals:
            .deals(
                DealBundleMessage(
                    dealerIndex: index, deals: deals.map { .init(shareIndex: $0.index, encryptedShare: $0.sealed) },
                    publicPoints: points, session: session, signature: .zero))
        case .responses:
            .responses(
                ResponseBundleMessage(
                    shareIndex: index, responses: responses.map { .init(dealerIndex: $0.dealer, isGood: $0.isGood) },
                    session: session, signature: .zero))
        default:
            .justifications(
                JustificationBundleMessage(
                    dealerIndex: index, justifications: shares.map { .init(shareIndex: $0.index, share: $0.share) },
                    session: session, signature: .zero))
        }
    }
}
