import Ethereum

/// What showed a node that its key is in use elsewhere: from then on it neither votes nor signs, over restarts too, until
/// its operator says that the other process is stopped.
package struct Halt: Hashable, Sendable {
    /// In which it showed.
    package let duty: Duty
    /// What was seen, for people.
    package let seen: String

    package init(duty: Duty, seen: String) {
        self.duty = duty
        self.seen = seen
    }

    /// What the operator has to do.
    package static let cure =
        "stop the other process, or give each cluster a key of its own; then stop this node, run"
        + " 'styx slashing-protection lift-halt', and start it again"

    /// To whoever wants a signature.
    var refusal: String { "this node signs nothing more: \(seen) (duty \(duty)); \(Self.cure)" }
}
