import BeaconAPI
import Ethereum
import Hummingbird
import Program
import SSZ

/// What validators sign, and what they make it from. The time of an object is that of its request's last byte.
extension DemoBeaconNode {
    typealias Faults = [(index: Int, message: String)]

    func addVotes(to router: Router<BasicRequestContext>) {
        let chain = chain
        router.get("/eth/v1/validator/attestation_data") { request, _ in
            let slot = Slot(try number(request.uri.queryParameters.get("slot")))
            guard slot <= chain.clock.slot(at: SystemClock.now()) ?? .zero else {
                return failure(.badRequest, "slot \(slot) is in the future")
            }
            return data(await chain.attestationData(slot).json())
        }
        router.post("/eth/v2/beacon/pool/attestations") { request, _ in
            try await take(request, isForked: true) { json throws(SSZError) in
                try SingleAttestation(json: json)
            } submit: {
                await chain.submit($0, at: $1)
            }
        }
        router.get("/eth/v2/validator/aggregate_attestation") { request, _ in
            let query = request.uri.queryParameters
            let slot = Slot(try number(query.get("slot")))
            let root: Root = try hex(query.get("attestation_data_root").map { $0[...] })
            let committee = CommitteeIndex(try number(query.get("committee_index")))
            guard let aggregate = await chain.aggregate(slot, committee: committee, data: root) else {
                return failure(.notFound, "no such votes of committee \(committee) in slot \(slot)")
            }
            let headers: HeaderFields = [HeaderName.consensusVersion: ForkName.fulu.name]
            if request.takesSSZ { return response(EncodedBody(.ssz, aggregate.sszBytes()), headers: headers) }
            return json(["version": .string(ForkName.fulu.name), "data": aggregate.json()], headers: headers)
        }
        router.post("/eth/v2/validator/aggregate_and_proofs") { request, _ in
            try await take(request, isForked: true) { json throws(SSZError) in
                try SignedAggregateAndProofElectra(json: json)
            } submit: {
                await chain.submit($0, at: $1)
            }
        }
    }

    func addSyncCommittee(to router: Router<BasicRequestContext>) {
        let chain = chain
        router.post("/eth/v1/beacon/pool/sync_committees") { request, _ in
            try await take(request) { json throws(SSZError) in
                try SyncCommitteeMessage(json: json)
            } submit: {
                await chain.submit($0, at: $1)
            }
        }
        router.get("/eth/v1/validator/sync_committee_contribution") { request, _ in
            let query = request.uri.queryParameters
            let slot = Slot(try number(query.get("slot")))
            let subcommittee = try number(query.get("subcommittee_index"))
            let root: Root = try hex(query.get("beacon_block_root").map { $0[...] })
            let found = await chain.contribution(slot, subcommittee: subcommittee, blockRoot: root)
            guard let found else {
                return failure(.notFound, "no such votes of subcommittee \(subcommittee) in slot \(slot)")
            }
            return data(found.json())
        }
        router.post("/eth/v1/validator/contribution_and_proofs") { request, _ in
            try await take(request) { json throws(SSZError) in
                try SignedContributionAndProof(json: json)
            } submit: {
                await chain.submit($0, at: $1)
            }
        }
    }

    func addBlocks(to router: Router<BasicRequestContext>) {
        let chain = chain
        router.get("/eth/v1/beacon/blocks/:block/root") { _, context in
            guard let id = context.parameters.get("block"), let root = await root(id) else {
                return failure(.notFound, "no such block")
            }
            return data(["root": root.json()])
        }
        router.get("/eth/v3/validator/blocks/:slot") { request, context in
            let slot = Slot(try number(context.parameters.get("slot")))
            let query = request.uri.queryParameters
            let wishes = BlockWishes(
                randao: try hex(query.get("randao_reveal").map { $0[...] }),
                graffiti: try query.get("graffiti").map { try hex($0[...]) } ?? .zero)
            do throws(DemoChain.Rejection) {
                return produced(try await chain.produceBlock(slot, wishes, now: SystemClock.now), request)
            } catch {
                return failure(.badRequest, "\(error)")
            }
        }
        for isBlinded in [false, true] {
            router.post("/eth/v2/beacon/\(isBlinded ? "blinded_blocks" : "blocks")") { request, _ in
                try await publish(request, isBlinded: isBlinded)
            }
        }
        router.post("/eth/v1/beacon/pool/voluntary_exits") { request, _ in
            let exit: SignedVoluntaryExit
            do { exit = try SignedVoluntaryExit(json: try await body(request)) } catch {
                return await refuse("an exit: \(error)")
            }
            let fault = await chain.submit(exit, at: SystemClock.now())
            return fault.map { failure(.badRequest, $0) } ?? Response(status: .ok)
        }
    }

    private func root(_ id: String) async -> Root? {
        if id == "head" { return await chain.head(in: chain.clock.slot(at: SystemClock.now()) ?? .zero) }
        guard let slot = Slot(decimal: id) else { return nil }
        return await chain.blockRoot(slot)
    }

    private func produced(_ proposal: VersionedProposal, _ request: Request) -> Response {
        let (fork, value) = (proposal.fork.name, "1")
        let headers: HeaderFields = [
            HeaderName.consensusVersion: fork, HeaderName.executionPayloadBlinded: "\(proposal.isBlinded)",
            HeaderName.executionPayloadValue: value, HeaderName.consensusBlockValue: value,
        ]
        if request.takesSSZ { return response(EncodedBody(.ssz, proposal.objectBytes()), headers: headers) }
        return json(
            [
                "version": .string(fork), "execution_payload_blinded": .bool(proposal.isBlinded),
                "execution_payload_value": .string(value), "consensus_block_value": .string(value),
                "data": proposal.json,
            ], headers: headers)
    }

    private func publish(_ request: Request, isBlinded: Bool) async throws -> Response {
        guard let fork = request.header(HeaderName.consensusVersion).flatMap({ ForkName(name: $0) }), fork == .fulu
        else { return await refuse("a block without Eth-Consensus-Version fulu") }
        let bytes = try await bytes(request)
        let now = SystemClock.now()
        let signed: VersionedSignedProposal
        do {
            switch EncodedBody.Encoding(contentType: request.header(HeaderName.contentType)) {
            case .ssz: signed = try VersionedSignedProposal(fork: fork, blinded: isBlinded, objectBytes: bytes)
            case .json:
                signed = try VersionedSignedProposal(
                    fork: fork, blinded: isBlinded, json: try JSONValue(parsing: bytes))
            }
        } catch {
            return await refuse("a block: \(error)")
        }
        let fault = await chain.submit(signed, at: now, verifiedAt: SystemClock.now)
        return fault.map { failure(.badRequest, $0) } ?? Response(status: .ok)
    }

    // MARK: Lists

    /// - Parameter isForked: whether the form depends on the fork, which the request then has to name.
    private func take<Object>(
        _ request: Request, isForked: Bool = false, _ read: (JSONValue) throws(SSZError) -> Object,
        submit: ([Object], Instant) async -> Faults
    ) async throws -> Response {
        let fork = request.header(HeaderName.consensusVersion)
        guard !isForked || fork?.lowercased() == ForkName.fulu.name else {
            return await refuse("Eth-Consensus-Version \(fork ?? "missing"), expected fulu")
        }
        let json = try await body(request)
        let now = SystemClock.now()
        let objects: [Object]
        do throws(SSZError) { objects = try json.elements(limit: Self.objectsMax, read) } catch {
            return await refuse("a list: \(error)")
        }
        return answer(await submit(objects, now))
    }

    private func refuse(_ what: String) async -> Response {
        await chain.refuse(DemoChain.Rejection(duty: nil, validator: nil, why: what))
        return failure(.badRequest, what)
    }
}
