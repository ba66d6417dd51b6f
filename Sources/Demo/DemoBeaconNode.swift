import BeaconAPI
import Ethereum
import Foundation
import HTTPServing
import Hummingbird
import Logging
import NIOCore
import Program
import SSZ

/// Serves a `DemoChain` over the Beacon API on loopback: what attesting needs, nothing else.
package struct DemoBeaconNode: Sendable {
    package let chain: DemoChain
    private let port: Int
    private let onListen: @Sendable (Int) async -> Void

    /// - Parameter port: 0 lets the system choose; `onListen` is told.
    package init(chain: DemoChain, port: Int, onListen: @escaping @Sendable (Int) async -> Void) {
        self.chain = chain
        self.port = port
        self.onListen = onListen
    }

    package func run() async throws {
        var logger = Logger(label: "demo.beacon")
        logger.logLevel = .critical
        let application = Application(
            router: router(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in await onListen(channel.localAddress?.port ?? 0) }, logger: logger)
        // Event streams stay open until their readers leave.
        try await application.serve(patience: .seconds(1))
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        let chain = chain
        router.get("/eth/v1/node/health") { _, _ in HTTPResponse.Status.ok }
        router.get("/eth/v1/node/version") { _, _ in
            data(["version": .string("StyxDemo/\(BuildInfo.version)/loopback")])
        }
        router.get("/eth/v1/node/syncing") { _, _ in
            let slot = chain.clock.slot(at: SystemClock.now()) ?? .zero
            return data([
                "head_slot": slot.json(), "sync_distance": "0", "is_syncing": false, "is_optimistic": false,
                "el_offline": false,
            ])
        }
        router.get("/eth/v1/beacon/genesis") { _, _ in
            data(
                Genesis(
                    time: UInt64(chain.options.genesis.unixSeconds), validatorsRoot: chain.spec.genesisValidatorsRoot,
                    forkVersion: DemoSpec.genesisForkVersion
                ).json())
        }
        router.get("/eth/v1/config/spec") { _, _ in data(chain.spec.json()) }
        router.get("/eth/v1/config/fork_schedule") { _, _ in data(chain.spec.forkScheduleJSON()) }
        router.get("/eth/v1/beacon/states/:state/validators") { request, _ in
            validators(request.uri.queryParameters.getAll("id").flatMap { $0.split(separator: ",").map(String.init) })
        }
        router.post("/eth/v1/beacon/states/:state/validators") { request, _ in
            let json = try await body(request)
            return validators((json["ids"]?.array ?? []).compactMap { $0.string })
        }
        router.post("/eth/v1/validator/duties/attester/:epoch") { request, context in
            let epoch = Epoch(try number(context.parameters.get("epoch")))
            let indices = (try await body(request).array ?? []).compactMap {
                $0.string.flatMap { UInt64($0) } ?? $0.uint64
            }
            let rows = chain.attesterDuties(epoch, Set(indices.map { ValidatorIndex($0) }))
            let answer = DutiesAnswer(
                dependentRoot: chain.blockRoot(chain.clock.firstSlot(of: epoch)), isExecutionOptimistic: false,
                rows: rows)
            return json(answer.json())
        }
        router.get("/eth/:version/validator/duties/proposer/:epoch") { _, _ in
            json(["dependent_root": Root.zero.json(), "execution_optimistic": false, "data": []])
        }
        router.post("/eth/v1/validator/duties/sync/:epoch") { _, _ in json(["execution_optimistic": false, "data": []])
        }
        router.get("/eth/v1/validator/attestation_data") { request, _ in
            let slot = Slot(try number(request.uri.queryParameters.get("slot")))
            guard slot <= chain.clock.slot(at: SystemClock.now()) ?? .zero else {
                return failure(.badRequest, "slot \(slot) is in the future")
            }
            return data(chain.attestationData(slot).json())
        }
        router.post("/eth/v2/beacon/pool/attestations") { request, _ in try await submit(request) }
        router.post("/eth/v1/validator/beacon_committee_subscriptions") { _, _ in HTTPResponse.Status.ok }
        router.get("/eth/v1/events") { _, _ in events() }
        return router
    }

    private func submit(_ request: Request) async throws -> Response {
        let now = SystemClock.now()
        let fork = request.headers[.init(HeaderName.consensusVersion)!] ?? ""
        guard fork.lowercased() == ForkName.fulu.name else {
            await chain.refuse("Eth-Consensus-Version \(fork)")
            return failure(.badRequest, "Eth-Consensus-Version \(fork) is not fulu")
        }
        let attestations: [SingleAttestation]
        do {
            guard case .single(let list) = try AttestationSubmission(json: try await body(request), fork: .fulu) else {
                return failure(.badRequest, "not single attestations")
            }
            attestations = list
        } catch {
            await chain.refuse("unreadable attestations: \(error)")
            return failure(.badRequest, "unreadable attestations: \(error)")
        }
        let faults = await chain.submit(attestations, at: now)
        guard !faults.isEmpty else { return Response(status: .ok) }
        let failures = JSONValue.array(faults.map { ["index": JSONValue($0.index), "message": .string($0.message)] })
        return json(
            ["code": 400, "message": "some attestations were refused", "failures": failures], status: .badRequest)
    }

    private func validators(_ ids: [String]) -> Response {
        let rows = chain.options.pubKeys.enumerated().compactMap { position, pubKey -> JSONValue? in
            guard
                ids.isEmpty || ids.contains(String(position)) || ids.contains(where: { $0.lowercased() == pubKey.hex })
            else { return nil }
            var record = ValidatorRecord()
            record.pubKey = pubKey
            record.effectiveBalance = Gwei(32_000_000_000)
            record.exitEpoch = .max
            record.withdrawableEpoch = .max
            return BeaconValidator(
                index: ValidatorIndex(UInt64(position)), balance: Gwei(32_000_000_000), status: .activeOngoing,
                validator: record
            ).json()
        }
        return json(["execution_optimistic": false, "finalized": false, "data": .array(rows)])
    }

    /// A head event at the start of every slot.
    private func events() -> Response {
        let chain = chain
        let body = ResponseBody { writer in
            var slot = Slot((chain.clock.slot(at: SystemClock.now()) ?? .zero).rawValue + 1)
            while !Task.isCancelled {
                try await Task.sleep(for: max(.zero, chain.clock.start(of: slot) - SystemClock.now()))
                let payload: JSONValue = [
                    "slot": slot.json(), "block": chain.blockRoot(slot).json(), "state": Root.zero.json(),
                    "epoch_transition": false, "previous_duty_dependent_root": Root.zero.json(),
                    "current_duty_dependent_root": Root.zero.json(), "execution_optimistic": false,
                ]
                let event = ServerSentEvent(name: "head", data: payload.text())
                try await writer.write(ByteBuffer(bytes: event.bytes()))
                slot = Slot(slot.rawValue + 1)
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    }

    // MARK: HTTP helpers

    private func body(_ request: Request) async throws -> JSONValue {
        let buffer = try await request.body.collect(upTo: 16 << 20)
        return try JSONValue(parsing: buffer.readableBytesView)
    }

    private func number(_ text: Substring?) throws -> UInt64 {
        guard let text, let value = UInt64(text) else { throw HTTPError(.badRequest) }
        return value
    }

    private func number(_ text: String?) throws -> UInt64 { try number(text.map { $0[...] }) }

    private func data(_ value: JSONValue) -> Response { json(["data": value]) }

    private func failure(_ status: HTTPResponse.Status, _ message: String) -> Response {
        json(["code": JSONValue(status.code), "message": .string(message)], status: status)
    }

    private func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: MediaType.json],
            body: .init(byteBuffer: ByteBuffer(bytes: value.bytes())))
    }
}
