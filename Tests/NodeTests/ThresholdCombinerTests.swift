import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Cluster
@testable import Node

/// Shares of peers arrive unverified: here is where a bad one must be found, and nobody else blamed.
@Suite struct ThresholdCombinerTests {
    private static let domains = DutyScene.domains

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
            row.committeeIndex = CommitteeIndex(UInt64(number % 64))
            row.committeeLength = 8
            row.committeesAtSlot = 64
            data = .attestation(try #require(VersionedAttestation(fork: .fulu, data: attestation, duty: row)))
        }

        var entry: EntryKey { EntryKey(secret.publicKey.bytes) }
        var root: Root { ThresholdCombinerTests.domains.signingRoot(of: data) }

        func signature(_ share: Int, over root: Root? = nil) -> SignatureBytes {
            shares[share]?.sign(root ?? self.root).bytes ?? .zero
        }

        /// Shares in their own names, except those given.
        func group(_ shares: [Int], but others: [Int: SignatureBytes] = [:]) -> PartialGroup {
            let signatures = shares.map { (ThresholdCombinerTests.share($0), others[$0] ?? signature($0)) }
            return PartialGroup(data: data, signatures: Dictionary(uniqueKeysWithValues: signatures))
        }

        var recovered: Recovery { .signature(secret.sign(root).bytes) }
    }

    private static func share(_ index: Int) -> ShareIndex { ShareIndex(PeerIndex(index - 1)) }

    private func combiner(_ validators: [Validator]) -> ThresholdCombiner {
        let keys = validators.map { validator in
            ClusterKeys.Validator(
                publicKey: validator.secret.publicKey,
                shares: validator.shares.sorted { $0.key < $1.key }.map(\.value.publicKey))
        }
        return ThresholdCombiner(
            keys: ShareKeys(keys, own: ShareIndex(PeerIndex(0))), chain: DutyScene.view(), threads: threads,
            verifier: SignatureVerifier(threads: threads))
    }

    private let threads = CryptoThreads(threads: 2)

    private func combine(
        _ validators: [Validator], _ groups: [EntryKey: PartialGroup], ahead: [SignatureBytes] = []
    ) async -> [EntryKey: Recovery] {
        let combiner = combiner(validators)
        combiner.verifier.decodeAhead(ahead)
        return await withCheckedContinuation { continuation in
            combiner.combine(groups) { continuation.resume(returning: $0) }
        }
    }

    @Test(
        "any three of four shares give the group's own signature, and so do all four",
        arguments: [[1, 2, 3], [1, 2, 4], [2, 3, 4], [1, 2, 3, 4]], [1, 3, 40])
    func good(shares: [Int], count: Int) async throws {
        let validators = try (0..<count).map { try Validator($0) }
        let groups = Dictionary(uniqueKeysWithValues: validators.map { ($0.entry, $0.group(shares)) })
        // Decoded before, or at the same time, or not.
        let ahead = groups.values.flatMap { $0.signatures.values }.prefix(5)
        let results = await combine(validators, groups, ahead: Array(ahead))
        #expect(results == Dictionary(uniqueKeysWithValues: validators.map { ($0.entry, $0.recovered) }))
    }

    @Test("a bad share is named, with its validator only; the rest is recovered")
    func bad() async throws {
        let v = try (0..<5).map { try Validator($0) }
        let groups = [
            v[0].entry: v[0].group([1, 2, 3]),
            v[1].entry: v[1].group([1, 2, 3], but: [2: v[1].signature(2, over: .zero)]),
            v[2].entry: v[2].group([1, 2, 4], but: [2: v[2].signature(3)]),
            // Bytes that are no signature, and a share that nobody has.
            v[3].entry: v[3].group([1, 3, 9], but: [3: .zero]),
            v[4].entry: v[4].group([1, 2, 3]),
        ]
        #expect(
            await combine(v, groups) == [
                v[0].entry: v[0].recovered, v[1].entry: .badShares([Self.share(2)]),
                v[2].entry: .badShares([Self.share(2)]), v[3].entry: .badShares([Self.share(3), Self.share(9)]),
                v[4].entry: v[4].recovered,
            ])
    }

    @Test("two operators who swap their shares are both named")
    func swapped() async throws {
        let v = try Validator(0)
        let group = v.group([1, 2, 3], but: [1: v.signature(2), 2: v.signature(1)])
        #expect(await combine([v], [v.entry: group]) == [v.entry: .badShares([Self.share(1), Self.share(2)])])
    }

    @Test("an operator whose shares are all bad is named everywhere, and nobody else is")
    func flood() async throws {
        let validators = try (0..<90).map { try Validator($0) }
        let groups = Dictionary(
            uniqueKeysWithValues: validators.map { v in (v.entry, v.group([1, 2, 3], but: [2: v.signature(1)])) })
        let results = await combine(validators, groups)
        #expect(results.count == 90)
        #expect(results.values.allSatisfy { $0 == .badShares([Self.share(2)]) })
    }

    @Test("nothing to combine, and validators of another cluster")
    func none() async throws {
        let (ours, foreign) = (try Validator(0), try Validator(1))
        #expect(await combine([ours], [:]).isEmpty)
        let groups = [ours.entry: ours.group([1, 2, 3]), foreign.entry: foreign.group([1, 2, 3])]
        #expect(await combine([ours], groups) == [ours.entry: ours.recovered])
    }
}
