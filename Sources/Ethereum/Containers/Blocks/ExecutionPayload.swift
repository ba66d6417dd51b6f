import SSZ

/// The execution layer's part of a block, from Bellatrix on; blinded it is `ExecutionPayloadHeader` there. Variable size.
///
/// Fields of later forks than `Fork` are not part of it and stay as they are. Source: consensus-specs
/// bellatrix/beacon-chain.md, capella and deneb.
package struct ExecutionPayload<Fork: BlockFork, Form: ExecutionForm>: SSZContainer, Hashable {
    package var parentHash = Bytes32.zero
    package var feeRecipient = Bytes20.zero
    package var stateRoot = Bytes32.zero
    package var receiptsRoot = Bytes32.zero
    package var logsBloom = FixedBytes<256>.zero
    package var prevRandao = Bytes32.zero
    package var blockNumber = UInt64(0)
    package var gasLimit = UInt64(0)
    package var gasUsed = UInt64(0)
    /// Seconds since the Unix epoch.
    package var timestamp = UInt64(0)
    /// At most 32 bytes.
    package var extraData = [UInt8]()
    /// Wei.
    package var baseFeePerGas = UInt256.zero
    package var blockHash = Bytes32.zero
    /// Transactions and, from Capella on, withdrawals.
    package var execution = Form()
    /// From Deneb on.
    package var blobGasUsed = UInt64(0)
    /// From Deneb on.
    package var excessBlobGas = UInt64(0)

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("parent_hash", &parentHash)
        try visitor.visit("fee_recipient", &feeRecipient)
        try visitor.visit("state_root", &stateRoot)
        try visitor.visit("receipts_root", &receiptsRoot)
        try visitor.visit("logs_bloom", &logsBloom)
        try visitor.visit("prev_randao", &prevRandao)
        try visitor.visit("block_number", &blockNumber)
        try visitor.visit("gas_limit", &gasLimit)
        try visitor.visit("gas_used", &gasUsed)
        try visitor.visit("timestamp", &timestamp)
        try visitor.visit("extra_data", &extraData, limit: 32)
        try visitor.visit("base_fee_per_gas", &baseFeePerGas)
        try visitor.visit("block_hash", &blockHash)
        try execution.visitTransactions(&visitor)
        if Fork.name >= .capella { try execution.visitWithdrawals(&visitor) }
        guard Fork.name >= .deneb else { return }
        try visitor.visit("blob_gas_used", &blobGasUsed)
        try visitor.visit("excess_blob_gas", &excessBlobGas)
    }
}
