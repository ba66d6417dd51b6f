import SSZ

/// Who of a committee aggregates: a lottery on the (group) signature of the slot. Source: eth2-types.md §6.
package enum AggregatorSelection {
    /// - Parameter committeeLength: members of the beacon committee.
    package static func isAggregator(
        committeeLength: UInt64, selectionProof: SignatureBytes, spec: ChainSpec
    ) -> Bool {
        draw(selectionProof) % max(1, committeeLength / max(1, spec.targetAggregatorsPerCommittee)) == 0
    }

    package static func isSyncAggregator(selectionProof: SignatureBytes, spec: ChainSpec) -> Bool {
        let members = UInt64(spec.preset.syncSubcommitteeSize)
        return draw(selectionProof) % max(1, members / max(1, spec.targetAggregatorsPerSyncSubcommittee)) == 0
    }

    /// The first eight bytes of the proof's hash, as a little-endian number.
    private static func draw(_ proof: SignatureBytes) -> UInt64 {
        let hash = proof.withUnsafeBytes { SHA256.hash($0) }
        return (0..<8).reduce(0) { $0 | UInt64(hash[$1]) << UInt64(8 * $1) }
    }
}
