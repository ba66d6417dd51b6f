/// The oldest versions of other programs that are known to work. Source: operations.md §12.
package enum ClientVersions {
    private static let beaconNodes: [(name: String, least: String)] = [
        ("lighthouse", "8.0.0-rc.0"), ("teku", "25.9.3"), ("lodestar", "1.35.0-rc.1"), ("nimbus", "25.9.2"),
        ("prysm", "6.1.0"), ("grandine", "2.0.0-rc0"),
    ]
    private static let executionClients: [(name: String, least: String)] = [
        ("geth", "1.16.7"), ("nethermind", "1.35.0"), ("besu", "25.11.0"), ("erigon", "3.2.2"), ("reth", "1.9.1"),
    ]

    /// - Parameter text: what it calls itself, e.g. `Lighthouse/v8.0.0-…/x86_64-linux`.
    /// - Returns: the version it should have at least; nil if it has, or if nobody knows.
    static func outdated(beaconNode text: String) -> String? { outdated(text, beaconNodes) }

    static func outdated(executionClient text: String) -> String? { outdated(text, executionClients) }

    private static func outdated(_ text: String, _ table: [(name: String, least: String)]) -> String? {
        let words = text.lowercased().split { "/ -".contains($0) }
        guard let row = table.first(where: { row in words.contains { $0.hasPrefix(row.name) } }),
            let version = Version(text), let least = Version(row.least), version < least
        else { return nil }
        return row.least
    }

    /// Numbers; a version with a label comes before the one without.
    private struct Version: Comparable {
        let numbers: [Int]
        let isPreliminary: Bool

        /// The first `a.b.c` of a text.
        init?(_ text: String) {
            guard
                let found = text.firstMatch(
                    of: /(?:^|[^0-9.])v?([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(-(?:rc|alpha|beta))?/),
                let major = Int(found.output.1), let minor = Int(found.output.2), let patch = Int(found.output.3)
            else { return nil }
            numbers = [major, minor, patch]
            isPreliminary = found.output.4 != nil
        }

        static func < (a: Self, b: Self) -> Bool {
            guard a.numbers == b.numbers else { return a.numbers.lexicographicallyPrecedes(b.numbers) }
            return a.isPreliminary && !b.isPreliminary
        }
    }
}
