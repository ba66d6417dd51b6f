import Prometheus

@testable import Node

/// What facts become in the exposition: its lines without the constant labels.
struct Scrape {
    let lines: [String]

    init(_ metrics: NodeMetrics) {
        let all = Exposition(metrics.registry).text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        lines = all.map { line in
            String(line).replacing(#/cluster_hash=.*?,charon_version="[^"]*",?/#, with: "").replacing("{}", with: "")
        }
    }

    /// Those of one metric, or of several with the same beginning.
    subscript(prefix: String) -> [String] { lines.filter { $0.hasPrefix(prefix) } }
}
