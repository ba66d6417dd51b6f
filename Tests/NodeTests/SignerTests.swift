import BLS
import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite struct SignerTests {
    private static let domains: SigningDomains = {
        let forks = try! ForkSchedule(
            ForkName.allCases.map { .init(fork: $0, version: Bytes4(padding: [UInt8($0.rawValue)]), epoch: .zero) })
        return SigningDomains(
            forks: forks, genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: 32, preset: .mainnet)
    }()
    private static let duty = Duty.attester(slot: Slot(5))
    private static let share = ShareIndex(PeerIndex(1))

    /// Blocks voted for, so `roots` messages.
    private func value(_ number: Int, roots: Int) -> UnsignedData {
        var data = AttestationData()
        data.slot = Slot(5)
        data.beaconBlockRoot = SHA256.hash([UInt8(number % roots)])
        var row = AttesterDuty()
        row.slot = data.slot
        row.committeeLength = 8
        row.committeesAtSlot = 64
        return .attester(data, row)
    }

    private func sign(_ set: UnsignedDataSet, with keys: [PubKey: SecretKey]) async -> Signer.Outcome {
        let threads = CryptoThreads(threads: 2)
        let signer = Signer(
            backend: .keystores(keys), share: Self.share, domains: Self.domains, threads: threads,
            verifier: SignatureVerifier(threads: threads))
        let outcome = await withCheckedContinuation { continuation in
            signer.sign(Self.duty, set) { continuation.resume(returning: $0) }
        }
        try? await threads.shutdown()
        return outcome
    }

    @Test(
        "each validator's object is signed by its own key over its own root",
        arguments: [(0, 1), (1, 1), (5, 1), (60, 1), (60, 2), (20, 20), (150, 1)])
    func signs(validators: Int, roots: Int) async {
        var keys: [PubKey: SecretKey] = [:]
        var set: UnsignedDataSet = [:]
        for number in 0..<validators {
            let key = SecretKey.random()
            keys[key.publicKey.bytes] = key
            set[key.publicKey.bytes] = value(number, roots: roots)
        }
        let outcome = await sign(set, with: keys)
        #expect(outcome.failures.isEmpty)
        #expect(outcome.signed.count == validators)
        for (entry, partial) in outcome.signed {
            #expect(partial.shareIndex == Self.share)
            let root = Self.domains.signingRoot(of: partial.data)
            #expect(partial.data.signature == keys[entry.pubKey]?.sign(root).bytes)
        }
    }

    @Test("a missing key and an unfit value are named and hold up nobody")
    func failures() async {
        let keys = (0..<3).map { _ in SecretKey.random() }
        let pubKeys = keys.map(\.publicKey.bytes)
        var unfit = AttesterDuty()
        unfit.slot = Slot(5)
        unfit.committeeIndex = CommitteeIndex(64)
        unfit.committeesAtSlot = 64
        let outcome = await sign(
            [
                pubKeys[0]: value(0, roots: 1), pubKeys[1]: value(1, roots: 1),
                pubKeys[2]: .attester(AttestationData(), unfit),
            ], with: [pubKeys[0]: keys[0], pubKeys[2]: keys[2]])
        #expect(outcome.signed.keys.map(\.pubKey) == [pubKeys[0]])
        #expect(outcome.failures == [pubKeys[1]: .noKey(pubKeys[1]), pubKeys[2]: .noTemplate(Self.duty)])
    }
}
