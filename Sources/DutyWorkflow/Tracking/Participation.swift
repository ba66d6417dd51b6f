import Ethereum
import SSZ

/// Who signed for how many validators of a duty. Source: workflow.md §16.4.
package struct Participation: Hashable, Sendable {
    package struct Count: Hashable, Sendable {
        /// Validators it signed for, of those that have this duty.
        package var delivered = 0
        /// Validators that have this duty.
        package var expected = 0
        /// Validators it signed for though they do not have this duty.
        package var unexpected = 0
        /// Sync messages only, else empty: for how many validators its message was in the biggest group (rank 0), the
        /// next one (1) and so on. A group is those shares that saw the same head of the chain.
        package var ranks: [Int: Int] = [:]
    }

    /// Every share of the cluster, from 1.
    package private(set) var counts: [ShareIndex: Count] = [:]

    /// - Parameter due: the validators that have the duty, as our beacon node says; nil if nobody knows.
    init(_ record: DutyRecord, shares: [ShareIndex], due: Set<PubKey>?) {
        let signedFor = Set(record.paths.keys.filter { record.paths[$0]?.marks.isEmpty == false })
        // Selections are nobody's duty, and of aggregations it shows only when somebody signs.
        let isEverybodys = record.duty.type.rules.definedBy == record.duty.type && !record.duty.type.rules.needsOwnData
        let expected = isEverybodys ? record.expected : due.map { signedFor.intersection($0) } ?? signedFor
        let ranks = record.duty.type == .syncMessage ? Self.ranks(record) : [:]
        for share in shares {
            var count = Count(expected: expected.count, unexpected: record.undue[share] ?? 0)
            for (pubKey, path) in record.paths {
                guard let mark = path.marks.first(where: { $0.share == share }) else { continue }
                if expected.contains(pubKey) { count.delivered += 1 } else { count.unexpected += 1 }
                if let rank = ranks[mark.root] { count.ranks[rank, default: 0] += 1 }
            }
            counts[share] = count
        }
    }

    /// By size; equal ones by the lowest share, so that all nodes agree.
    private static func ranks(_ record: DutyRecord) -> [Root: Int] {
        var groups: [Root: (size: Int, first: ShareIndex)] = [:]
        for mark in record.paths.values.flatMap(\.marks) {
            let group = groups[mark.root] ?? (0, mark.share)
            groups[mark.root] = (group.size + 1, min(group.first, mark.share))
        }
        let sorted = groups.sorted {
            (-$0.value.size, $0.value.first, $0.key) < (-$1.value.size, $1.value.first, $1.key)
        }
        return Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($0.element.key, $0.offset) })
    }

    /// Shares that signed for nobody though there was somebody to sign for.
    package var absent: [ShareIndex] {
        counts.filter { $0.value.expected > 0 && $0.value.delivered == 0 }.keys.sorted()
    }
}
