/// The topics of our loggers: what a line is about. A fixed table, so that metrics by topic stay few.
package enum LogTopics {
    /// Stands for every topic that is not in the table.
    package static let other = "other"

    package static let known: Set<String> = [
        // Charon's, which dashboards know (operations.md §6.1).
        "app-start", "app-stop", "cmd", "relay", "p2p", "ping", "peerinfo", "qbft", "sched", "vapi", "parsigex",
        "sigagg", "bcast", "tracker", "health", "stacksnipe", "loki", "dkg", "pedersen", "add-validators", "bmock",
        "vmock",
        // Ours.
        "debug", "demo.beacon", "doctor", "eth2", "journal", "keymanager", "log", "monitoring", "otlp", "privkeylock",
        "signer", "sse", "switch", "test-peers",
    ]

    package static func bounded(_ topic: String) -> String { known.contains(topic) ? topic : other }
}
