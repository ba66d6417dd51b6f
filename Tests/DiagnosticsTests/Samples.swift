@testable import Diagnostics

enum Samples {
    /// Every member there may be, and every one left out.
    static let beacon = CategoryResult(
        category: .beacon,
        targets: [
            (
                "http://127.0.0.1:5051",
                [
                    CaseResult(name: "Ping", finding: .ok),
                    CaseResult(name: "PingMeasure", finding: .measured(.microseconds(1234), .beaconRoundTrip)),
                    CaseResult(name: "PeerCount", finding: .measured(19, unit: "", .beaconPeers)),
                    CaseResult(name: "PingLoad", finding: .skipped("only with --load-test")),
                ]
            ),
            (
                "http://127.0.0.1:5052",
                [
                    CaseResult(
                        name: "Ping",
                        finding: Finding(verdict: .fail, suggestion: "start it", error: "no connection: \"refused\""))
                ]
            ),
        ], executionTime: .milliseconds(1500))

    static let validator = CategoryResult(
        category: .validator,
        targets: [
            ("127.0.0.1:3600", [CaseResult(name: "PingMeasure", finding: .measured(.milliseconds(51), .peerRoundTrip))])
        ],
        executionTime: .seconds(62))

    static let none = CategoryResult(category: .mev, targets: [], executionTime: .zero)
}
