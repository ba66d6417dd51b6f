import SSZ

/// What the execution layer asks of the consensus layer in one block. Variable size.
///
/// Source: consensus-specs electra/beacon-chain.md.
package struct ExecutionRequests: SSZContainer, Hashable {
    package var deposits = [DepositRequest]()
    package var withdrawals = [WithdrawalRequest]()
    package var consolidations = [ConsolidationRequest]()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("deposits", &deposits, limit: visitor.preset.maxDepositRequestsPerPayload)
        try visitor.visit("withdrawals", &withdrawals, limit: 16)
        try visitor.visit("consolidations", &consolidations, limit: 2)
    }
}
