import QBFT
import SSZ

/// A QBFT message of one duty with the full values it refers to, authenticated: every signature in it was checked
/// against the claimed operator. Source: consensus.md §2.
package struct ConsensusMessage: Hashable, Sendable {
    package var duty: Duty
    package var message: QBFT.Message
    /// The value behind each non-zero hash in the message and its justification.
    package var values: [Root: ConsensusValue]

    package init(duty: Duty, message: QBFT.Message, values: [Root: ConsensusValue]) {
        self.duty = duty
        self.message = message
        self.values = values
    }

    /// About what it takes, in bytes.
    var heldBytes: Int { message.heldBytes + values.values.reduce(0) { $0 + $1.wireByteCount } }
}
