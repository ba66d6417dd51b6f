import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import DKG

@Suite struct CeremonyTests {
    static let algorithms: [CeremonyAlgorithm] = [.frost, .pedersen]

    /// Everybody has the same lock, which holds, and key shares that belong to it.
    static func checkSuccess(_ simulation: SimulatedCeremony, _ comment: Comment? = nil) throws {
        for (index, node) in simulation.nodes.enumerated() {
            #expect(node.failure == nil, comment)
            #expect(node.isFinished, "node \(index): \(String(describing: node.ceremony?.view))")
        }
        let outcomes = try simulation.nodes.map { try #require($0.files) }
        let first = try outcomes[0].lock.encoded()
        for (index, outcome) in outcomes.enumerated() {
            #expect(try outcome.lock.encoded() == first)
            let file = try LockFile(outcome.lock)
            try file.keys.verify(shares: outcome.shares, ofPeer: index)
        }
        // Any threshold of shares is the key.
        let threshold = simulation.sample.definition.threshold
        for v in simulation.sample.definition.validators.indices {
            let shares = (0..<threshold).map { ($0 + 1, outcomes[$0].shares[v]) }
            let secret = try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: shares))
            #expect(secret.publicKey.bytes.bytes == outcomes[0].lock.validators[v].publicKey)
        }
    }

    @Test(
        "operators on a good network get one cluster",
        arguments: [(3, 2, 2), (4, 3, 1), (7, 5, 1)], CeremonyTests.algorithms)
    func good(size: (Int, Int, Int), algorithm: CeremonyAlgorithm) throws {
        let (operators, threshold, validators) = size
        for release in CeremonyRelease.allCases {
            let sample = try CeremonySample(
                operators: operators, threshold: threshold, validators: validators, algorithm: algorithm,
                release: release, seed: 1)
            var simulation = try SimulatedCeremony(sample, seed: 1)
            simulation.run()
            try Self.checkSuccess(simulation)
        }
    }

    @Test("no step waits for the next turn of a sync stream", arguments: CeremonyTests.algorithms)
    func announced(algorithm: CeremonyAlgorithm) throws {
        let sample = try CeremonySample(operators: 4, threshold: 3, validators: 2, algorithm: algorithm, seed: 3)
        var simulation = try SimulatedCeremony(sample, seed: 3)
        simulation.syncPause = .seconds(3600)
        simulation.run()
        try Self.checkSuccess(simulation)
    }

    @Test("every amount has its deposits")
    func amounts() throws {
        let gwei: [UInt64] = [1_000_000_000, 8_000_000_000, 32_000_000_000]
        let sample = try CeremonySample(
            operators: 3, threshold: 2, validators: 2, seed: 2, amounts: gwei.map { Gwei($0) })
        var simulation = try SimulatedCeremony(sample, seed: 2)
        simulation.run()
        try Self.checkSuccess(simulation)
        let files = try #require(simulation.nodes[0].files).depositFiles
        #expect(files.map(\.amount.rawValue) == gwei && files.allSatisfy { $0.deposits.count == 2 })
    }

    @Test(
        "loss, repetition, reordering and broken streams cost time only", arguments: CeremonyTests.algorithms,
        Seeds.fromEnvironment(default: 20))
    func badNetwork(algorithm: CeremonyAlgorithm, seed: UInt64) throws {
        let sample = try CeremonySample(operators: 4, threshold: 3, validators: 1, algorithm: algorithm, seed: seed)
        var simulation = try SimulatedCeremony(sample, seed: seed)
        simulation.network = .init(
            lossRate: 0.2, deafRate: 0.1, repeatRate: 0.2, delayMax: .milliseconds(400), breakRate: 0.02)
        simulation.run()
        try Self.checkSuccess(simulation, "replay with SEED=\(seed)")
    }

    @Test(
        "nodes that are killed anywhere come back into the same ceremony", arguments: CeremonyTests.algorithms,
        Seeds.fromEnvironment(default: 20))
    func killed(algorithm: CeremonyAlgorithm, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let sample = try CeremonySample(operators: 4, threshold: 3, validators: 1, algorithm: algorithm, seed: seed)
        var simulation = try SimulatedCeremony(sample, seed: seed)
        simulation.network.lossRate = 0.05
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            simulation.kills.append(
                .init(
                    node: Int.random(in: 0..<4, using: &generator),
                    records: Int.random(in: 1...38, using: &generator)))
        }
        simulation.run()
        try Self.checkSuccess(simulation, "replay with SEED=\(seed)")
    }

    @Test("one node killed after each of its notes, one after the other", arguments: CeremonyTests.algorithms)
    func killedEverywhere(algorithm: CeremonyAlgorithm) throws {
        let sample = try CeremonySample(operators: 3, threshold: 2, validators: 1, algorithm: algorithm, seed: 5)
        var simulation = try SimulatedCeremony(sample, seed: 5)
        simulation.kills = (1...60).map { .init(node: 1, records: $0, away: .milliseconds(700)) }
        simulation.run(for: .seconds(3600))
        try Self.checkSuccess(simulation)
        // All notes were reached.
        #expect(simulation.nodes[1].disk.contains(.written))
        #expect(simulation.nodes[1].life > 20)
    }

    @Test(
        "notes survive their bytes",
        arguments: [
            CeremonyRecord.step(3), .message(254, .partialSignatures, [1, 2, 3]), .message(0, .sync, []), .tick,
            .writing,
            .written,
        ])
    func records(record: CeremonyRecord) {
        #expect(CeremonyRecord(decoding: record.encoded()) == record)
        #expect(CeremonyRecord(decoding: [9]) == nil)
    }
}
