import SSZ

/// A message and the signature over its signing root. Source: all `Signed…` containers of the specifications.
package struct Signed<Message: SSZContainer & Hashable>: SSZContainer, Hashable {
    package var message = Message()
    package var signature = SignatureBytes.zero

    package init() {}

    package init(message: Message, signature: SignatureBytes) {
        self.message = message
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("message", &message)
        try visitor.visit("signature", &signature)
    }
}

/// SSZ: 208 bytes, fixed.
package typealias SignedBeaconBlockHeader = Signed<BeaconBlockHeader>
/// SSZ: 112 bytes, fixed.
package typealias SignedVoluntaryExit = Signed<VoluntaryExit>
/// SSZ: 180 bytes, fixed.
package typealias SignedValidatorRegistration = Signed<ValidatorRegistration>
/// SSZ: 360 bytes on mainnet, fixed.
package typealias SignedContributionAndProof = Signed<ContributionAndProof>
/// Variable size.
package typealias SignedAggregateAndProofPhase0 = Signed<AggregateAndProofPhase0>
/// Variable size.
package typealias SignedAggregateAndProofElectra = Signed<AggregateAndProofElectra>
/// SSZ: 172 bytes, fixed.
package typealias SignedBLSToExecutionChange = Signed<BLSToExecutionChange>
