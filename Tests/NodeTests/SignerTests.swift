import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite struct SignerTests {
    private static let domains = DutyScene.domains
    private static let share = ShareIndex(PeerIndex(1))

    /// Blocks voted for, so `roots` messages.
    private func object(_ number: Int, roots: Int) throws -> SignedData {
        var data = AttestationData()
        data.slot = Slot(5)
        data.beaconBlockRoot = SHA256.hash([UInt8(number % roots)])
        var row = AttesterDuty()
        row.slot = data.slot
        row.committeeLength = 8
        row.committeesAtSlot = 64
        return .attestation(try #require(VersionedAttestation(fork: .fulu, data: data, duty: row)))
    }

    private func sign(_ objects: SignedDataSet, with keys: [PubKey: SecretKey]) async -> Signer.Outcome {
        let threads = CryptoThreads(threads: 2)
        let signer = Signer(
            backend: .keystores(keys), keys: ShareKeys([], own: Self.share), chain: DutyScene.view(),
            threads: threads, verifier: SignatureVerifier(threads: threads))
        let outcome = await withCheckedContinuation { continuation in
            signer.sign(.attester(slot: Slot(5)), objects) { continuation.resume(returning: $0) }
        }
        try? await threads.shutdown()
        return outcome
    }

    @Test(
        "each validator's object is signed by its own key over its own root",
        arguments: [(0, 1), (1, 1), (5, 1), (60, 1), (60, 2), (20, 20), (150, 1)])
    func signs(validators: Int, roots: Int) async throws {
        var keys: [PubKey: SecretKey] = [:]
        var objects: SignedDataSet = [:]
        for number in 0..<validators {
            let key = SecretKey.random()
            keys[key.publicKey.bytes] = key
            objects[EntryKey(key.publicKey.bytes)] = try object(number, roots: roots)
        }
        let outcome = await sign(objects, with: keys)
        #expect(outcome.failures.isEmpty)
        #expect(outcome.signed.count == validators)
        for (entry, partial) in outcome.signed {
            #expect(partial.shareIndex == Self.share)
            let root = Self.domains.signingRoot(of: partial.data)
            #expect(partial.data.signature == keys[entry.pubKey]?.sign(root).bytes)
        }
    }

    @Test("a missing key is named and holds up nobody")
    func failures() async throws {
        let keys = (0..<2).map { _ in SecretKey.random() }
        let pubKeys = keys.map(\.publicKey.bytes)
        let outcome = await sign(
            [EntryKey(pubKeys[0]): try object(0, roots: 1), EntryKey(pubKeys[1]): try object(1, roots: 1)],
            with: [pubKeys[0]: keys[0]])
        #expect(outcome.signed.keys.map(\.pubKey) == [pubKeys[0]])
        #expect(outcome.failures == [EntryKey(pubKeys[1]): .noKey(pubKeys[1])])
    }
}
