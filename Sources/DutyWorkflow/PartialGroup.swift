import Ethereum
import SSZ

/// Partial signatures over one message, by share.
package struct PartialGroup: Hashable, Sendable {
    /// The signed object. What of it is not signed is one operator's word.
    package var data: SignedData
    package var signatures: [ShareIndex: SignatureBytes]

    package init(data: SignedData, signatures: [ShareIndex: SignatureBytes]) {
        self.data = data
        self.signatures = signatures
    }
}

/// Outcome of combining one group.
package enum Recovery: Hashable, Sendable {
    case signature(SignatureBytes)
    /// These shares do not belong to the message they came with. Never empty.
    case badShares([ShareIndex])
}
