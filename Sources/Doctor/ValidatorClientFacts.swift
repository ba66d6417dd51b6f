import DutyWorkflow

/// What a validator client asked lately, for two epochs at most.
package struct ValidatorClientFacts: Sendable {
    package struct Count: Hashable, Sendable {
        package var requests = 0
        /// Answered with 400 or 5xx.
        package var failed = 0

        package init(requests: Int = 0, failed: Int = 0) {
            self.requests = requests
            self.failed = failed
        }
    }

    package struct Payment: Hashable, Sendable {
        package let validator: String
        package let asked: String
        package let due: String

        package init(validator: String, asked: String, due: String) {
            self.validator = validator
            self.asked = asked
            self.due = due
        }
    }

    /// Whether it was silent for so long that the node is not ready.
    package var isSilent = false
    /// Epochs that it was watched from start to end, since it first asked.
    package var epochs = 0
    /// By endpoint, as metrics name them.
    package var counts: [String: Count] = [:]
    /// What clients call themselves, in this epoch and the one before.
    package var agents: Set<String> = []
    /// Requests that came with another operator's key shares, by operator.
    package var foreign: [PeerIndex: Int] = [:]
    /// Requests whose signature does not verify under this operator's shares.
    package var badSignatures = 0
    /// Fee recipients that it asked for and that are not the cluster's.
    package var payments: [Payment] = []

    package init() {}

    /// Requests of endpoints with these names that were answered well.
    func succeeded(_ names: String...) -> Int {
        names.reduce(0) { sum, name in sum + (counts[name].map { $0.requests - $0.failed } ?? 0) }
    }
}
