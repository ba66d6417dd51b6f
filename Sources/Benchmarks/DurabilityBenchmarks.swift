import Demo
import DutyWorkflow
import Ethereum

/// What it costs that everything a node says is on its disk first: time of each duty, commits, and space.
///
/// **Added time.** Clusters of `styx run` processes carry all duties on the demo chain, some with their journals on
/// the disk of the build, some with journals in memory, where a flush takes no time, one after the other in a mirrored
/// order. "disk" and "memory" are the times from the beginning of a duty until the beacon node has the first copy from
/// any of the four nodes, one for each validator; "added" is the difference of the same percentile of both, which is
/// what the disk adds to the whole path: every vote, the decision, the shares and the group signature, each at the
/// quorum that it needs. On a fast disk it drowns in what the machine does otherwise; the next number does not.
///
/// **Waits.** What each node itself measures, on disk and in memory: for how long all of a duty's commits together,
/// from the workflow's wish for a record to the release of what waited for it, until the node is done with the duty;
/// one for each duty and node (`CommitWaits`). It holds the time of SQLite, the changes of thread and the commit that
/// was under way before. It is an upper bound of what durability costs the duty: one of its commits may have had
/// others to wait for anyway, a quorum's votes or the signer. Without what the cluster signs before (selections,
/// reveals), which is ready long before.
///
/// All four journals share one disk here, and one machine: operators' nodes share neither.
///
/// **Commits.** Of a node's journal on disk, in each slot, for everything that it does.
///
/// **Space.** `JournalDays`.
enum DurabilityBenchmarks {
    private struct Scenario {
        let setting: ProcessCluster.Setting
        /// Slots that count, of each cluster.
        let slots: UInt64
        /// Mirrored: what changes steadily on the machine adds to both alike.
        let places: [ScratchFolder.Place]
    }

    /// Of all clusters of one kind, in milliseconds.
    private struct Times {
        var included: [DutyType: [Double]] = [:]
        var waited: [DutyType: [Double]] = [:]
        /// One for each node and cluster.
        var commitsPerSlot: [Double] = []

        mutating func add(_ result: ProcessCluster.Result) {
            for (type, times) in result.times {
                included[type, default: []] += times.included
                waited[type, default: []] += times.waited
            }
            commitsPerSlot += result.commitsPerSlot
        }
    }

    private static let types: [DutyType] = [.proposer, .attester, .syncMessage, .aggregator, .syncContribution]
    private static let percents: [Double] = [50, 99]
    /// A block as a node makes it without a builder: its payload and some six blobs.
    private static let transactionBytes = 1_000_000

    static func run(_ bench: inout Bench) async throws {
        for scenario in scenarios(bench.isQuick) {
            let names = Names(scenario.setting.validators)
            if bench.wantsAny(of: names.all) { try await run(scenario, names, &bench) }
        }
        for validators in bench.isQuick ? [1, 20] : [1, 100, 1000] {
            let names = SpaceNames(validators)
            if bench.wantsAny(of: names.all) { try await grow(validators, names, &bench) }
        }
    }

    // MARK: - Time

    /// A block in each slot, seats in the sync committee, and every second attester aggregates. One validator attests
    /// once an epoch: short epochs make that often. A thousand are mainnet's share of a slot, 31, three times as often.
    private static func scenarios(_ isQuick: Bool) -> [Scenario] {
        let places: [ScratchFolder.Place] = isQuick ? [.disk, .memory] : [.disk, .memory, .memory, .disk]
        var one = ProcessCluster.Setting(validators: 1, slotDuration: .seconds(2), slotsPerEpoch: 4)
        one.duties = .all
        one.warmUpSlots = 4
        var many = ProcessCluster.Setting(
            validators: isQuick ? 100 : 1000, slotDuration: .seconds(4), slotsPerEpoch: 32)
        many.duties = .all
        many.warmUpSlots = 4
        return [
            Scenario(setting: one, slots: isQuick ? 6 : 60, places: places),
            Scenario(setting: many, slots: isQuick ? 2 : 24, places: places),
        ]
    }

    private struct Names {
        private let group: String

        init(_ validators: Int) { group = "durability \(validators) validators, " }

        func time(_ type: DutyType, _ what: String, _ percent: Double) -> String {
            "\(group)\(type.name) \(what) p\(Int(percent))"
        }
        var commits: String { group + "commits of a slot, each node" }
        var busiest: String { group + "commits of a slot, busiest node" }

        var all: [String] {
            let times = types.flatMap { type in
                whats.flatMap { what in percents.map { time(type, what, $0) } }
            }
            return times + [commits, busiest]
        }

        private var whats: [String] { ["disk", "memory", "added", "waits, disk", "waits, memory"] }
    }

    private static func run(_ scenario: Scenario, _ names: Names, _ bench: inout Bench) async throws {
        var (disk, memory) = (Times(), Times())
        for place in scenario.places {
            let result = try await measure(scenario, journalsIn: place)
            switch place {
            case .disk: disk.add(result)
            case .memory: memory.add(result)
            }
        }
        let n = scenario.setting.validators
        for type in types {
            guard let onDisk = disk.included[type], let inMemory = memory.included[type] else { continue }
            let (slow, fast) = (Percentiles(onDisk), Percentiles(inMemory))
            let waits = [("disk", disk), ("memory", memory)].map { ($0, Percentiles($1.waited[type] ?? [])) }
            try require(
                waits.allSatisfy { $0.1.count > 0 }, "the nodes' logs do not tell how long \(type.name) duties waited")
            for percent in percents {
                bench.record(names.time(type, "disk", percent), n: n, slow[percent], "ms", .wall)
                bench.record(names.time(type, "memory", percent), n: n, fast[percent], "ms", .wall)
                bench.record(names.time(type, "added", percent), n: n, slow[percent] - fast[percent], "ms", .wall)
                for (place, waited) in waits {
                    bench.record(names.time(type, "waits, \(place)", percent), n: n, waited[percent], "ms", .wall)
                }
            }
        }
        let commits = disk.commitsPerSlot
        try require(
            commits.count == scenario.setting.nodes * scenario.places.count { $0 == .disk },
            "a node's log does not tell its commits")
        bench.record(names.commits, n: n, commits.reduce(0, +) / Double(commits.count), "", nil)
        bench.record(names.busiest, n: n, commits.max() ?? 0, "", nil)
    }

    private static func measure(
        _ scenario: Scenario, journalsIn place: ScratchFolder.Place
    ) async throws -> ProcessCluster.Result {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        guard place == .memory else {
            return try await ProcessCluster(scenario.setting, folder: folder).measure(slots: scenario.slots)
        }
        let memory = try ScratchFolder(in: .memory)
        defer { memory.remove() }
        var setting = scenario.setting
        setting.journals = memory
        return try await ProcessCluster(setting, folder: folder).measure(slots: scenario.slots)
    }

    // MARK: - Space

    private struct SpaceNames {
        private let group: String

        init(_ validators: Int) { group = "durability journal of \(validators) validators, " }

        var last: String { group + "after ten days" }
        var largest: String { group + "largest" }
        /// From the end of the first day, long after the first sweep, to that of the last one.
        var growth: String { group + "growth after the first day" }
        var rows: String { group + "rows" }

        var all: [String] { [last, largest, growth, rows] }
    }

    private static func grow(_ validators: Int, _ names: SpaceNames, _ bench: inout Bench) async throws {
        let recorded = try RecordedDuties(
            validators: validators, slotsPerEpoch: bench.isQuick ? 8 : 32, transactionBytes: transactionBytes)
        let folder = try ScratchFolder(in: .memory)
        defer { folder.remove() }
        let days = JournalDays(recorded, slotsPerDay: bench.isQuick ? 256 : 7200)
        let sizes = try await days.run(10, path: folder.path("journal.sqlite"))
        let (first, last) = (Double(sizes.days[0]), Double(sizes.days[sizes.days.count - 1]))
        bench.record(names.last, n: validators, last / 1e6, "MB", nil)
        bench.record(names.largest, n: validators, Double(sizes.largest) / 1e6, "MB", nil)
        bench.record(names.growth, n: validators, (last - first) / first * 100, "%", nil, budget: .atMost(5))
        bench.record(names.rows, n: validators, Double(sizes.rows), "", nil)
    }
}
