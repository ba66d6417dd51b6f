import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ

/// The block that the cluster decided (validator-api.md §4.5).
extension EndpointTable {
    /// Takes the client's part of the randao reveal, without which there is no block, then waits for the decision. Asking
    /// again brings the same block.
    var produceBlock: Endpoint {
        Endpoint("propose_block_v3", .get, "/eth/v3/validator/blocks/{slot}") { call in
            let slot = Slot(try call.number("slot"))
            let randao: SignatureBytes = try call.queryHex("randao_reveal")
            // The cluster's graffiti are its own.
            try call.checkQueryHex("graffiti")
            guard slot >= backend.currentSlot else { throw APIFault(404, "slot \(slot) is over") }
            let signed = SignedEpoch(epoch: backend.domains.epoch(of: slot), signature: randao)
            let proposer = try await proposer(of: slot)
            try await alone {
                try await submit([
                    SubmittedObject(
                        place: 0, duty: Duty(slot: slot, type: .randao), pubKey: proposer, data: .randao(signed))
                ])
            }
            return Self.answer(to: call, with: try await decidedProposal(slot))
        }
    }

    /// Who of ours proposes in a slot.
    ///
    /// - Throws: 404 if nobody does, or nobody can know it for a long time yet; 503 while it is unknown.
    func proposer(of slot: Slot) async throws -> PubKey {
        // No 503, which clients take for a node that is not synced.
        guard !isTooFarAhead(slot) else { throw APIFault(404, "slot \(slot) is too far ahead") }
        guard let definitions = try await backend.definitions(of: Duty(slot: slot, type: .proposer)) else {
            throw APIFault(503, "the duties of slot \(slot) are not known yet")
        }
        guard let proposer = definitions.keys.first, definitions.count == 1 else {
            throw APIFault(404, "no validator of the cluster proposes in slot \(slot)")
        }
        return proposer
    }

    func decidedProposal(_ slot: Slot) async throws -> VersionedProposal {
        let decided = try await backend.decided(.proposal(slot))
        guard case .proposal(let proposal) = decided else { throw APIFault.otherDuty(decided) }
        return proposal
    }

    /// The values are the same for all clients of a cluster, whatever each beacon node says.
    private static func answer(to call: APICall, with proposal: VersionedProposal) -> Reply {
        let (version, value) = (proposal.fork.name, "1")
        return call.answer(
            headers: [
                HeaderName.consensusVersion: version,
                HeaderName.executionPayloadBlinded: "\(proposal.isBlinded)",
                HeaderName.executionPayloadValue: value, HeaderName.consensusBlockValue: value,
            ], ssz: { proposal.objectBytes() },
            json: {
                [
                    "execution_payload_blinded": .bool(proposal.isBlinded), "execution_payload_value": .string(value),
                    "consensus_block_value": .string(value), "version": .string(version),
                    "data": proposal.json,
                ]
            })
    }
}
