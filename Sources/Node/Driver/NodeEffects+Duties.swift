import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import SSZ

/// What duties other than attestations ask of the beacon nodes, and give them.
extension NodeEffects {
    func fetch(_ duty: Duty, _ request: FetchRequest) async -> Event {
        do {
            return .fetched(duty, try await data(duty, request))
        } catch {
            return .fetchFailed(duty, Failure(error))
        }
    }

    private func data(_ duty: Duty, _ request: FetchRequest) async throws -> FetchedData {
        switch request {
        case .attestationData: preconditionFailure("fetched on the loop")
        case .headRoot:
            guard let root = try await beacon.blockRoot(.head) else {
                throw Failure(reason: "the beacon node knows no head", isTemporary: true)
            }
            return .headRoot(root)
        case .proposal(let request): return .proposal(try await proposal(duty.slot, request))
        case .aggregates(let requests):
            let chain = chain.current
            return .aggregates(
                try await each(requests) { request in
                    try await beacon.aggregateAttestation(
                        duty.slot, dataRoot: request.dataRoot, committee: request.committee, preset: chain.spec.preset
                    ) { aggregate in
                        AggregateRules.fault(in: aggregate, slot: duty.slot, chain.spec, chain.clock)
                    }
                })
        case .contributions(let requests):
            return .contributions(
                try await each(requests) { request in
                    try await beacon.syncContribution(
                        duty.slot, subcommittee: request.subcommittee, blockRoot: request.blockRoot,
                        preset: chain.spec.preset)
                })
        }
    }

    private func proposal(_ slot: Slot, _ request: ProposalRequest) async throws -> VersionedProposal {
        let wishes = BlockWishes(
            randao: request.randaoReveal, graffiti: request.graffiti,
            builderBoostFactor: request.wantsBuilder ? .max : 0)
        let chain = chain.current
        return try await beacon.bestBlock(slot, wishes) { block in
            let proposal = try VersionedProposal(block, chain.spec.preset)
            if let fault = ProposalRules.fault(in: proposal, slot: slot, request, chain.clock, chain.forks) {
                throw BeaconError.Cause.malformed(fault)
            }
            guard let flaw = ProposalRules.flaw(in: proposal, request) else { return .good(proposal) }
            return .makeshift(proposal, flaw: flaw)
        }
    }

    /// All at once. One that a beacon node does not have holds up no other; if it has none, that is the error.
    private func each<Request: Hashable & Sendable, Answer: Sendable>(
        _ requests: [Request], _ ask: @escaping @Sendable (Request) async throws -> Answer
    ) async throws -> [Request: Answer] {
        try await withThrowingTaskGroup(of: (Request, Result<Answer, any Error>).self) { group in
            for request in requests {
                group.addTask {
                    do { return (request, .success(try await ask(request))) } catch {
                        return (request, .failure(error))
                    }
                }
            }
            var answers: [Request: Answer] = [:]
            var first: (any Error)?
            for try await (request, result) in group {
                switch result {
                case .success(let answer): answers[request] = answer
                case .failure(let error): first = first ?? error
                }
            }
            if answers.isEmpty, let first { throw first }
            return answers
        }
    }

    /// Whether the chain has a block of ours. Votes are not looked for.
    func block(of slot: Slot) async -> Event {
        do {
            guard let root = try await beacon.blockRoot(.slot(slot)) else { return .blockSeen(slot, .missing) }
            return .blockSeen(slot, .block(root: root, votes: try await votesInBlocks?.votes(in: root) ?? []))
        } catch {
            return .blockSeen(slot, .unknown("\(error)"))
        }
    }

    func broadcast(_ duty: Duty, _ set: SignedDataSet) async -> Event {
        do {
            try await submit(set.sorted { $0.key < $1.key }.map(\.value))
            return .broadcastSucceeded(duty, set.keys.sorted())
        } catch {
            return .broadcastFailed(duty, set, Failure(error))
        }
    }

    /// Objects of one duty.
    private func submit(_ objects: [SignedData]) async throws {
        let preset = chain.spec.preset
        switch objects.first {
        case .proposal(let signed)?:
            // Some nodes take blinded blocks, which are small, as JSON only, and say so as if the block were bad.
            try await beacon.submit(
                signed.isBlinded
                    ? BlockSubmission(fork: signed.fork, isBlinded: true, json: signed.json.bytes())
                    : BlockSubmission(fork: signed.fork, isBlinded: false, ssz: signed.objectBytes()) {
                        signed.json.bytes()
                    })
        case .aggregateAndProof(let first)?:
            try await beacon.submit(AggregateSubmission(objects, first.fork), fork: first.fork, preset: preset)
        case .syncMessage?:
            try await beacon.submit(
                objects.compactMap { object -> SyncCommitteeMessage? in
                    guard case .syncMessage(let message) = object else { return nil }
                    return message
                })
        case .contributionAndProof?:
            let contributions = objects.compactMap { object -> SignedContributionAndProof? in
                guard case .contributionAndProof(let signed) = object else { return nil }
                return signed
            }
            try await beacon.submit(contributions, preset: preset)
        case .exit?: try await submitExits(objects)
        case .registration?:
            registered(
                objects.compactMap { object in
                    guard case .registration(let signed) = object else { return nil }
                    return signed
                })
        case nil, .attestation?, .randao?, .committeeSelection?, .syncSelection?: break
        }
    }

    /// One call each; all are tried.
    private func submitExits(_ objects: [SignedData]) async throws {
        var failure: BeaconError?
        for case .exit(let exit) in objects {
            // One that is worth another try makes all of them so.
            do throws(BeaconError) { try await beacon.submit(exit) } catch {
                if failure?.isTemporary != true { failure = error }
            }
        }
        if let failure { throw failure }
    }
}

extension VersionedProposal {
    /// - Throws: unless the block is what its head says.
    fileprivate init(_ block: ProducedBlock, _ preset: Preset) throws {
        switch block.body.encoding {
        case .ssz:
            try self.init(
                fork: block.fork, blinded: block.isBlinded, objectBytes: block.body.bytes, preset: preset)
        case .json:
            let json = try BeaconAnswer.parse(block.body.bytes, bytesMax: block.body.bytes.count).member("data")
            try self.init(fork: block.fork, blinded: block.isBlinded, json: json, preset: preset)
        }
    }
}

extension AggregateSubmission {
    fileprivate init(_ objects: [SignedData], _ fork: ForkName) {
        let forms = objects.compactMap { object -> VersionedAggregateAndProof.Form? in
            guard case .aggregateAndProof(let signed) = object else { return nil }
            return signed.form
        }
        if fork.usesElectraAttestations {
            self = .electra(
                forms.compactMap { form in
                    guard case .electra(let signed) = form else { return nil }
                    return signed
                })
        } else {
            self = .phase0(
                forms.compactMap { form in
                    guard case .phase0(let signed) = form else { return nil }
                    return signed
                })
        }
    }
}
