import Demo
import DutyWorkflow
import Foundation
import Libp2p

/// A cluster of separate `styx run` processes on loopback, signing by themselves, on the demo chain, which checks every
/// signature.
enum DemoBenchmarks {
    private struct Scenario {
        let setting: ProcessCluster.Setting
        /// Slots that count.
        let slots: UInt64
        let names: Names
        let goals: Goals
    }

    static func run(_ bench: inout Bench) async throws {
        for scenario in attesting(bench.isQuick) + performing(bench.isQuick)
        where bench.wantsAny(of: scenario.names.all) {
            try await run(scenario, &bench)
        }
        try await LargeBlockBenchmarks.run(&bench)
    }

    /// Attestations alone: figures that can be compared over versions.
    private static func attesting(_ isQuick: Bool) -> [Scenario] {
        [
            // One duty a slot, as a home staker's squad.
            Scenario(
                setting: .init(validators: 8, slotDuration: .seconds(3), slotsPerEpoch: 8), slots: isQuick ? 4 : 24,
                names: Names(8, .attester), goals: Goals(decided50: 4, broadcast50: 6, first: 10)),
            // Mainnet's times: three or four duties a slot.
            Scenario(
                setting: .init(validators: 100, slotDuration: .seconds(12), slotsPerEpoch: 32),
                slots: isQuick ? 2 : 24, names: Names(100, .attester),
                goals: Goals(attested50: 30, attested90: 45, cpu: 4, memory: 45)),
            // 125 validators in each slot: four times mainnet's share of a thousand.
            Scenario(
                setting: .init(validators: 1000, slotDuration: .seconds(4), slotsPerEpoch: 8),
                slots: isQuick ? 2 : 16, names: Names(1000, .attester),
                goals: Goals(attested50: 120, attested90: 180, memory: 90)),
        ]
    }

    /// All duties at mainnet's times: a block in each slot, every second attester aggregates, eight validators sit in the
    /// sync committee. A cluster on mainnet has far fewer blocks and hardly ever a seat.
    private static func performing(_ isQuick: Bool) -> [Scenario] {
        [100, 1000].map { validators in
            var setting = ProcessCluster.Setting(
                validators: validators, slotDuration: .seconds(12), slotsPerEpoch: 32)
            setting.duties = .all
            let isSmall = validators == 100
            return Scenario(
                setting: setting, slots: isQuick ? 2 : 24, names: Names(validators, .all),
                goals: Goals(
                    attested50: isSmall ? 30 : nil, attested90: isSmall ? 45 : nil, proposed50: 60, proposed90: 150,
                    contributed50: 40, cpu: isSmall ? 4 : nil, memory: isSmall ? 50 : 90))
        }
    }

    /// What we set ourselves: milliseconds, percent of a core, MiB, seconds.
    private struct Goals {
        var decided50, broadcast50, attested50, attested90, proposed50, proposed90, contributed50, cpu, memory,
            first: Double?
    }

    private struct Names {
        private let group: String
        private let duties: DemoDuties

        init(_ validators: Int, _ duties: DemoDuties) {
            group = "demo \(validators) validators, " + (duties == .all ? "all duties, " : "")
            self.duties = duties
        }

        var decided50: String { group + "start → decided p50" }
        var decided99: String { group + "start → decided p99" }
        var broadcast50: String { group + "decided → broadcast p50" }
        var broadcast99: String { group + "decided → broadcast p99" }
        var attested50: String { group + "slot/3 → beacon node p50" }
        var attested90: String { group + "slot/3 → beacon node p90" }
        var cpu: String { group + "CPU of the busiest node" }
        var cpuPerDuty: String { group + "CPU of a duty, each node" }
        var handOffs: String { group + "hand-offs of a duty, each node" }
        func handOffs(_ kind: HandOffs.Kind) -> String { handOffs + ", \(kind)" }
        var commits: String { group + "commits of a duty, each node" }
        var memory: String { group + "memory of the largest node" }
        var scrape50: String { group + "scrape of /metrics p50" }
        var scrapeCPU: String { group + "scrape of /metrics, node" }
        var scrapeBytes: String { group + "scrape of /metrics, size" }
        var ready: String { group + "start → all nodes ready" }
        var first: String { group + "nothing → first attestation" }
        // Of all duties only.
        var proposed50: String { group + "proposer slot → beacon node p50" }
        var proposed90: String { group + "proposer slot → beacon node p90" }
        var synced50: String { group + "sync message slot/3 → beacon node p50" }
        var synced90: String { group + "sync message slot/3 → beacon node p90" }
        var aggregated50: String { group + "aggregator 2/3 slot → beacon node p50" }
        var aggregated90: String { group + "aggregator 2/3 slot → beacon node p90" }
        var contributed50: String { group + "contribution 2/3 slot → beacon node p50" }
        var contributed90: String { group + "contribution 2/3 slot → beacon node p90" }
        var firstRound: String { group + "decisions in the first round" }

        var all: [String] {
            let always = [
                decided50, decided99, broadcast50, broadcast99, attested50, attested90, cpu, cpuPerDuty, handOffs,
                commits, memory, scrape50, scrapeCPU, scrapeBytes, ready, first, firstRound,
            ]
            let others = [
                proposed50, proposed90, synced50, synced90, aggregated50, aggregated90, contributed50, contributed90,
            ]
            return duties == .all ? always + others : always
        }
    }

    private static func run(_ scenario: Scenario, _ bench: inout Bench) async throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let cluster = try ProcessCluster(scenario.setting, folder: folder)
        let result = try await cluster.measure(slots: scenario.slots)

        let (names, n) = (scenario.names, scenario.setting.validators)
        func record(_ name: String, _ value: Double, _ unit: String, _ clock: Clock?, atMost goal: Double? = nil) {
            bench.record(name, n: n, value, unit, clock, budget: goal.map { .atMost($0) })
        }
        let goals = scenario.goals
        record(names.ready, result.readySeconds, "s", .wall, atMost: 5)
        record(names.first, result.firstSeconds, "s", .wall, atMost: goals.first)
        let attester = result.times[.attester] ?? ProcessCluster.Times()
        let (decided, broadcast) = (Percentiles(attester.decided), Percentiles(attester.broadcast))
        record(names.decided50, decided[50], "ms", .wall, atMost: goals.decided50)
        record(names.decided99, decided[99], "ms", .wall)
        record(names.broadcast50, broadcast[50], "ms", .wall, atMost: goals.broadcast50)
        record(names.broadcast99, broadcast[99], "ms", .wall)
        for (type, first, second, firstGoal, secondGoal) in [
            (DutyType.attester, names.attested50, names.attested90, goals.attested50, goals.attested90),
            (.proposer, names.proposed50, names.proposed90, goals.proposed50, goals.proposed90),
            (.syncMessage, names.synced50, names.synced90, nil, nil),
            (.aggregator, names.aggregated50, names.aggregated90, nil, nil),
            (.syncContribution, names.contributed50, names.contributed90, goals.contributed50, nil),
        ] {
            guard let times = result.times[type] else { continue }
            let included = Percentiles(times.included)
            record(first, included[50], "ms", .wall, atMost: firstGoal)
            record(second, included[90], "ms", .wall, atMost: secondGoal)
        }
        record(names.firstRound, result.firstRoundPercent, "%", nil)
        record(names.cpu, result.cpuPercent, "% of a core", .process, atMost: goals.cpu)
        record(names.cpuPerDuty, result.cpuPerDuty, "ms", .process)
        record(names.handOffs, Percentiles(result.work.map(\.handOffsOfDuties))[50], "", nil)
        for kind in HandOffs.Kind.allCases {
            record(names.handOffs(kind), Percentiles(result.work.map { $0.handOffs[kind] ?? 0 })[50], "", nil)
        }
        record(names.commits, Percentiles(result.work.map(\.commits))[50], "", nil)
        record(names.memory, result.memoryMiB, "MiB", nil, atMost: goals.memory)
        record(names.scrape50, Percentiles(result.scrape.milliseconds)[50], "ms", .wall)
        record(names.scrapeCPU, result.scrape.cpuMilliseconds, "ms", .process)
        record(names.scrapeBytes, Double(result.scrape.bytes) / 1000, "kB", nil)
    }
}

/// A full block as builders make them, through a whole cluster: from the beacon node's answer to the signed block's way
/// back.
enum LargeBlockBenchmarks {
    private static let group = "demo block of 2 MB with 9 blobs, "
    private static let fetched50 = group + "fetch → beacon node p50"
    private static let fetched90 = group + "fetch → beacon node p90"
    private static let proposed50 = group + "proposer slot → beacon node p50"
    private static let proposed90 = group + "proposer slot → beacon node p90"
    private static let decided50 = group + "start → decided p50"
    private static let memory = group + "memory of the largest node"

    static func run(_ bench: inout Bench) async throws {
        guard bench.wantsAny(of: [fetched50, fetched90, proposed50, proposed90, decided50, memory]) else { return }
        var setting = ProcessCluster.Setting(validators: 8, slotDuration: .seconds(12), slotsPerEpoch: 8)
        setting.duties = .all
        setting.payload = .large
        setting.makesBlindedBlocks = false
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let result = try await ProcessCluster(setting, folder: folder).measure(slots: bench.isQuick ? 2 : 12)
        let bytes = setting.payload.transactions * setting.payload.transactionBytes
        let times = result.times[.proposer] ?? ProcessCluster.Times()
        let (fetched, proposed) = (Percentiles(result.fetchToBroadcast), Percentiles(times.included))
        bench.record(fetched50, n: bytes, fetched[50], "ms", .wall)
        bench.record(fetched90, n: bytes, fetched[90], "ms", .wall)
        bench.record(proposed50, n: bytes, proposed[50], "ms", .wall)
        bench.record(proposed90, n: bytes, proposed[90], "ms", .wall)
        bench.record(decided50, n: bytes, Percentiles(times.decided)[50], "ms", .wall)
        bench.record(memory, n: bytes, result.memoryMiB, "MiB", nil)
    }
}
