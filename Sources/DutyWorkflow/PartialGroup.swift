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

    /// About what it takes, in bytes: the object, and a signature for each share.
    var heldBytes: Int { SignedData.heldBytesMax + signatures.count * 112 }
}

/// Outcome of combining one group.
package enum Recovery: Hashable, Sendable {
    case signature(SignatureBytes)
    /// These shares do not belong to the message they came with. Never empty.
    case badShares([ShareIndex])
}

extension SignedData {
    /// About the largest that nodes exchange.
    fileprivate static let heldBytesMax = 512
}

extension ParSignedDataSet {
    /// About what it takes, in bytes.
    var heldBytes: Int { count * (SignedData.heldBytesMax + 64) }
}
