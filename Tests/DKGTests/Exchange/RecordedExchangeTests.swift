import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import DKG

@Suite("recorded ceremonies: signatures", .enabled(if: Recording.areThere, "needs shared/vectors/dkg"))
struct RecordedExchangeTests {
    private static func exchange(_ recording: Recording) -> PartialExchange {
        let shares = recording.nodes.indices.map { ($0, recording.share($0)) }
        return PartialExchange(
            shares: Dictionary(uniqueKeysWithValues: shares), validatorsMax: recording.signing,
            deposits: recording.lock?.validators.first?.partialDeposits.count ?? 0)
    }

    /// What the recording signs under one kind, in lock order: new validators only, but for the lock hash.
    private static func roots(_ recording: Recording, _ kind: SignatureKind) throws -> [(PubKey, Root)] {
        let lock = try #require(recording.lock)
        let fork = lock.definition.forkVersion
        let signing = kind == .lockHash ? lock.validators[...] : lock.validators.suffix(recording.validators)
        return try signing.map { validator in
            let key = try #require(PubKey(validator.publicKey))
            switch kind {
            case .lockHash: return (key, lock.lockHash)
            case .registration:
                let registration = validator.builderRegistration
                let message = ValidatorRegistration(
                    feeRecipient: Bytes20(padding: registration.feeRecipient), gasLimit: registration.gasLimit,
                    timestamp: UInt64(registration.timestamp), pubKey: key)
                return (key, message.signingRoot(fork))
            case .deposit(let place):
                let deposit = validator.partialDeposits[place]
                let message = DepositMessage(
                    pubKey: key, withdrawalCredentials: Bytes32(padding: deposit.withdrawalCredentials),
                    amount: deposit.amount)
                return (key, message.signingRoot(fork))
            }
        }
    }

    /// By validator and share index as it stands on the wire.
    private static func publicShares(_ recording: Recording) throws -> [PubKey: [Int: BLS.PublicKey]] {
        var shares: [PubKey: [Int: BLS.PublicKey]] = [:]
        for validator in try #require(recording.lock).validators {
            let key = try #require(PubKey(validator.publicKey))
            for (participant, share) in validator.publicShares.enumerated() {
                shares[key, default: [:]][recording.share(participant)] = try BLS.PublicKey(bytes: share)
            }
        }
        return shares
    }

    @Test(
        "each node completes each kind with what it got, and every partial signature is its share's",
        arguments: Recording.complete)
    func exchanged(recording: Recording) throws {
        let publicShares = try Self.publicShares(recording)
        let streams = recording.streams(.partialSignatures)
        for node in recording.nodes.indices {
            var exchange = Self.exchange(recording)
            var kinds: Set<SignatureKind> = []
            // All messages before any kind is open: they are kept.
            for stream in streams where stream.to == node {
                let set = try exchange.decode(stream.message(), from: stream.from)
                try exchange.receive(set, from: stream.from)
                try exchange.receive(set, from: stream.from)
                kinds.insert(set.kind)
                #expect(exchange.signatures(set.kind) == nil)
            }
            #expect(kinds.contains(.lockHash) && (kinds.count > 1) == !recording.isReshare)
            for kind in kinds.sorted() {
                let roots = try Self.roots(recording, kind)
                try exchange.expect(kind, validators: roots.map(\.0))
                #expect(exchange.missing(kind).map(\.participant) == [node])
                for stream in streams where stream.from == node {
                    let set = try PartialSignatureSet(
                        decoding: stream.message(), share: recording.share(node), validators: recording.signing)
                    if set.kind == kind { try exchange.receive(set, from: node) }
                }
                let signatures = try #require(exchange.signatures(kind))
                #expect(signatures.count == roots.count)
                var generator = SeededGenerator(seed: 3)
                let verified = try exchange.verified(
                    kind, over: Dictionary(uniqueKeysWithValues: roots), publicShares: publicShares, using: &generator)
                #expect(verified.mapValues { $0.mapValues { $0.bytes } } == signatures)
            }
        }
    }

    @Test("another share's signature names its operator", arguments: Recording.complete)
    func foreign(recording: Recording) throws {
        var exchange = Self.exchange(recording)
        var sets: [ParticipantIndex: PartialSignatureSet] = [:]
        for stream in recording.streams(.partialSignatures) {
            let set = try exchange.decode(stream.message(), from: stream.from)
            if set.kind == .lockHash { sets[stream.from] = set }
        }
        let roots = try Self.roots(recording, .lockHash)
        try exchange.expect(.lockHash, validators: roots.map(\.0))
        for (participant, set) in sets {
            let sent = participant == 1 ? try #require(sets[2]) : set
            try exchange.receive(
                PartialSignatureSet(kind: .lockHash, share: set.share, signatures: sent.signatures), from: participant)
        }
        var generator = SeededGenerator(seed: 3)
        #expect(throws: CeremonyFault(1, .unsigned(.partialSignatures))) {
            try exchange.verified(
                .lockHash, over: Dictionary(uniqueKeysWithValues: roots), publicShares: Self.publicShares(recording),
                using: &generator)
        }
    }

    @Test("node signatures are the lock's, and signing again gives the same bytes", arguments: Recording.complete)
    func nodeSignatures(recording: Recording) throws {
        let lock = try #require(recording.lock)
        for node in recording.nodes.indices {
            var signatures = NodeSignatures(identities: recording.identities)
            let own = NodeSignatures.own(node, over: lock.lockHash, key: recording.keys[node])
            for stream in recording.streams(recording.version.deliverProtocol) {
                let message = try BroadcastMessage(
                    decoding: stream.message(), valueBytesMax: recording.valueBytesMax,
                    participants: recording.nodes.count)
                guard message.id == BroadcastID.nodeSignature.rawValue else { continue }
                if stream.from == node { #expect(message.message == own.packed) }
                if stream.to == node {
                    try signatures.receive(
                        NodeSignatureMessage(unpacking: message.message, from: stream.from), from: stream.from)
                }
            }
            try signatures.sign(over: lock.lockHash)
            #expect(signatures.missing == [node] && signatures.complete == nil)
            try signatures.receive(own, from: node)
            #expect(signatures.complete?.map { $0.bytes } == lock.nodeSignatures)
        }
    }
}
