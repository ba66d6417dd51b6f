import Libp2p
import SSZ

/// Changes of thread by kind, and commits: totals of a process, or the difference of two.
struct DutyWork: Sendable {
    private(set) var handOffs: [HandOffs.Kind: Double] = [:]
    private(set) var commits: Double

    /// - Parameter entry: "work so far" of a node's log; nil if a number is missing.
    init?(_ entry: JSONValue) {
        func number(_ name: String) -> Double? { entry[name]?.string.flatMap { Double($0) } }
        guard let commits = number("commits") else { return nil }
        self.commits = commits
        for kind in HandOffs.Kind.allCases {
            guard let count = number("hand_offs_\(kind)") else { return nil }
            handOffs[kind] = count
        }
    }

    /// On the way of duties; streams of pings and the like do not count.
    var handOffsOfDuties: Double { handOffs.filter { $0.key != .stream }.values.reduce(0, +) }

    static func - (after: DutyWork, before: DutyWork) -> DutyWork {
        var difference = after
        difference.commits -= before.commits
        for (kind, count) in before.handOffs { difference.handOffs[kind, default: 0] -= count }
        return difference
    }
}
