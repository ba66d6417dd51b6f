import SSZ

/// What consensus votes on. The duty's type tells which: `PriorityResult` for info-sync, else a set.
package enum ConsensusValue: Hashable, Sendable {
    /// What validators are going to sign.
    case duties(UnsignedDataSet)
    /// What nodes can do and like to do.
    case priorities(PriorityResult)

    package var isEmpty: Bool {
        switch self {
        case .duties(let set): set.isEmpty
        case .priorities(let result): result.messages.isEmpty
        }
    }

    /// Entries, to tell small values from large ones.
    package var count: Int {
        switch self {
        case .duties(let set): set.count
        case .priorities(let result): result.messages.count
        }
    }

    /// Deterministic protobuf of the message inside the `Any` (consensus.md §3.3).
    package func canonicalBytes() -> [UInt8] {
        switch self {
        case .duties(let set): set.canonicalBytes()
        case .priorities(let result): result.canonicalBytes()
        }
    }

    /// What consensus votes on: the root of the canonical bytes.
    package func valueHash() -> Root { consensusHashRoot(canonicalBytes()) }

    /// Of `canonicalBytes()`, or a little more.
    package var wireByteCount: Int {
        switch self {
        case .duties(let set): set.wireByteCount
        case .priorities(let result): result.canonicalBytes().count
        }
    }

    package var duties: UnsignedDataSet? {
        if case .duties(let set) = self { set } else { nil }
    }
}
