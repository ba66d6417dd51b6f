import BLS
import Cluster
import Dispatch
import DutyWorkflow
import Ethereum
import Foundation
import Node
import SSZ
import Synchronization

/// Validators of a cluster of four who attest in one slot, to one root.
struct BenchmarkSlot {
    struct Validator {
        let key: PublicKey
        /// In share order.
        let shares: [SecretKey]
    }

    let validators: [Validator]
    let root: Root
    /// By share index, for each validator.
    let partials: [[Int: SignatureBytes]]
    private let data: AttestationData
    private let chain: ChainView

    init(validators count: Int) throws {
        var data = AttestationData()
        data.slot = Slot(5)
        let forks = try ForkSchedule(
            ForkName.allCases.map { .init(fork: $0, version: Bytes4(padding: [UInt8($0.rawValue)]), epoch: .zero) })
        let domains = SigningDomains(
            forks: forks, genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: 32, preset: .mainnet)
        let root = domains.attester(data)
        validators = try (0..<count).map { _ in
            let secret = SecretKey.random()
            let shares = try secret.split(threshold: 3, shares: 4)
            return Validator(key: secret.publicKey, shares: shares.sorted { $0.key < $1.key }.map(\.value))
        }
        partials = validators.map { validator in
            Dictionary(
                uniqueKeysWithValues: validator.shares.enumerated().map { ($0.offset + 1, $0.element.sign(root).bytes) }
            )
        }
        let clock = SlotClock(genesis: Instant(nanoseconds: 0), slotDuration: .seconds(12), slotsPerEpoch: 32)
        chain = ChainView(ChainContext(clock: clock, domains: domains, spec: ChainSpec(forks: forks)))
        (self.data, self.root) = (data, root)
    }

    /// What a node waits for its signer, and for its combiner when nothing was decoded ahead.
    func onAllThreads(_ bench: inout Bench, sign: String, combine: String) throws {
        let threads = CryptoThreads(threads: ProcessInfo.processInfo.activeProcessorCount)
        let verifier = SignatureVerifier(threads: threads)
        let keys = ShareKeys(
            validators.map { ClusterKeys.Validator(publicKey: $0.key, shares: $0.shares.map(\.publicKey)) },
            own: ShareIndex(PeerIndex(0)))
        let signer = Signer(
            backend: .keystores(Dictionary(uniqueKeysWithValues: validators.map { ($0.key.bytes, $0.shares[0]) })),
            keys: keys, chain: chain, threads: threads, verifier: verifier)
        let set = Dictionary(
            uniqueKeysWithValues: try validators.map { (EntryKey($0.key.bytes), try attestation(of: $0)) })
        try wall(&bench, sign) { done in
            signer.sign(.attester(slot: data.slot), set) { outcome in done(outcome.signed.count == validators.count) }
        }
        let combiner = ThresholdCombiner(keys: keys, chain: chain, threads: threads, verifier: verifier)
        let groups = try self.groups()
        try wall(&bench, combine) { done in
            combiner.combine(groups) { results in
                done(results.values.allSatisfy { if case .signature = $0 { true } else { false } })
            }
        }
    }

    private func attestation(of validator: Validator) throws -> SignedData {
        var row = AttesterDuty()
        row.pubKey = validator.key.bytes
        row.slot = data.slot
        row.committeeLength = 8
        row.committeesAtSlot = 64
        guard let attestation = VersionedAttestation(fork: .fulu, data: data, duty: row) else {
            throw BenchmarkError("an attestation does not fit its fork")
        }
        return .attestation(attestation)
    }

    private func groups() throws -> [EntryKey: PartialGroup] {
        var groups: [EntryKey: PartialGroup] = [:]
        for (validator, partials) in zip(validators, partials) {
            let signatures = partials.filter { $0.key <= 3 }.map { (ShareIndex(PeerIndex($0.key - 1)), $0.value) }
            groups[EntryKey(validator.key.bytes)] = PartialGroup(
                data: try attestation(of: validator), signatures: Dictionary(uniqueKeysWithValues: signatures))
        }
        return groups
    }

    /// Milliseconds, the median of a few.
    private func wall(
        _ bench: inout Bench, _ name: String, _ work: (@escaping @Sendable (Bool) -> Void) -> Void
    ) throws {
        guard bench.wants(name) else { return }
        let times = try (0..<(bench.isQuick ? 3 : 15)).map { _ in
            let ended = DispatchSemaphore(value: 0)
            let wrong = Mutex(false)
            let start = Clock.wall.nanoseconds
            work { isRight in
                wrong.withLock { $0 = !isRight }
                ended.signal()
            }
            ended.wait()
            try require(!wrong.withLock { $0 }, "\(name): a result is missing")
            return Double(Clock.wall.nanoseconds - start) / 1e6
        }
        bench.record(name, n: validators.count, Percentiles(times)[50], "ms", .wall)
    }
}
