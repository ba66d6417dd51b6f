import DutyWorkflow
import Ethereum
import Foundation
import Libp2p
import Program

/// What one hostile operator does to the nodes of the others, as processes on sockets: how much later their attestations
/// reach the beacon node than in the same cluster at peace, and how far memory and journal grow above peace. The hostile
/// operator shares the machine's cores with the nodes, which is part of the delay.
enum HostileBenchmarks {
    private struct Scenario {
        let setting: ProcessCluster.Setting
        /// Of each attack.
        let slots: UInt64
    }

    /// What a node may hold on account of one operator, and how much later a vote may be. Source: issue 10.
    private enum Goal {
        static let memory = Measurement.Budget.atMost(32)
        static let journal = Measurement.Budget.atMost(8)
        static let delay = Measurement.Budget.atMost(20)
    }

    private static let operators = 4
    private static let peace = "peace"

    static func run(_ bench: inout Bench) async throws {
        let scenarios = [
            Scenario(
                setting: .init(validators: 100, slotDuration: .seconds(2), slotsPerEpoch: 32),
                slots: bench.isQuick ? 4 : 20),
            Scenario(
                setting: .init(validators: 1000, slotDuration: .seconds(3), slotsPerEpoch: 32),
                slots: bench.isQuick ? 4 : 12),
        ]
        for scenario in scenarios {
            let attacks = HostileOperator.Attack.allCases.filter { attack in
                bench.wantsAny(of: Names(scenario.setting.validators, attack.rawValue).all)
            }
            guard !attacks.isEmpty else { continue }
            try await run(scenario, attacks, &bench)
        }
    }

    private struct Names {
        let peace50, peace99, delay50, delay99, memory, journal: String

        init(_ validators: Int, _ attack: String) {
            let group = "hostile operator, \(validators) validators, "
            peace50 = group + "peace: slot/3 → beacon node p50"
            peace99 = group + "peace: slot/3 → beacon node p99"
            delay50 = group + attack + ": later p50"
            delay99 = group + attack + ": later p99"
            memory = group + attack + ": memory"
            journal = group + attack + ": journal"
        }

        var all: [String] { [delay50, delay99, memory, journal] }
    }

    /// One stretch of slots.
    private struct Phase: Sendable {
        /// Milliseconds.
        var delays: [Double] = []
        /// MiB, of the node with most: how far memory and journal grew.
        var memory = 0.0
        var journal = 0.0
    }

    private static func run(
        _ scenario: Scenario, _ attacks: [HostileOperator.Attack], _ bench: inout Bench
    ) async throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        var setting = scenario.setting
        (setting.nodes, setting.honest) = (operators, operators - 1)
        let cluster = try ProcessCluster(setting, folder: folder)
        let phases = try await cluster.withNodes { processes, addresses in
            try await measure(cluster, processes, addresses, attacks, slots: scenario.slots)
        }
        let n = setting.validators
        guard let calm = phases.first else { return }
        let (before, names) = (Percentiles(calm.delays), Names(n, peace))
        bench.record(names.peace50, n: n, before[50], "ms", .wall)
        bench.record(names.peace99, n: n, before[99], "ms", .wall)
        for (attack, phase) in zip(attacks, phases.dropFirst()) {
            let (after, names) = (Percentiles(phase.delays), Names(n, attack.rawValue))
            bench.record(names.delay50, n: n, after[50] - before[50], "ms", .wall)
            bench.record(names.delay99, n: n, after[99] - before[99], "ms", .wall, budget: Goal.delay)
            bench.record(names.memory, n: n, phase.memory - calm.memory, "MiB", nil, budget: Goal.memory)
            bench.record(names.journal, n: n, phase.journal - calm.journal, "MiB", nil, budget: Goal.journal)
        }
    }

    /// - Returns: peace, then each attack.
    private static func measure(
        _ cluster: ProcessCluster, _ processes: [NodeProcess], _ addresses: [Multiaddr],
        _ attacks: [HostileOperator.Attack], slots: UInt64
    ) async throws -> [Phase] {
        let own = operators - 1
        let hostile = try HostileOperator(
            PeerIndex(own), key: cluster.creation.nodes[own].identity, against: addresses, cluster.chain)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for host in hostile.hosts { group.addTask { try await host.run() } }
            defer { group.cancelAll() }
            try await cluster.complete(processes)
            // Caches fill, and code is first used, in peace.
            _ = try await phase(cluster, processes, slots: max(2, slots / 4)) { _ in [] }
            var phases = [try await phase(cluster, processes, slots: slots) { _ in [] }]
            for attack in attacks {
                do {
                    phases.append(try await phase(cluster, processes, slots: slots) { try hostile.floods(attack, $0) })
                } catch let error as BenchmarkError {
                    throw BenchmarkError("under \(attack.rawValue): \(error)")
                }
                // What was under way ends.
                _ = try await phase(cluster, processes, slots: 2) { _ in [] }
            }
            return phases
        }
    }

    private static func phase(
        _ cluster: ProcessCluster, _ processes: [NodeProcess], slots count: UInt64,
        _ floods: (Range<UInt64>) throws -> [Flooding]
    ) async throws -> Phase {
        let clock = cluster.chain.clock
        // To make messages takes a few seconds.
        let ahead = 1 + UInt64((Duration.seconds(8) / clock.slotDuration).rounded(.up))
        let first = (clock.slot(at: SystemClock.now()) ?? .zero).rawValue + ahead
        let slots = first..<first + count
        let floods = try floods(slots)
        let isInTime = SystemClock.now() < clock.start(of: Slot(first))
        try require(isInTime, "making the hostile messages took too long")
        try await Task.sleep(for: clock.start(of: Slot(first)) - SystemClock.now())
        for process in processes { try process.memory.forgetPeak() }
        let memories = try processes.map { try $0.memory.mebibytes(.now) }
        let journals = try processes.indices.map { try journalMiB(cluster, $0) }
        for flood in floods { flood.start() }
        // In the last eighth nothing is due.
        try await Task.sleep(
            for: clock.start(of: Slot(slots.upperBound)) - clock.slotDuration / 8 - SystemClock.now())
        var phase = Phase()
        for flood in floods { try require(flood.stop() > 0, "the hostile operator sent nothing") }
        for (index, process) in processes.enumerated() {
            try process.requireRunning()
            phase.memory = max(phase.memory, try process.memory.mebibytes(.peak) - memories[index])
            phase.journal = max(phase.journal, try journalMiB(cluster, index) - journals[index])
        }
        // What the last slot still has under way is late, and no miss.
        try await Task.sleep(for: clock.start(of: Slot(slots.upperBound)) + clock.slotDuration - SystemClock.now())
        for slot in slots.map({ Slot($0) }) {
            let duty = Duty.attester(slot: slot)
            let (expected, included) = (cluster.chain.duties(in: slot).count, await cluster.chain.inclusions(duty))
            try require(included.count == expected, "\(included.count) of \(expected) attestations in slot \(slot)")
            // Where the hostile operator leads, and proposes nothing, a round is lost, at peace as well.
            guard leader(of: slot) != operators - 1 else { continue }
            phase.delays += included.map { ($0.arrival - clock.begin(of: duty)) / .milliseconds(1) }
        }
        return phase
    }

    /// Of the first round. Source: consensus.md.
    private static func leader(of slot: Slot) -> Int {
        Int((slot.rawValue + UInt64(DutyType.attester.rawValue) + 1) % UInt64(operators))
    }

    private static func journalMiB(_ cluster: ProcessCluster, _ index: Int) throws -> Double {
        let path = cluster.folder.path("cluster/node\(index)/styx-journal.sqlite")
        return try ["", "-wal"].reduce(0) { sum, suffix in
            let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
            return sum + Double((attributes[.size] as? Int) ?? 0) / Double(1 << 20)
        }
    }
}
