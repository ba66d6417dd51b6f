import Ethereum
import SSZ

/// One validator in a lock. Values stay as the file has them; verification judges them.
package struct DistributedValidator: Equatable, Sendable {
    /// The group's key, 48 bytes.
    package var publicKey: [UInt8] = []
    /// One for each operator, in operator order; 48 bytes each.
    package var publicShares: [[UInt8]] = []
    package var builderRegistration = BuilderRegistration()
    /// Deposits for different amounts, ascending.
    package var partialDeposits: [LockedDeposit] = []

    package init() {}

    init(_ value: JSONValue, _ path: String) throws(ClusterError) {
        let members = try JSONMembers(value, path: path)
        publicKey = try members.hex("distributed_public_key", bytesMax: 48)
        publicShares = try members.array("public_shares", max: FileLimits.operators) {
            value, path throws(ClusterError) in
            try JSONMembers.hex(value, bytesMax: 48, path)
        }
        builderRegistration = try BuilderRegistration(members.members("builder_registration"))
        partialDeposits = try members.array("partial_deposit_data", max: FileLimits.deposits) {
            value, path throws(ClusterError) in
            try LockedDeposit(value, path)
        }
    }

    var json: JSONValue {
        var object = JSONObject([("distributed_public_key", .hex(publicKey))])
        if !publicShares.isEmpty { object.append("public_shares", .array(publicShares.map(JSONValue.hex))) }
        object.append("builder_registration", builderRegistration.json)
        if !partialDeposits.isEmpty { object.append("partial_deposit_data", .array(partialDeposits.map(\.json))) }
        return .object(object)
    }

    func walk(_ walker: inout HashWalker, _ label: String) throws(ClusterError) {
        try walker.fixed(publicKey, count: 48, label + ".distributed_public_key")
        try walker.list(publicShares, max: FileLimits.operators, label + ".public_shares") {
            walker, share, label throws(ClusterError) in
            try walker.fixed(share, count: 48, label)
        }
        try walker.list(partialDeposits, max: FileLimits.deposits, label + ".partial_deposit_data") {
            walker, deposit, label throws(ClusterError) in
            try walker.box { box throws(ClusterError) in try deposit.walk(&box, label) }
        }
        try walker.box { box throws(ClusterError) in
            try builderRegistration.walk(&box, label + ".builder_registration")
        }
    }
}

/// A signed deposit as the lock keeps it.
package struct LockedDeposit: Equatable, Sendable {
    /// 48 bytes.
    package var pubKey: [UInt8] = []
    /// 32 bytes.
    package var withdrawalCredentials: [UInt8] = []
    package var amount = Gwei.zero
    /// By the group's key, 96 bytes.
    package var signature: [UInt8] = []

    package init() {}

    init(_ value: JSONValue, _ path: String) throws(ClusterError) {
        let members = try JSONMembers(value, path: path)
        pubKey = try members.hex("pubkey", bytesMax: 48)
        withdrawalCredentials = try members.hex("withdrawal_credentials", bytesMax: 32)
        amount = Gwei(try members.gweiText("amount"))
        signature = try members.hex("signature", bytesMax: 96)
    }

    var json: JSONValue {
        [
            "pubkey": .hex(pubKey), "withdrawal_credentials": .hex(withdrawalCredentials),
            "amount": .string(String(amount.rawValue)), "signature": .hex(signature),
        ]
    }

    fileprivate func walk(_ walker: inout HashWalker, _ label: String) throws(ClusterError) {
        try walker.fixed(pubKey, count: 48, label + ".pubkey")
        try walker.fixed(withdrawalCredentials, count: 32, label + ".withdrawal_credentials")
        walker.uint64(amount.rawValue)
        try walker.fixed(signature, count: 96, label + ".signature")
    }
}

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

    fileprivate func walk(_ walker: inout HashWalker, _ label: String) throws(ClusterError) {
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
