import BeaconAPI
import DutyWorkflow
import Ethereum
import NIOPosix
import SSZ

/// Blocks signed with our shares (validator-api.md §4.6).
extension EndpointTable {
    /// Both versions are the same: `broadcast_validation` says nothing to a part of a signature.
    var publishBlock: [Endpoint] {
        ["v1", "v2"].flatMap { version in
            [
                publish("submit_proposal_\(version)", "/eth/\(version)/beacon/blocks", blinded: false),
                publish("submit_blinded_block_\(version)", "/eth/\(version)/beacon/blinded_blocks", blinded: true),
            ]
        }
    }

    private func publish(_ name: String, _ path: String, blinded: Bool) -> Endpoint {
        Endpoint(name, .post, path, bodies: .jsonOrSSZ, takesBlocks: true) { call in
            let fork = try call.consensusVersion()
            let submitted = try await signedProposal(call, fork, blinded: blinded)
            let slot = submitted.slot
            guard slot >= backend.currentSlot else { throw APIFault(404, "slot \(slot) is over") }
            let proposer = try await proposer(of: slot)
            let decided = try await decidedProposal(slot)
            guard submitted.fork == decided.fork, submitted.isBlinded == decided.isBlinded,
                submitted.proposerIndex == decided.proposerIndex, submitted.messageRoot == decided.messageRoot
            else { throw APIFault(400, "the block of slot \(slot) is not the one that the cluster decided") }
            // Its blobs are the decided ones, whatever came with it: nobody signs them.
            let signed = decided.signed(with: submitted.signature)
            try await alone {
                try await submit([
                    SubmittedObject(
                        place: 0, duty: Duty(slot: slot, type: .proposer), pubKey: proposer, data: .proposal(signed))
                ])
            }
            return .empty
        }
    }

    private func signedProposal(
        _ call: APICall, _ fork: ForkName, blinded: Bool
    ) async throws -> VersionedSignedProposal {
        let preset = backend.domains.preset
        let body = try await call.body()
        guard body.readableBytes > 0 else { throw APIFault.emptyBody }
        // Megabytes: on few threads of their own, not on those that everything else shares.
        return try await NIOThreadPool.singleton.runIfActive {
            do {
                switch call.bodyType {
                case .json:
                    return try VersionedSignedProposal(
                        fork: fork, blinded: blinded, json: try call.parse(body), preset: preset)
                case .ssz:
                    return try VersionedSignedProposal(
                        fork: fork, blinded: blinded, objectBytes: Array(body.readableBytesView), preset: preset)
                }
            } catch let error as ProposalError {
                throw call.bodyType == .json ? APIFault.badJSON(error) : APIFault.badSSZ(error)
            }
        }
    }
}
