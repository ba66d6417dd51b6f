import BeaconAPI

/// Which beacon nodes there are and how patient we are with them.
package struct BeaconClientConfiguration: Sendable {
    /// At least one.
    package var primaries: [BeaconNodeAddress]
    /// Asked when no primary has an answer (operations.md §2).
    package var fallbacks: [BeaconNodeAddress]
    /// Sent with every request, fallbacks included.
    package var headers: HeaderFields = [:]
    /// For a complete answer to a read.
    package var readTimeout: Duration = .seconds(2)
    /// For a complete answer to a submission.
    package var submitTimeout: Duration = .seconds(2)
    /// How long a better answer is waited for once there is one that will do.
    package var makeshiftPatience: Duration = .milliseconds(300)
    /// Connections to one node, of each kind: for our own calls, and for requests that are passed on.
    package var connectionsMax = 256
    /// For the head of the answer to a passed-on request. Less than the validator API gives the whole request, so that the
    /// client gets to see what came of it.
    package var proxyTimeout: Duration = .seconds(9)
    /// So long a success of another node is waited for when one has refused a passed-on request.
    package var refusalPatience: Duration = .milliseconds(500)
    /// For the head of a passed-on event stream, until the next node is asked.
    package var eventHeadTimeout: Duration = .seconds(3)
    /// The same for the last node. Some servers send the head with the first event, which comes with the next slot.
    package var lastEventHeadTimeout: Duration = .seconds(30)
    /// A silent event stream is given up after this. Nodes send an event a slot, or a comment to keep it alive.
    package var eventIdleTimeout: Duration = .seconds(90)
    /// Longest answer to a passed-on request that is not streamed (all but GET and HEAD).
    package var proxyAnswerBytesMax = 32 << 20
    /// All such answers at once, of all nodes.
    package var proxyAnswersBytesMax = 64 << 20
    /// Blocks to propose, of all nodes and calls at once: three of the largest.
    package var blockAnswersBytesMax = 96 << 20
    /// No SSZ, for nodes that offer it and get it wrong (feature `json_requests`).
    package var isJSONOnly = false
    /// Told about each call.
    package var observe: @Sendable (BeaconCallRecord) -> Void = { _ in }
    /// Told when a node that was out of reach answers again, from any thread.
    package var reconnected: @Sendable (_ node: Int) -> Void = { _ in }
    /// How to pause; tests do not.
    package var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    package init(primaries: [BeaconNodeAddress], fallbacks: [BeaconNodeAddress] = []) {
        self.primaries = primaries
        self.fallbacks = fallbacks
    }

    /// Reads of many validators take longer: 50 ms an id beyond 200 ids (workflow.md §15.2).
    func timeout(_ endpoint: BeaconEndpoint) -> Duration {
        if endpoint.isSubmission { return submitTimeout }
        let ids: Int
        switch endpoint {
        case .validators(_, let selection), .validatorsByQuery(_, let selection):
            ids = selection.count ?? BeaconEndpoint.validatorsMax
        default: return readTimeout
        }
        guard ids > 200 else { return readTimeout }
        return max(readTimeout, min(.milliseconds(50) * ids, .seconds(60)))
    }
}

/// Without the headers: they carry API keys.
extension BeaconClientConfiguration: CustomStringConvertible, CustomReflectable {
    package var description: String { (primaries + fallbacks).map(\.description).joined(separator: ",") }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// One call, for metrics and logs.
package struct BeaconCallRecord: Sendable {
    /// `BeaconEndpoint.name`, or `proxy`.
    package var endpoint: String
    package var duration: Duration
    /// The node that answered first; nil if none did.
    package var node: BeaconNodeAddress?
    package var usedFallback: Bool
    package var error: BeaconError?
}
