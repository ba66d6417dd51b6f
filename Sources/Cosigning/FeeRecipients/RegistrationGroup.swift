import Cluster
import Ethereum
import SSZ

/// Operators who signed one and the same builder registration. Source: spec/cli-create.md §12.5.
struct RegistrationGroup: Equatable, Sendable {
    struct Partial: Equatable, Sendable {
        let shareIndex: Int
        let signature: SignatureBytes
    }

    let message: ValidatorRegistration
    let partials: [Partial]
    /// What the service says; not proven.
    let hasQuorum: Bool

    /// The signatures, each verified under the share it is said to be by.
    func verified(_ validator: ClusterKeys.Validator, forkVersion: ForkVersion) throws(AnswerFault) -> PartialSignatures
    {
        guard message.feeRecipient != .zero, message.gasLimit > 0 else {
            throw AnswerFault(message.pubKey, "a registration with the zero address or no gas limit")
        }
        var signatures = PartialSignatures(validator, over: message.signingRoot(forkVersion))
        for (i, partial) in partials.enumerated() {
            try signatures.add(partial.signature, "partial_signatures[\(i)]", by: partial.shareIndex)
        }
        return signatures
    }

    /// The registration with the validator's own signature.
    func assemble(
        _ validator: ClusterKeys.Validator, threshold: Int, forkVersion: ForkVersion
    ) throws(AnswerFault) -> SignedValidatorRegistration {
        let signature = try verified(validator, forkVersion: forkVersion)
            .recover(threshold: threshold, cure: "let more operators run `feerecipient sign`")
        return SignedValidatorRegistration(message: message, signature: signature)
    }
}

extension [RegistrationGroup] {
    /// The newest that enough operators have signed, by the service's word.
    var agreed: RegistrationGroup? {
        filter(\.hasQuorum).max { $0.message.timestamp < $1.message.timestamp }
    }

    /// Those that wait for more signatures and would still be news.
    ///
    /// - Parameter timestamp: of the newest registration that holds.
    func pending(after timestamp: UInt64) -> [RegistrationGroup] {
        filter { !$0.hasQuorum && $0.message.timestamp > timestamp }
    }
}
