import BeaconAPI
import Ethereum
import SSZ

/// Makes a block whose execution payload is made up: valid containers, nothing that could be executed.
struct DemoBlockMaker: Sendable {
    let slot: Slot
    let proposer: ValidatorIndex
    let parentRoot: Root
    let wishes: BlockWishes
    let feeRecipient: Bytes20
    let timestamp: UInt64
    let payload: DemoPayload
    /// Blocks of different branches differ.
    var branch: UInt8 = 0

    /// As from Fulu on: proofs of all 128 cells of a blob.
    func contents() -> BlockContents<Fulu> {
        var contents = BlockContents<Fulu>()
        contents.block = block()
        contents.block.body.executionPayload.execution.transactions = transactions
        contents.block.body.executionPayload.execution.withdrawals = withdrawals
        contents.kzgProofs = Array(repeating: Bytes48(padding: [0xc0]), count: 128 * payload.blobs)
        contents.blobs = Blobs((0..<payload.blobs).flatMap { Self.bytes(Blobs.blobBytes, from: $0) }[...])
        return contents
    }

    /// The same block as a builder gives it, with the roots of what it keeps to itself.
    func blinded() -> BlindedBeaconBlock<Fulu> {
        var block: BlindedBeaconBlock<Fulu> = self.block()
        block.body.executionPayload.execution.transactionsRoot =
            ListCodec(of: ByteListCodec(limit: 1 << 30), limit: 1 << 20).root(transactions, .mainnet)
        block.body.executionPayload.execution.withdrawalsRoot =
            ListCodec(of: ValueCodec<Withdrawal>(), limit: Preset.mainnet.maxWithdrawalsPerPayload)
            .root(withdrawals, .mainnet)
        return block
    }

    private func block<Form>() -> BeaconBlock<Fulu, Form> {
        var block = BeaconBlock<Fulu, Form>()
        block.slot = slot
        block.proposerIndex = proposer
        block.parentRoot = parentRoot
        block.stateRoot = SHA256.hash(parentRoot, Root(padding: [1, branch]))
        block.body.randaoReveal = wishes.randao
        block.body.graffiti = wishes.graffiti
        block.body.syncAggregate.syncCommitteeBits = Bitvector(count: Int(DemoSpec.syncCommitteeSize))
        // Nobody's signature: the point at infinity.
        block.body.syncAggregate.syncCommitteeSignature = SignatureBytes(padding: [0xc0])
        block.body.executionPayload.parentHash = SHA256.hash(parentRoot, Root(padding: [2]))
        block.body.executionPayload.feeRecipient = feeRecipient
        block.body.executionPayload.blockNumber = slot.rawValue
        block.body.executionPayload.gasLimit = 36_000_000
        block.body.executionPayload.timestamp = timestamp
        block.body.executionPayload.blockHash = SHA256.hash(parentRoot, Root(padding: [3]))
        block.body.blobKZGCommitments = Array(repeating: Bytes48(padding: [0xc0]), count: payload.blobs)
        return block
    }

    private var transactions: [[UInt8]] {
        (0..<payload.transactions).map { Self.bytes(payload.transactionBytes, from: $0) }
    }

    private var withdrawals: [Withdrawal] {
        var withdrawal = Withdrawal()
        withdrawal.validatorIndex = proposer
        withdrawal.amount = Gwei(slot.rawValue)
        return [withdrawal]
    }

    private static func bytes(_ count: Int, from seed: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            for position in 0..<count { buffer[position] = UInt8(truncatingIfNeeded: position &* 31 &+ seed) }
            initialized = count
        }
    }
}
