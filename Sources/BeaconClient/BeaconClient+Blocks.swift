import BeaconAPI
import Ethereum
import NIOPosix
import SSZ

extension BeaconClient {
    /// A block for a proposer to sign.
    ///
    /// - Parameter read: reads the block and throws why it is not what was asked for; that node then loses. Called from
    ///   any thread.
    package func produceBlock<Block: Sendable>(
        _ slot: Slot, _ wishes: BlockWishes, read: @escaping @Sendable (ProducedBlock) throws -> Block
    ) async throws(BeaconError) -> Block {
        try await bestBlock(slot, wishes) { block in .good(try read(block)) }
    }

    /// A block for a proposer to sign: the first good one, else the first that will do.
    ///
    /// - Parameter rate: as `read` of `produceBlock`.
    package func bestBlock<Block: Sendable>(
        _ slot: Slot, _ wishes: BlockWishes, rate: @escaping @Sendable (ProducedBlock) throws -> Rated<Block>
    ) async throws(BeaconError) -> Block {
        let endpoint = BeaconEndpoint.produceBlock(slot, wishes)
        let share = blockAnswers.share()
        let request = OutgoingRequest(endpoint, timeout: configuration.timeout(endpoint)).holding(share)
        return try await best(request) { response in
            do {
                // Megabytes: on few threads of their own, not on those that everything else shares.
                return try await NIOThreadPool.singleton.runIfActive {
                    try Self.readRaw(response, of: endpoint) { try rate(BeaconAnswer.producedBlock($0, $1)) }
                }
            } catch {
                share.giveBack(response.body?.readableBytes ?? 0)
                throw error
            }
        }
    }

    /// Publishes a signed block at every node; returns once one node has taken it.
    package func submit(_ block: BlockSubmission) async throws(BeaconError) {
        let (fork, isBlinded) = (block.fork, block.isBlinded)
        var json: (@Sendable () -> BeaconSubmission)?
        if let encode = block.json {
            json = { .block(fork, isBlinded: isBlinded, EncodedBody(.json, encode())) }
        }
        try await submit(.block(fork, isBlinded: isBlinded, block.body), json: json)
    }

    /// The header of a block; nil if the slot is empty or the block is not known.
    package func blockHeader(_ block: BlockID) async throws(BeaconError) -> BlockHeader? {
        try await orNil { () throws(BeaconError) in
            try await call(.blockHeader(block)) { json in
                let header = try BlockHeader(json: json.member("data"))
                let message = header.signed.message
                try Self.expect(message.hashTreeRoot() == header.root, "header of another root")
                switch block {
                case .head: break
                case .slot(let slot): try Self.expect(message.slot == slot, "header of slot \(message.slot)")
                case .root(let root): try Self.expect(header.root == root, "header of \(header.root)")
                }
                return header
            }
        }
    }

    /// The root of a block; nil if the slot is empty or the block is not known.
    package func blockRoot(_ block: BlockID) async throws(BeaconError) -> Root? {
        try await orNil { () throws(BeaconError) in
            try await call(.blockRoot(block)) { try BeaconAnswer.blockRoot($0) }
        }
    }

    /// The attestations that a block includes; nil if the slot is empty or the block is not known.
    package func blockAttestations(
        _ block: BlockID, preset: Preset
    ) async throws(BeaconError) -> [VersionedAttestation]? {
        try await orNil { () throws(BeaconError) in
            try await call(.blockAttestations(block)) { try BeaconAnswer.attestations($0, preset: preset) }
        }
    }

    /// How many members each committee of a slot of the last, this or the next epoch has.
    package func committeeLengths(of slot: Slot, in epoch: Epoch) async throws(BeaconError) -> [CommitteeIndex: Int] {
        try await call(.committees(.head, epoch, slot)) { try BeaconAnswer.committeeLengths($0, of: slot) }
    }

    private func orNil<Answer>(
        _ call: () async throws(BeaconError) -> Answer
    ) async throws(BeaconError) -> Answer? {
        do {
            return try await call()
        } catch {
            // If one of the nodes could not say, nobody knows.
            guard error.httpStatus == 404, !error.isTemporary else { throw error }
            return nil
        }
    }
}
