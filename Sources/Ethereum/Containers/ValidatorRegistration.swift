import SSZ

/// A validator's wishes for blocks from builders (V1). SSZ: 84 bytes, fixed.
///
/// Source: builder-specs, `ValidatorRegistrationV1`.
package struct ValidatorRegistration: SSZContainer, Hashable {
    package var feeRecipient = Bytes20.zero
    package var gasLimit = UInt64(0)
    /// Seconds since the Unix epoch.
    package var timestamp = UInt64(0)
    package var pubKey = PubKey.zero

    package init() {}

    package init(feeRecipient: Bytes20, gasLimit: UInt64, timestamp: UInt64, pubKey: PubKey) {
        self.feeRecipient = feeRecipient
        self.gasLimit = gasLimit
        self.timestamp = timestamp
        self.pubKey = pubKey
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("fee_recipient", &feeRecipient)
        try visitor.visit("gas_limit", &gasLimit)
        try visitor.visit("timestamp", &timestamp)
        try visitor.visit("pubkey", &pubKey)
    }
}
