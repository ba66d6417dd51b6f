import SSZ

/// One validator in a lock. Values stay as the file has them; verification judges them.
package struct DistributedValidator: Equatable, Sendable {
    /// The group's key, 48 bytes.
    package var publicKey: [UInt8] = []
    /// One for each operator, in operator order; 48 bytes each.
    package var publicShares: [[UInt8]] = []
    /// From v1.7.
    package var builderRegistration = BuilderRegistration()
    /// Deposits for different amounts, ascending. From v1.8; v1.6 and v1.7 have room for the first only.
    package var partialDeposits: [LockedDeposit] = []

    package init() {}

    init(_ value: JSONValue, _ version: FileVersion, _ path: String) throws(ClusterError) {
        let members = try JSONMembers(value, path: path)
        publicKey = try members.hex("distributed_public_key", bytesMax: 48)
        publicShares = try members.array("public_shares", max: FileLimits.operators) {
            value, path throws(ClusterError) in
            try JSONMembers.bytes(value, version.byteText, bytesMax: 48, path)
        }
        if version.hasRegistrations {
            builderRegistration = try BuilderRegistration(members.members("builder_registration"))
        }
        if version.hasPartialDeposits {
            partialDeposits = try members.array("partial_deposit_data", max: FileLimits.deposits) {
                value, path throws(ClusterError) in
                try LockedDeposit(JSONMembers(value, path: path))
            }
        } else if version.hasDeposits {
            // An absent one is written as a blank one.
            let deposit = try LockedDeposit(members.members("deposit_data"))
            partialDeposits = deposit == LockedDeposit() ? [] : [deposit]
        } else if try !members.string("fee_recipient_address").isEmpty {
            throw .field(members.path("fee_recipient_address"), "must be empty: the definition has the fee recipient")
        }
    }

    func json(_ version: FileVersion) -> JSONValue {
        var object = JSONObject([("distributed_public_key", .hex(publicKey))])
        if !publicShares.isEmpty {
            object.append("public_shares", .array(publicShares.map { .bytes($0, version.byteText) }))
        }
        if version.hasDeposits, !version.hasPartialDeposits {
            object.append("deposit_data", (partialDeposits.first ?? LockedDeposit()).json)
        }
        if version.hasRegistrations { object.append("builder_registration", builderRegistration.json) }
        if version.hasPartialDeposits, !partialDeposits.isEmpty {
            object.append("partial_deposit_data", .array(partialDeposits.map(\.json)))
        }
        return .object(object)
    }

    /// The validator's leaves. Source: spec/cluster-files.md §7.
    func walk(_ walker: inout HashWalker, _ version: FileVersion, _ label: String) throws(ClusterError) {
        switch version.hashStyle {
        case .text: walker.raw(publicKey.isEmpty ? [] : Array(Hex.encode(publicKey).utf8))
        case .raw: walker.raw(publicKey)
        case .fixed: try walker.fixed(publicKey, count: 48, label + ".distributed_public_key")
        }
        let hasText = version.hashStyle == .text
        let limit = hasText ? publicShares.count : FileLimits.operators
        try walker.list(publicShares, max: limit, label + ".public_shares") {
            walker, share, label throws(ClusterError) in
            if hasText { walker.raw(share) } else { try walker.fixed(share, count: 48, label) }
        }
        if version.hasPartialDeposits {
            try walker.list(partialDeposits, max: FileLimits.deposits, label + ".partial_deposit_data") {
                walker, deposit, label throws(ClusterError) in
                try walker.box { box throws(ClusterError) in try deposit.walk(&box, label) }
            }
        } else if version.hasDeposits {
            let deposit = partialDeposits.first ?? LockedDeposit()
            let label = label + ".deposit_data"
            if version == .v1_6 {
                try deposit.walk(&walker, label)  // without a box around the four
            } else {
                try walker.box { box throws(ClusterError) in try deposit.walk(&box, label) }
            }
        }
        if version.hasRegistrations {
            try walker.box { box throws(ClusterError) in
                try builderRegistration.walk(&box, label + ".builder_registration")
            }
        }
    }
}
