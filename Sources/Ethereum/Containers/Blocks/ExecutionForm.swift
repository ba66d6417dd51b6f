import SSZ

/// How a block holds what its payload executes: in full, or as roots (a blinded block, whose payload a builder keeps).
/// Both forms of one payload have the same hash tree root.
package protocol ExecutionForm: Hashable, Sendable {
    static var isBlinded: Bool { get }

    init()

    mutating func visitTransactions(_ visitor: inout some FieldVisitor) throws(SSZError)

    /// From Capella on.
    mutating func visitWithdrawals(_ visitor: inout some FieldVisitor) throws(SSZError)
}

package struct FullExecution: ExecutionForm {
    package static let isBlinded = false

    /// Each at most 2^30 bytes, at most 2^20 of them.
    package var transactions = [[UInt8]]()
    package var withdrawals = [Withdrawal]()

    package init() {}

    package mutating func visitTransactions(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit(
            "transactions", &transactions, as: ListCodec(of: ByteListCodec(limit: 1 << 30), limit: 1 << 20))
    }

    package mutating func visitWithdrawals(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("withdrawals", &withdrawals, limit: visitor.preset.maxWithdrawalsPerPayload)
    }
}

package struct BlindedExecution: ExecutionForm {
    package static let isBlinded = true

    package var transactionsRoot = Root.zero
    package var withdrawalsRoot = Root.zero

    package init() {}

    package mutating func visitTransactions(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("transactions_root", &transactionsRoot)
    }

    package mutating func visitWithdrawals(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("withdrawals_root", &withdrawalsRoot)
    }
}
