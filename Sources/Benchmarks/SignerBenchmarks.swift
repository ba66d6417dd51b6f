import BLS
import Cluster
import ClusterSetup
import DutyWorkflow
import Ethereum
import Foundation
import Logging
import Node
import RemoteSigner
import SSZ
import Synchronization

/// A thousand validators' votes, signed by keystores and by a remote signer on loopback, all at once and slot by slot as an
/// epoch has them: when each signature is there, and when all of them are, counted from the moment they were wanted.
enum SignerBenchmarks {
    private static let keystores = "signer keystores"
    private static let remote = "signer remote"
    private static let atOnce = " 1000 attestations"
    private static let bySlot = " slot's share of 1000"
    /// Of an epoch.
    private static let slots = 32

    static func run(_ bench: inout Bench) async throws {
        var suffixes = [" p50", " p99", " cpu", " all p50", " all p90"].map { atOnce + $0 }
        suffixes += [" all p50", " all p90"].map { bySlot + $0 }
        let connections = remote + atOnce + " connections"
        let names = [keystores, remote].flatMap { name in suffixes.map { name + $0 } } + [connections]
        guard bench.wantsAny(of: names) else { return }
        let count = bench.isQuick ? 100 : SignerServer.keysMax
        let scene = try SignerSlot(validators: count)
        try await measure(&bench, keystores, scene, scene.signer(.keystores(scene.shares)))

        let server = try SignerServer()
        do {
            let client = try scene.client(server.url)
            client.start()
            do { try await measure(&bench, remote, scene, scene.signer(.remote(client))) } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        } catch {
            _ = server.stop()
            throw error
        }
        bench.record(connections, n: count, Double(server.stop()), "", nil)
        try await scene.threads.shutdown()
    }

    /// Milliseconds until a signature and until all, and our CPU time for each.
    private static func measure(
        _ bench: inout Bench, _ backend: String, _ scene: SignerSlot, _ signer: Signer
    ) async throws {
        // The first round opens connections.
        _ = try await round(scene.duty, scene.objects, signer)
        var times: [Double] = []
        var wholes: [Double] = []
        let rounds = bench.isQuick ? 2 : 10
        let start = Clock.process.nanoseconds
        for _ in 0..<rounds {
            let latest = try await round(scene.duty, scene.objects, signer)
            times += latest
            wholes.append(latest.max() ?? 0)
        }
        let spent = Double(Clock.process.nanoseconds - start) / 1000
        let latencies = Percentiles(times)
        let (name, n) = (backend + atOnce, scene.objects.count)
        bench.record(name + " p50", n: n, latencies[50], "ms", .wall)
        bench.record(name + " p99", n: n, latencies[99], "ms", .wall)
        bench.record(name + " cpu", n: n, spent / Double(times.count), "µs", .process)
        record(&bench, name, n: n, wholes)
        try await measureSlots(&bench, backend + bySlot, scene, signer)
    }

    /// Milliseconds until all validators of a slot have signed, one slot after the other.
    private static func measureSlots(
        _ bench: inout Bench, _ name: String, _ scene: SignerSlot, _ signer: Signer
    ) async throws {
        let shares = scene.shares(of: slots)
        var wholes: [Double] = []
        for _ in 0..<(bench.isQuick ? 1 : 5) {
            for share in shares { wholes.append(try await round(scene.duty, share, signer).max() ?? 0) }
        }
        record(&bench, name, n: shares.map(\.count).max() ?? 0, wholes)
    }

    private static func record(_ bench: inout Bench, _ name: String, n: Int, _ wholes: [Double]) {
        let latencies = Percentiles(wholes)
        bench.record(name + " all p50", n: n, latencies[50], "ms", .wall)
        bench.record(name + " all p90", n: n, latencies[90], "ms", .wall)
    }

    /// - Returns: milliseconds until each signature.
    private static func round(_ duty: Duty, _ objects: SignedDataSet, _ signer: Signer) async throws -> [Double] {
        let sum = Mutex<(times: [Double], failures: Int)>(([], 0))
        let start = Clock.wall.nanoseconds
        let total = objects.count
        let (times, failures) = await withCheckedContinuation { continuation in
            signer.sign(duty, objects) { outcome in
                let time = Double(Clock.wall.nanoseconds - start) / 1e6
                let whole = sum.withLock { sum -> (times: [Double], failures: Int)? in
                    sum.times += [Double](repeating: time, count: outcome.signed.count)
                    sum.failures += outcome.failures.count
                    return sum.times.count + sum.failures == total ? sum : nil
                }
                if let whole { continuation.resume(returning: whole) }
            }
        }
        try require(failures == 0, "\(failures) of \(total) were not signed")
        return times
    }
}

/// Validators whose key shares the signer server has, and their votes.
private struct SignerSlot {
    let objects: SignedDataSet
    let shares: [PubKey: SecretKey]
    let threads = CryptoThreads(threads: ProcessInfo.processInfo.activeProcessorCount)
    let duty: Duty
    private let keys: ShareKeys
    private let chain: ChainView
    private let verifier: SignatureVerifier

    init(validators count: Int) throws {
        let forks = try ForkSchedule(
            ForkName.allCases.map { .init(fork: $0, version: Bytes4(padding: [UInt8($0.rawValue)]), epoch: .zero) })
        let domains = SigningDomains(
            forks: forks, genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: 32, preset: .mainnet)
        let now = Instant(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))
        let clock = SlotClock(genesis: now - .seconds(60), slotDuration: .seconds(12), slotsPerEpoch: 32)
        chain = ChainView(ChainContext(clock: clock, domains: domains, spec: ChainSpec(forks: forks)))
        verifier = SignatureVerifier(threads: threads)
        var data = AttestationData()
        data.slot = Slot(5)
        duty = .attester(slot: data.slot)
        var validators: [ClusterKeys.Validator] = []
        var shares: [PubKey: SecretKey] = [:]
        var objects: SignedDataSet = [:]
        for number in 0..<count {
            let key = SecretKey.random().publicKey
            let share = SignerServer.key(number)
            var row = AttesterDuty()
            row.pubKey = key.bytes
            row.slot = data.slot
            row.committeeLength = 8
            row.committeesAtSlot = 64
            guard let vote = VersionedAttestation(fork: .fulu, data: data, duty: row) else {
                throw BenchmarkError("an attestation does not fit its fork")
            }
            validators.append(ClusterKeys.Validator(publicKey: key, shares: [share.publicKey]))
            shares[key.bytes] = share
            objects[EntryKey(key.bytes)] = .attestation(vote)
        }
        (self.shares, self.objects) = (shares, objects)
        keys = ShareKeys(validators, own: ShareIndex(PeerIndex(0)))
    }

    /// The votes spread over so many slots, as evenly as they go.
    func shares(of slots: Int) -> [SignedDataSet] {
        let entries = objects.sorted { $0.key < $1.key }
        return (0..<slots).map { slot in
            let range = entries.count * slot / slots..<entries.count * (slot + 1) / slots
            return Dictionary(uniqueKeysWithValues: entries[range].map { ($0.key, $0.value) })
        }
    }

    func signer(_ backend: Signer.Backend) -> Signer {
        Signer(backend: backend, keys: keys, chain: chain, threads: threads, verifier: verifier)
    }

    func client(_ url: String) throws -> SignerClient {
        SignerClient(
            SignerConfiguration(urls: [try ServiceURL(url)], timeout: .seconds(20)),
            check: verifier.check(under: keys), listed: { _ in },
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
    }
}
