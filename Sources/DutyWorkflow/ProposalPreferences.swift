import Ethereum
import SSZ

/// What a cluster wants of the blocks it proposes. All its nodes must want the same.
package struct ProposalPreferences: Hashable, Sendable {
    /// Builders' blocks instead of the beacon node's own.
    package var usesBuilder: Bool
    /// By validator; zero where there is none.
    package var graffiti: [PubKey: Bytes32]
    /// Whom a validator's blocks are to pay at the start, where that is known.
    package var feeRecipients: [PubKey: Bytes20]

    package init(
        usesBuilder: Bool = false, graffiti: [PubKey: Bytes32] = [:], feeRecipients: [PubKey: Bytes20] = [:]
    ) {
        self.usesBuilder = usesBuilder
        self.graffiti = graffiti
        self.feeRecipients = feeRecipients
    }
}
