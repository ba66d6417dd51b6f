import SSZ

/// A slot number, from genesis.
package struct Slot: UInt64Quantity {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Precondition: `slotsPerEpoch > 0`; `ChainSpec` guarantees it.
    package func epoch(slotsPerEpoch: UInt64) -> Epoch { Epoch(rawValue / slotsPerEpoch) }
}

/// An epoch number, from genesis.
package struct Epoch: UInt64Quantity {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// FAR_FUTURE_EPOCH: not scheduled, never.
    package static var farFuture: Epoch { .max }

    /// Saturating.
    package func firstSlot(slotsPerEpoch: UInt64) -> Slot {
        let (slot, overflow) = rawValue.multipliedReportingOverflow(by: slotsPerEpoch)
        return Slot(overflow ? .max : slot)
    }
}

/// A committee's position within its slot.
package struct CommitteeIndex: UInt64Quantity {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A validator's position in the beacon state's registry.
package struct ValidatorIndex: UInt64Quantity {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// An amount in Gwei: 10^-9 ether.
package struct Gwei: UInt64Quantity {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A validator's public key: that of the whole group, compressed.
package typealias PubKey = Bytes48
/// The public key of one share of a validator's key, compressed.
package typealias PubShare = Bytes48
/// A BLS signature, compressed; not necessarily a valid point.
package typealias SignatureBytes = Bytes96
/// The four bytes that name a fork in signing domains.
package typealias ForkVersion = Bytes4
