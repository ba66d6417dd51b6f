import DutyWorkflow
import Ethereum

/// What is wrong, found from what is known. No I/O, no clock.
///
/// A healthy node has no findings. Each rule stands in the file of its layer and looks at facts alone: whether a
/// finding is new, and since when it holds, is `CaseHistory`'s.
package struct Examination: Sendable {
    /// The gravest first, then in the order of `Layer`, then of `FindingID`.
    package let findings: [Finding]

    package init(_ facts: Facts) {
        let found = [
            Self.node(facts), Self.machine(facts), Self.clock(facts), Self.beaconNodes(facts),
            Self.executionClients(facts), Self.validatorClient(facts), Self.signers(facts), Self.peers(facts),
            Self.relays(facts), Self.cluster(facts),
        ].flatMap { $0 }
        let layers = Dictionary(uniqueKeysWithValues: Layer.allCases.enumerated().map { ($1, $0) })
        let ids = Dictionary(uniqueKeysWithValues: FindingID.allCases.enumerated().map { ($1, $0) })
        func order(_ finding: Finding) -> (Finding.Severity, Int, Int, String) {
            (finding.severity, layers[finding.layer] ?? 0, ids[finding.id] ?? 0, finding.subject)
        }
        findings = found.sorted { order($0) < order($1) }
    }

    /// One decimal, with its sign, e.g. `+1.5 s`.
    static func signed(_ duration: Duration) -> String {
        let text = seconds(max(duration, .zero - duration))
        return (duration < .zero ? "-" : "+") + text
    }

    /// E.g. `1.5 s`, `240 ms`.
    static func seconds(_ duration: Duration) -> String {
        let milliseconds = Int((duration / .milliseconds(1)).rounded())
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// E.g. `1.2 GiB`.
    static func bytes(_ count: UInt64) -> String {
        guard count >= 1 << 30 else { return "\(count >> 20) MiB" }
        let tenths = ((count & ((1 << 30) - 1)) * 10) >> 30
        return "\(count >> 30).\(tenths) GiB"
    }

    /// The first few, and how many more there are.
    static func list(_ names: [String], max: Int = 5) -> String {
        let shown = names.prefix(max).joined(separator: ", ")
        return names.count > max ? "\(shown) and \(names.count - max) more" : shown
    }
}
