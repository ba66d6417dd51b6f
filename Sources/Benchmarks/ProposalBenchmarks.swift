import Ethereum
import SSZ

/// A full block as builders make them: what a proposal's leader, its followers and each of its signers pay.
enum ProposalBenchmarks {
    static func run(_ bench: inout Bench) throws {
        let contents = contents(transactions: 1000, transactionBytes: 2000, blobs: 9)
        let proposal = VersionedProposal(contents)
        let signed = proposal.signed(with: SignatureBytes(padding: [7]))
        let (bytes, signedBytes) = (proposal.objectBytes(), signed.objectBytes())
        try require(bytes == contents.sszBytes(), "a proposal changed by encoding")
        let what = "block of 2 MB with 9 blobs"
        // Read: decoded, checked, the block hashed.
        try bench.time("proposal read \(what)", n: bytes.count) {
            keep(try VersionedProposal(fork: .fulu, blinded: false, objectBytes: bytes))
        }
        try bench.time("proposal read signed \(what)", n: signedBytes.count) {
            keep(try VersionedSignedProposal(fork: .fulu, blinded: false, objectBytes: signedBytes))
        }
        bench.time("proposal write signed \(what)", n: signedBytes.count) { keep(signed.objectBytes()) }
        try bench.time("proposal ssz decode \(what)", n: bytes.count) { keep(try BlockContents<Fulu>(ssz: bytes)) }
        bench.time("proposal ssz encode \(what)", n: bytes.count) { keep(contents.sszBytes()) }
        bench.time("proposal hash tree root \(what)", n: bytes.count) { keep(contents.block.hashTreeRoot()) }
        let other = try VersionedProposal(fork: .fulu, blinded: false, objectBytes: bytes)
        bench.time("proposal compare \(what)", n: bytes.count) { keep(proposal == other) }
        bench.time("proposal json write \(what)", n: bytes.count) { keep(proposal.json.bytes()) }
    }

    /// Cell proofs as from Fulu on: 128 a blob.
    private static func contents(transactions: Int, transactionBytes: Int, blobs: Int) -> BlockContents<Fulu> {
        var contents = BlockContents<Fulu>()
        contents.block.slot = 9_000_000
        contents.block.body.syncAggregate.syncCommitteeBits = Bitvector(count: 512, setting: 0..<500)
        contents.block.body.executionPayload.execution.transactions = (0..<transactions).map { index in
            (0..<transactionBytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
        }
        contents.block.body.executionPayload.execution.withdrawals = Array(repeating: Withdrawal(), count: 16)
        contents.block.body.blobKZGCommitments = Array(repeating: Bytes48(padding: [5]), count: blobs)
        contents.kzgProofs = Array(repeating: Bytes48(padding: [6]), count: 128 * blobs)
        contents.blobs = Blobs((0..<blobs * Blobs.blobBytes).map { UInt8(truncatingIfNeeded: $0 &* 7) }[...])
        return contents
    }
}
