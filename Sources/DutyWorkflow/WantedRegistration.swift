import Ethereum
import SSZ

/// A builder registration that an operator wants the cluster to sign: whom blocks pay, how large they are, and what it is
/// to replace.
package struct WantedRegistration: Hashable, Sendable {
    package var feeRecipient: Bytes20
    package var gasLimit: UInt64
    /// Of the registration that holds now, seconds since 1970; the new one must be later. Nil if there is none.
    package var replaces: UInt64?

    package init(feeRecipient: Bytes20, gasLimit: UInt64, replaces: UInt64?) {
        self.feeRecipient = feeRecipient
        self.gasLimit = gasLimit
        self.replaces = replaces
    }

    /// Whether signing it gives this operator what it wants.
    func isMet(by message: ValidatorRegistration) -> Bool {
        message.feeRecipient == feeRecipient && message.gasLimit == gasLimit
            && replaces.map { message.timestamp > $0 } ?? true
    }
}
