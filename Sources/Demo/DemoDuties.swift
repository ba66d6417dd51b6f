/// Which duties a demo chain gives its validators.
package enum DemoDuties: String, CaseIterable, Sendable {
    /// Blocks, attestations, aggregates, the sync committee, and an exit.
    case all
    /// Attestations only: blocks appear by themselves, there is no sync committee, and hardly anybody aggregates. What
    /// measurements of attesting are made with, so that they stay comparable.
    case attester
}

/// How large the blocks are that a demo chain makes.
package struct DemoPayload: Sendable {
    package var transactions: Int
    package var transactionBytes: Int
    package var blobs: Int

    package static let small = DemoPayload(transactions: 4, transactionBytes: 200, blobs: 1)
    /// 2 MB with 9 blobs: a full block as builders make them.
    package static let large = DemoPayload(transactions: 1000, transactionBytes: 2000, blobs: 9)
}
