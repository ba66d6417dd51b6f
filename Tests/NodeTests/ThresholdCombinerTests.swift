import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Cluster
@testable import Node

/// Shares of peers arrive unverified: here is where a bad one must be found, and nobody else blamed.
@Suite struct ThresholdCombinerTests {
    private static let domains: SigningDomains = {
        let forks = try! ForkSchedule(
            ForkName.allCases.map { .init(fork: $0, version: Bytes4(padding: [UInt8($0.rawValue)]), epoch: .zero) })
        return SigningDomains(
            forks: forks, genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: 32, preset: .mainnet)
    }()

    private struct Validator {
        let secret: SecretKey
        let shares: [Int: SecretKey]
        let data: SignedData

        init(_ number: Int) throws {
            secret = SecretKey.random()
            var generator = SystemRandomNumberGenerator()
            shares = try secret.split(threshold: 3, shares: 4, using: &generator)
            var attestation = AttestationData()
            attestation.slot = Slot(5)
            var row = AttesterDuty()
            row.pubKey = secret.publicKey.bytes
            row.slot = attestation.slot
            row.committeeIndex = CommitteeIndex(UInt64(number))
            row.committeeLength = 8
            row.committeesAtSlot = 64
            data = .attestation(try #require(VersionedAttestation(fork: .fulu, data: attestation, duty: row)))
        }

        var pubKey: PubKey { secret.publicKey.bytes }
        var key: EntryKey { EntryKey(pubKey) }
        var root: Root { ThresholdCombinerTests.domains.signingRoot(of: data) }

        func partial(_ share: Int, signedBy signer: Int? = nil, over root: Root? = nil) -> ParSignedData {
            let signature = shares[signer ?? share]?.sign(root ?? self.root).bytes ?? .zero
            return ParSignedData(data: data.with(signature: signature), shareIndex: ShareIndex(PeerIndex(share - 1)))
        }
    }

    private func group(_ partials: [ParSignedData]) -> PartialGroup {
        PartialGroup(
            data: partials[0].data,
            signatures: Dictionary(uniqueKeysWithValues: partials.map { ($0.shareIndex, $0.data.signature) }))
    }

    private func combiner(_ validators: [Validator]) -> ThresholdCombiner {
        let keys = validators.map { validator in
            ClusterKeys.Validator(
                publicKey: validator.secret.publicKey,
                shares: validator.shares.sorted { $0.key < $1.key }.map(\.value.publicKey))
        }
        return ThresholdCombiner(
            keys: ShareKeys(keys, own: ShareIndex(PeerIndex(0))), domains: Self.domains,
            verifier: SignatureVerifier(threads: CryptoThreads(threads: 1)))
    }

    @Test("any three of four shares give the group's own signature", arguments: [[1, 2, 3], [1, 2, 4], [2, 3, 4]])
    func good(shares: [Int]) throws {
        let validators = try (0..<3).map { try Validator($0) }
        let groups = Dictionary(
            uniqueKeysWithValues: validators.map { v in (v.key, group(shares.map { v.partial($0) })) })
        let results = combiner(validators).combine(groups)
        for validator in validators {
            #expect(results[validator.key] == .signature(validator.secret.sign(validator.root).bytes))
        }
    }

    @Test("a bad share is named, with its validator only; the rest is recovered")
    func bad() throws {
        let validators = try (0..<5).map { try Validator($0) }
        var groups: [EntryKey: PartialGroup] = [:]
        for (i, v) in validators.enumerated() {
            let partials =
                switch i {
                case 1: [v.partial(1), v.partial(2, over: .zero), v.partial(3)]
                case 2: [v.partial(1), v.partial(2, signedBy: 3), v.partial(4)]
                // Bytes that are no signature.
                case 3: [v.partial(1), v.partial(9, signedBy: 9), v.partial(3, signedBy: 9)]
                default: [v.partial(1), v.partial(2), v.partial(3)]
                }
            groups[v.key] = group(partials)
        }
        let results = combiner(validators).combine(groups)
        func share(_ index: Int) -> ShareIndex { ShareIndex(PeerIndex(index - 1)) }
        #expect(results[validators[0].key] == .signature(validators[0].secret.sign(validators[0].root).bytes))
        #expect(results[validators[1].key] == .badShares([share(2)]))
        #expect(results[validators[2].key] == .badShares([share(2)]))
        #expect(results[validators[3].key] == .badShares([share(3), share(9)]))
        #expect(results[validators[4].key] == .signature(validators[4].secret.sign(validators[4].root).bytes))
    }

    @Test("two operators who swap their shares are both named")
    func swapped() throws {
        let v = try Validator(0)
        let swapped = [v.partial(1, signedBy: 2), v.partial(2, signedBy: 1), v.partial(3)]
        let results = combiner([v]).combine([v.key: group(swapped)])
        #expect(results[v.key] == .badShares([ShareIndex(PeerIndex(0)), ShareIndex(PeerIndex(1))]))
    }
}
