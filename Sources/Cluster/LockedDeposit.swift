import Ethereum
import SSZ

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

    init(_ members: JSONMembers) throws(ClusterError) {
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

    /// The four fields, not boxed.
    func walk(_ walker: inout HashWalker, _ label: String) throws(ClusterError) {
        try walker.fixed(pubKey, count: 48, label + ".pubkey")
        try walker.fixed(withdrawalCredentials, count: 32, label + ".withdrawal_credentials")
        walker.uint64(amount.rawValue)
        try walker.fixed(signature, count: 96, label + ".signature")
    }
}
