import Demo
import DutyWorkflow
import Ethereum
import Foundation
import Libp2p

/// A cluster of separate `styx run` processes on loopback, attesting on the demo chain, which checks every signature.
enum DemoBenchmarks {
    private struct Scenario {
        let validators: Int
        let slotDuration: Duration
        let slotsPerEpoch: UInt64
        /// Slots that count.
        let slots: UInt64
    }

    private static let nodes = 4

    static func run(_ bench: inout Bench) async throws {
        let scenarios = [
            // One duty a slot, as a home staker's squad.
            Scenario(
                validators: 8, slotDuration: .seconds(3), slotsPerEpoch: 8, slots: bench.isQuick ? 4 : 24),
            // Mainnet's times: three or four duties a slot.
            Scenario(
                validators: 100, slotDuration: .seconds(12), slotsPerEpoch: 32, slots: bench.isQuick ? 2 : 24),
            // 125 validators in each slot: four times mainnet's share of a thousand.
            Scenario(
                validators: 1000, slotDuration: .seconds(4), slotsPerEpoch: 8, slots: bench.isQuick ? 2 : 16),
        ]
        for scenario in scenarios where bench.wantsAny(of: Names(scenario.validators).all) {
            try await run(scenario, &bench)
        }
    }

    /// What we set ourselves.
    private struct Goals {
        var decided, broadcast, included50, included90, cpu, memory, first: Measurement.Budget?

        init(validators: Int) {
            switch validators {
            case ..<100: (decided, broadcast, first) = (.atMost(4), .atMost(6), .atMost(10))
            case ..<1000: (included50, included90, cpu, memory) = (.atMost(30), .atMost(45), .atMost(4), .atMost(45))
            default: (included50, included90, memory) = (.atMost(120), .atMost(180), .atMost(90))
            }
        }
    }

    private struct Names {
        let decided50, decided99, broadcast50, broadcast99, included50, included90, cpu, cpuPerDuty, handOffs, commits,
            memory, ready, first: String

        init(_ validators: Int) {
            let group = "demo \(validators) validators, "
            decided50 = group + "start → decided p50"
            decided99 = group + "start → decided p99"
            broadcast50 = group + "decided → broadcast p50"
            broadcast99 = group + "decided → broadcast p99"
            included50 = group + "slot/3 → beacon node p50"
            included90 = group + "slot/3 → beacon node p90"
            cpu = group + "CPU of the busiest node"
            cpuPerDuty = group + "CPU of a duty, each node"
            handOffs = group + "hand-offs of a duty, each node"
            commits = group + "commits of a duty, each node"
            memory = group + "memory of the largest node"
            ready = group + "start → all nodes ready"
            first = group + "nothing → first attestation"
        }

        var all: [String] {
            [
                decided50, decided99, broadcast50, broadcast99, included50, included90, cpu, cpuPerDuty,
                handOffs, commits, memory, ready, first,
            ]
        }
    }

    private static func run(_ scenario: Scenario, _ bench: inout Bench) async throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let cluster = try ProcessCluster(
            folder: folder, nodes: nodes, validators: scenario.validators, slotDuration: scenario.slotDuration,
            slotsPerEpoch: scenario.slotsPerEpoch)
        let result = try await cluster.measure(slots: scenario.slots)

        let names = Names(scenario.validators)
        let n = scenario.validators
        let goals = Goals(validators: n)
        let (decided, broadcast, included) = (
            Percentiles(result.decided), Percentiles(result.broadcast), Percentiles(result.included)
        )
        bench.record(names.ready, n: n, result.readySeconds, "s", .wall, budget: .atMost(5))
        bench.record(names.first, n: n, result.firstSeconds, "s", .wall, budget: goals.first)
        bench.record(names.decided50, n: n, decided[50], "ms", .wall, budget: goals.decided)
        bench.record(names.decided99, n: n, decided[99], "ms", .wall)
        bench.record(names.broadcast50, n: n, broadcast[50], "ms", .wall, budget: goals.broadcast)
        bench.record(names.broadcast99, n: n, broadcast[99], "ms", .wall)
        bench.record(names.included50, n: n, included[50], "ms", .wall, budget: goals.included50)
        bench.record(names.included90, n: n, included[90], "ms", .wall, budget: goals.included90)
        bench.record(names.cpu, n: n, result.cpuPercent, "% of a core", .process, budget: goals.cpu)
        bench.record(names.cpuPerDuty, n: n, result.cpuPerDuty, "ms", .process)
        bench.record(names.handOffs, n: n, Percentiles(result.work.map(\.handOffsOfDuties))[50], "", nil)
        for kind in HandOffs.Kind.allCases {
            let counts = Percentiles(result.work.map { $0.handOffs[kind] ?? 0 })
            bench.record(names.handOffs + ", \(kind)", n: n, counts[50], "", nil)
        }
        bench.record(names.commits, n: n, Percentiles(result.work.map(\.commits))[50], "", nil)
        bench.record(names.memory, n: n, result.memoryMiB, "MiB", nil, budget: goals.memory)
    }
}
