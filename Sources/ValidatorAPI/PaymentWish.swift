import Ethereum
import SSZ

/// Whom a validator client wants the blocks of one of its validators to pay.
package struct PaymentWish: Hashable, Sendable {
    package enum Proposer: Hashable, Sendable {
        case index(ValidatorIndex)
        case pubKey(PubKey)
    }

    package let proposer: Proposer
    package let feeRecipient: Bytes20

    /// An element of `prepare_beacon_proposer`.
    init(preparation json: JSONValue) throws(SSZError) {
        proposer = .index(
            try json.member("validator_index") { (value) throws(SSZError) in
                try ValidatorIndex(json: value)
            })
        feeRecipient = try Self.address(json)
    }

    /// An element of `register_validator`, with a key share in place of the validator's key.
    init(registration json: JSONValue, keys: KeyTranslation) throws(SSZError) {
        let message = try json.member("message")
        let share = try PubShare(json: message.member("pubkey"))
        guard let pubKey = try? keys.validator(of: share) else {
            throw SSZError(.json(expected: "a key share of ours"))
        }
        proposer = .pubKey(pubKey)
        feeRecipient = try Self.address(message)
    }

    private static func address(_ json: JSONValue) throws(SSZError) -> Bytes20 {
        try Bytes20(json: json.member("fee_recipient"))
    }
}
