import Ethereum
import SSZ

/// A signed builder registration as the lock keeps it: made once, at the network's genesis time.
package struct BuilderRegistration: Equatable, Sendable {
    /// 20 bytes.
    package var feeRecipient: [UInt8] = []
    package var gasLimit: UInt64 = 0
    /// Unix seconds; Go's zero time, in year 1, when none was ever set.
    package var timestamp: Int64 = -62_135_596_800
    /// 48 bytes.
    package var pubKey: [UInt8] = []
    /// By the group's key, 96 bytes.
    package var signature: [UInt8] = []

    package init() {}

    init(_ members: JSONMembers) throws(ClusterError) {
        let message = try members.members("message")
        feeRecipient = try message.hex("fee_recipient", bytesMax: 20)
        gasLimit = try message.uint64("gas_limit")
        timestamp = try message.int64("timestamp")
        pubKey = try message.hex("pubkey", bytesMax: 48)
        signature = try members.hex("signature", bytesMax: 96)
    }

    var json: JSONValue {
        [
            "message": [
                "fee_recipient": .hex(feeRecipient), "gas_limit": JSONValue(gasLimit),
                "timestamp": JSONValue(timestamp), "pubkey": .hex(pubKey),
            ],
            "signature": .hex(signature),
        ]
    }

    func walk(_ walker: inout HashWalker, _ label: String) throws(ClusterError) {
        try walker.box { box throws(ClusterError) in
            // Raw: a missing fee recipient adds no leaf.
            box.raw(feeRecipient)
            box.uint64(gasLimit)
            box.uint64(UInt64(bitPattern: timestamp))
            try box.fixed(pubKey, count: 48, label + ".message.pubkey")
        }
        try walker.fixed(signature, count: 96, label + ".signature")
    }
}

extension ValidatorRegistration {
    /// What the validator's key signs, on this network and for ever. Source: spec/cluster-files.md §12.
    package func signingRoot(_ genesisForkVersion: Bytes4) -> Root {
        let domain = computeDomain(.applicationBuilder, version: genesisForkVersion, genesisValidatorsRoot: .zero)
        return computeSigningRoot(objectRoot: hashTreeRoot(), domain: domain)
    }
}
