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
    var heldBytes: Int { data.heldBytes + signatures.count * 112 }
}

/// Outcome of combining one group.
package enum Recovery: Hashable, Sendable {
    case signature(SignatureBytes)
    /// These shares do not belong to the message they came with. Never empty.
    case badShares([ShareIndex])
}

extension SignedData {
    /// Of everything that operators sign but blocks.
    private static let smallBytesMax = 1024

    /// Whether it is a block, or as large as one: what is not kept for a peer's word alone.
    package var isLarge: Bool { heldBytes > Self.smallBytesMax }

    /// About what it takes, in bytes.
    var heldBytes: Int {
        switch self {
        case .attestation, .exit, .registration, .randao, .committeeSelection, .syncMessage, .syncSelection,
            .contributionAndProof:
            512
        case .proposal(let signed): 512 + signed.proposal.byteCount
        case .aggregateAndProof(let signed): 512 + signed.aggregate.wireByteCount
        }
    }
}

extension ParSignedDataSet {
    /// About what it takes, in bytes.
    var heldBytes: Int { values.reduce(0) { $0 + $1.data.heldBytes + 64 } }
}
