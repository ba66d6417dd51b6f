/// Why a call to a beacon node gave nothing. Names the call and the node, never a password.
package struct BeaconError: Error, Hashable, CustomStringConvertible {
    package enum Cause: Error, Hashable {
        /// No complete answer in time.
        case timeout
        /// No connection, or it broke.
        case connection(String)
        /// An answer with an error status.
        case status(APIErrorBody, httpStatus: Int)
        /// The node does not follow the chain (yet).
        case syncing
        /// The node has nothing of the kind, yet.
        case absent(String)
        /// An answer that is not what the API promises.
        case malformed(String)
        case tooLarge(bytesMax: Int)
        /// The caller gave up, or the client is shut down.
        case cancelled
    }

    /// The call: a name of `BeaconEndpoint`, or method and path.
    package let endpoint: String
    /// The node's address without credentials; empty if no node was asked.
    package let node: String
    package let cause: Cause
    /// Trying again may help. Of several nodes' errors: true if one of them is temporary.
    package private(set) var isTemporary: Bool

    /// - Parameter isSubmission: whether something was handed in, rather than asked.
    package init(endpoint: String, node: String, cause: Cause, isSubmission: Bool = false) {
        self.endpoint = endpoint
        self.node = node
        self.cause = cause
        isTemporary = cause.isTemporary || !isSubmission && cause.isTemporaryOfReads
    }

    /// The status to hand on to a validator client; nil if no node answered.
    package var httpStatus: Int? {
        guard case .status(_, let status) = cause else { return nil }
        return status
    }

    /// What the node said, or what happened, without the node's name.
    package var message: String { cause.description }

    package var description: String {
        node.isEmpty ? "\(endpoint): \(cause)" : "\(endpoint) at \(node): \(cause)"
    }
}

extension BeaconError.Cause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .timeout: return "http request timeout"
        case .connection(let what): return what
        case .status(let body, let status):
            let failures = body.failures.prefix(3).map { "; [\($0.index)] \($0.message)" }.joined()
            return "status \(status): \(body.message)\(failures)"
        case .syncing: return "beacon node is syncing"
        case .absent(let what): return what
        case .malformed(let what): return "unusable answer: \(what)"
        case .tooLarge(let bytesMax): return "answer longer than \(bytesMax) bytes"
        case .cancelled: return "cancelled"
        }
    }

    /// All that the node said, lower case.
    private var text: String {
        guard case .status(let body, _) = self else { return "" }
        return ([body.message] + body.failures.map(\.message)).joined(separator: "\n").lowercased()
    }

    /// Charon retries network errors, time-outs, and texts with `future`, `current or previous` or `retryable`
    /// (workflow.md §14). We add overload and gateway statuses: a retry never outlives its duty.
    var isTemporary: Bool {
        switch self {
        case .timeout, .connection, .syncing, .absent, .cancelled: return true
        case .malformed, .tooLarge: return false
        case .status(_, let status):
            if [429, 502, 503, 504].contains(status) { return true }
            return ["future", "current or previous", "retryable"].contains { text.contains($0) }
        }
    }

    /// To ask once more costs nothing. So a question is repeated also after what is most likely over soon, or mended by
    /// the operator: a key that expired, a limit, a proxy's page instead of the node's answer.
    fileprivate var isTemporaryOfReads: Bool {
        switch self {
        case .malformed: true
        case .status(_, let status): [401, 403, 429].contains(status) || status >= 500
        case .timeout, .connection, .syncing, .absent, .tooLarge, .cancelled: isTemporary
        }
    }

    /// Another node may do better (workflow.md §15.1; we add what is one node's own trouble: its keys, limits and faults).
    /// A 400 or 404 is the same everywhere.
    var callsForFallback: Bool {
        switch self {
        case .timeout, .connection, .syncing, .malformed, .tooLarge: return true
        case .absent, .cancelled: return false
        case .status(_, let status):
            guard [400, 404].contains(status) else { return true }
            return ["syncing", "headblocknotfullyverified", "http request timeout", "context deadline exceeded"]
                .contains { text.contains($0) }
        }
    }

    /// The node understood the request and does not want it: other nodes most likely say the same.
    package var isRefusal: Bool {
        guard case .status(_, let status) = self else { return false }
        return (400..<500).contains(status) && ![408, 425, 429].contains(status) && !callsForFallback
    }

    /// What nodes of all makers say of an object that they have already, lower case.
    private static let known = [
        "already known", "already_known", "alreadyknown", "already seen", "already exists", "already imported",
        "duplicate block", "supersetknown", "priorattestationknown", "priorsyncc",
    ]

    /// The node has the submitted objects already, from us or from gossip: the submission's purpose is fulfilled.
    package var isAlreadyKnown: Bool {
        guard case .status(let body, let status) = self, (400..<500).contains(status) else { return false }
        let texts = body.failures.isEmpty ? [body.message] : body.failures.map(\.message)
        return texts.allSatisfy { text in
            let text = text.lowercased()
            return Self.known.contains { text.contains($0) }
        }
    }

    /// How much an error tells the operator: a node's answer more than silence, and one that is the same everywhere more
    /// than a node's own trouble.
    fileprivate var weight: Int {
        switch self {
        case .status: callsForFallback ? 6 : 7
        case .absent: 5
        case .malformed, .tooLarge: 4
        case .syncing: 3
        case .timeout: 2
        case .connection: 1
        case .cancelled: 0
        }
    }
}

extension BeaconError {
    /// Whether fallback nodes should be asked after all primary nodes failed: unless one of them gave an answer that would
    /// be the same everywhere.
    package static func callForFallback(_ errors: [BeaconError]) -> Bool {
        !errors.isEmpty && mostTelling(of: errors).cause.callsForFallback
    }

    /// One error for all nodes: the most telling one, the later of equals.
    ///
    /// - Precondition: `errors` is not empty.
    package static func mostTelling(of errors: [BeaconError]) -> BeaconError {
        precondition(!errors.isEmpty)
        var worst = errors[0]
        for error in errors.dropFirst() where error.cause.weight >= worst.cause.weight { worst = error }
        worst.isTemporary = errors.contains { $0.isTemporary }
        return worst
    }

    package var isAlreadyKnown: Bool { cause.isAlreadyKnown }
}
