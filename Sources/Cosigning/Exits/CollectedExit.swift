import BeaconAPI
import Cluster
import Ethereum
import SSZ

/// What operators have handed over of one validator's exit. Source: spec/cli-create.md §12.3.
struct CollectedExit: Equatable, Sendable {
    let pubKey: PubKey
    let message: VoluntaryExit
    /// With their places in the answer, which say nothing certain about whose they are.
    let signatures: [Place]

    struct Place: Equatable, Sendable {
        let position: Int
        let signature: SignatureBytes
    }

    /// Room for a signature of each of the most operators, with white space.
    static let answerBytesMax = 256 << 10
    private static let signaturesMax = 256

    init(json bytes: [UInt8], of pubKey: PubKey) throws(AnswerFault) {
        let json = try AnswerJSON.parse(bytes, about: pubKey)
        let (epoch, index, signatures) = try AnswerJSON.read(about: pubKey) { () throws(SSZError) in
            (
                try json.field("epoch") as Epoch, try json.field("validator_index") as ValidatorIndex,
                try json.member("signatures") { json throws(SSZError) in
                    try json.elements(limit: Self.signaturesMax) { json throws(SSZError) in
                        try AnswerJSON.signature(json)
                    }
                }
            )
        }
        self.pubKey = pubKey
        message = VoluntaryExit(epoch: epoch, validatorIndex: index)
        self.signatures = signatures.enumerated().compactMap { position, signature in
            signature.map { Place(position: position, signature: $0) }
        }
    }

    /// The validator's exit, verified under its own key.
    func assemble(
        _ validator: ClusterKeys.Validator, threshold: Int, root: Root
    ) throws(AnswerFault) -> SignedVoluntaryExit {
        var partials = PartialSignatures(validator, over: root)
        for place in signatures {
            try partials.add(place.signature, "signatures[\(place.position)]", guess: place.position + 1)
        }
        let signature = try partials.recover(
            threshold: threshold, cure: "let more operators run `exit sign`, for the same epoch")
        return SignedVoluntaryExit(message: message, signature: signature)
    }
}
