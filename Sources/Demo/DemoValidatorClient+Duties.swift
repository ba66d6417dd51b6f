import BLS
import BeaconAPI
import BeaconClient
import Ethereum
import Program
import SSZ

/// One function for each duty: it waits for the duty's moment within its slot, asks the node, signs and hands in.
extension DemoValidatorClient {
    func propose(_ duty: ProposerDuty, _ chain: Chain) async throws {
        guard let key = keys[duty.pubKey], let block = try await block(duty, chain) else { return }
        let signed = block.signed(with: key.sign(chain.domains.proposer(block)).bytes)
        try await client.submit(
            BlockSubmission(fork: signed.fork, isBlinded: signed.isBlinded, ssz: signed.objectBytes()) {
                signed.json.bytes()
            })
    }

    /// The block that the node has for us to sign; nil for a proposer that is none of ours.
    package func block(_ duty: ProposerDuty, _ chain: Chain) async throws -> VersionedProposal? {
        let epoch = chain.clock.epoch(of: duty.slot)
        guard let key = keys[duty.pubKey] else { return nil }
        let randao = key.sign(chain.domains.randao(epoch)).bytes
        let block = try await client.produceBlock(duty.slot, BlockWishes(randao: randao, graffiti: .zero)) { block in
            switch block.body.encoding {
            case .ssz:
                try VersionedProposal(
                    fork: block.fork, blinded: block.isBlinded, objectBytes: block.body.bytes)
            case .json:
                try VersionedProposal(
                    fork: block.fork, blinded: block.isBlinded,
                    json: JSONValue(parsing: block.body.bytes).member("data"))
            }
        }
        guard block.slot == duty.slot, block.proposerIndex == duty.validatorIndex else {
            throw DemoClientError(what: "a block of slot \(block.slot) and validator \(block.proposerIndex)")
        }
        return block
    }

    func attest(_ duties: [AttesterDuty], _ chain: Chain) async throws {
        let slot = duties[0].slot
        try await sleep(until: chain.clock.start(of: slot) + chain.clock.slotDuration / 3)
        let data = try await client.attestationData(slot, committee: .zero)
        let root = chain.domains.attester(data)
        let attestations = try await signed(duties, by: { $0.pubKey }, over: { _ in root }) { duty, signature in
            SingleAttestation(
                committeeIndex: duty.committeeIndex, attesterIndex: duty.validatorIndex, data: data,
                signature: signature)
        }
        try await client.submit(.single(attestations), fork: .fulu)
    }

    func aggregate(_ duties: [AttesterDuty], _ chain: Chain) async throws {
        let slot = duties[0].slot
        let own = try await signed(
            duties, by: { $0.pubKey }, over: { _ in chain.domains.prepareAggregator(slot) }
        ) { duty, signature in
            BeaconCommitteeSelection(
                validatorIndex: duty.validatorIndex, slot: slot, selectionProof: signature)
        }
        let proofs = Dictionary(
            try await selections("beacon_committee_selections", own).map { ($0.validatorIndex, $0.selectionProof) },
            uniquingKeysWith: { first, _ in first })
        let aggregators = duties.filter { duty in
            proofs[duty.validatorIndex].map { proof in
                AggregatorSelection.isAggregator(
                    committeeLength: duty.committeeLength, selectionProof: proof, spec: chain.spec)
            } ?? false
        }
        guard !aggregators.isEmpty else { return }
        try await sleep(until: chain.clock.start(of: slot) + chain.clock.slotDuration * 2 / 3)
        // From Electra on the data are the same for all committees.
        let root = try await client.attestationData(slot, committee: .zero).hashTreeRoot()
        var messages: [(AttesterDuty, AggregateAndProofElectra)] = []
        for duty in aggregators {
            let aggregate = try await client.aggregateAttestation(
                slot, dataRoot: root, committee: duty.committeeIndex, preset: chain.spec.preset)
            guard case .electra(let attestation) = aggregate.form, let proof = proofs[duty.validatorIndex] else {
                throw DemoClientError(what: "an aggregate of another fork")
            }
            messages.append(
                (
                    duty,
                    AggregateAndProofElectra(
                        aggregatorIndex: duty.validatorIndex, aggregate: attestation, selectionProof: proof)
                ))
        }
        let signed = try await signed(
            messages, by: { $0.0.pubKey }, over: { chain.domains.aggregator($0.1) }
        ) {
            SignedAggregateAndProofElectra(message: $0.1, signature: $1)
        }
        try await client.submit(.electra(signed), fork: .fulu, preset: chain.spec.preset)
    }

    func voteForHead(_ slot: Slot, _ members: [SyncDuty], _ chain: Chain) async throws {
        try await sleep(until: chain.clock.start(of: slot) + chain.clock.slotDuration / 3)
        guard let head = try await client.blockRoot(.head) else { throw DemoClientError(what: "no head") }
        let root = chain.domains.syncMessage(slot: slot, beaconBlockRoot: head)
        let messages = try await signed(members, by: { $0.pubKey }, over: { _ in root }) { member, signature in
            SyncCommitteeMessage(
                slot: slot, beaconBlockRoot: head, validatorIndex: member.validatorIndex, signature: signature)
        }
        try await client.submit(messages)
    }

    func contribute(_ slot: Slot, _ members: [SyncDuty], _ chain: Chain) async throws {
        let size = UInt64(chain.spec.preset.syncSubcommitteeSize)
        let seats = members.flatMap { member in
            Set(member.validatorSyncCommitteeIndices.map { $0 / size }).sorted().map { (member, $0) }
        }
        let own = try await signed(
            seats, by: { $0.0.pubKey },
            over: { _, subcommittee in
                chain.domains.prepareSyncContribution(
                    SyncAggregatorSelectionData(slot: slot, subcommitteeIndex: subcommittee))
            }
        ) { seat, signature in
            SyncCommitteeSelection(
                validatorIndex: seat.0.validatorIndex, slot: slot, subcommitteeIndex: seat.1,
                selectionProof: signature)
        }
        let aggregators = try await selections("sync_committee_selections", own).filter {
            AggregatorSelection.isSyncAggregator(selectionProof: $0.selectionProof, spec: chain.spec)
        }
        guard !aggregators.isEmpty else { return }
        try await sleep(until: chain.clock.start(of: slot) + chain.clock.slotDuration * 2 / 3)
        guard let head = try await client.blockRoot(.head) else { throw DemoClientError(what: "no head") }
        let pubKeys = Dictionary(
            members.map { ($0.validatorIndex, $0.pubKey) }, uniquingKeysWith: { first, _ in first })
        var messages: [ContributionAndProof] = []
        for selection in aggregators {
            messages.append(
                ContributionAndProof(
                    aggregatorIndex: selection.validatorIndex,
                    contribution: try await client.syncContribution(
                        slot, subcommittee: selection.subcommitteeIndex, blockRoot: head,
                        preset: chain.spec.preset),
                    selectionProof: selection.selectionProof))
        }
        let signed = try await signed(
            messages, by: { pubKeys[$0.aggregatorIndex] ?? .zero }, over: { chain.domains.syncContribution($0) }
        ) {
            SignedContributionAndProof(message: $0, signature: $1)
        }
        try await client.submit(signed, preset: chain.spec.preset)
    }

    /// Has one of our validators leave, as an operator does by hand.
    package func exit(_ index: ValidatorIndex, epoch: Epoch) async throws {
        let (chain, validators) = (try await chain(), try await validators())
        guard let key = validators[index].flatMap({ keys[$0] }) else {
            throw DemoClientError(what: "validator \(index) is not one of this operator's")
        }
        let message = VoluntaryExit(epoch: epoch, validatorIndex: index)
        try await client.submit(
            SignedVoluntaryExit(message: message, signature: key.sign(chain.domains.exit(message)).bytes))
    }

    // MARK: Selections

    /// The cluster's proofs for ours. Only a distributed validator's node has this endpoint.
    private func selections<Selection: SSZContainer>(
        _ name: String, _ own: [Selection]
    ) async throws -> [Selection] {
        let json = EncodedBody.Encoding.json.mediaType
        let request = ProxyRequest(
            method: "POST", target: "/eth/v1/validator/\(name)",
            headers: [HeaderName.contentType: json, HeaderName.accept: json],
            body: JSONValue.array(own.map { $0.json() }).bytes())
        let response = try await client.proxy(request)
        var bytes: [UInt8] = []
        for try await chunk in response.body { bytes += chunk }
        guard response.status == 200 else {
            throw DemoClientError(what: "\(name): \(APIErrorBody(lenient: bytes, status: response.status).message)")
        }
        return try JSONValue(parsing: bytes).member("data").elements(limit: own.count) { json throws(SSZError) in
            try Selection(json: json)
        }
    }
}
