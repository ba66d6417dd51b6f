import SSZ

/// The values behind the hashes of one duty, each kept once and charged to the operator whose vote named it first.
struct DutyValues: Sendable {
    /// Distinct values one operator may introduce in one duty; a leader proposes once a round.
    private static let perSourceMax = 16

    private struct Charge: Sendable {
        var values = 0
        var bytes = 0
    }

    private(set) var all: [Root: ConsensusValue] = [:]
    private var charges: [Int: Charge] = [:]

    var heldBytes: Int { all.values.reduce(0) { $0 + $1.wireByteCount } }

    subscript(hash: Root) -> ConsensusValue? { all[hash] }

    /// Own ones: those of our beacon node and of the journal.
    mutating func keep(_ own: [Root: ConsensusValue]) { all.merge(own) { first, _ in first } }

    /// Takes the value that a peer's vote names, unless it is here.
    ///
    /// - Returns: why not. An instance that votes for what it cannot show has to stop: no peer may bring it there.
    mutating func take(
        _ hash: Root, from values: [Root: ConsensusValue], namedBy source: Int, _ held: inout HeldBytes
    ) -> String? {
        guard hash != .zero, all[hash] == nil else { return nil }
        guard let value = values[hash] else { return "no value for hash \(hash)" }
        let charge = charges[source] ?? Charge()
        guard charge.values < Self.perSourceMax else { return "too many different values" }
        let bytes = value.wireByteCount
        guard held.take(bytes, for: source) else { return "values too large" }
        charges[source] = Charge(values: charge.values + 1, bytes: charge.bytes + bytes)
        all[hash] = value
        return nil
    }

    /// Decided: it is the cluster's now, and the others are nobody's.
    mutating func keepOnly(_ hash: Root, _ held: inout HeldBytes) {
        all = all.filter { $0.key == hash }
        release(&held)
    }

    mutating func release(_ held: inout HeldBytes) {
        for (source, charge) in charges { held.release(charge.bytes, of: source) }
        charges = [:]
    }
}

extension UnsignedDataSet {
    /// Of `canonicalBytes()`, or a little more.
    package var wireByteCount: Int { values.reduce(0) { $0 + Self.entryOverhead + $1.wireByteCount } }

    /// The text key, and the tags and lengths around both fields.
    private static let entryOverhead = 98 + 14
}

extension UnsignedData {
    /// Of `wireBytes()`.
    fileprivate var wireByteCount: Int {
        switch self {
        case .attester: 232
        case .proposal(let proposal): 13 + proposal.byteCount
        case .aggregate(let attestation): 12 + attestation.wireByteCount
        case .contributions(let contributions): contributions.all.count * 1024
        }
    }
}
