import BeaconAPI
import Ethereum
import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Program
import SSZ

/// Serves a `DemoChain` over the Beacon API on loopback: what the nodes of a cluster and their clients ask for, nothing
/// else.
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
        addChain(to: router)
        addDuties(to: router)
        addVotes(to: router)
        addSyncCommittee(to: router)
        addBlocks(to: router)
        router.get("/eth/v1/events") { _, _ in events() }
        return router
    }

    private func addChain(to router: Router<BasicRequestContext>) {
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
        router.get("/eth/v1/node/peer_count") { _, _ in
            // Nobody else has this chain, which is no fault here.
            data(["disconnected": "0", "connecting": "0", "connected": "1", "disconnecting": "0"])
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
            await validators(
                request.uri.queryParameters.getAll("id").flatMap { $0.split(separator: ",").map(String.init) })
        }
        router.post("/eth/v1/beacon/states/:state/validators") { request, _ in
            let json = try await body(request)
            return await validators((json["ids"]?.array ?? []).compactMap { $0.string })
        }
    }

    private func validators(_ ids: [String]) async -> Response {
        let rows = await chain.validators(ids, at: SystemClock.now()).map { $0.json() }
        return json(["execution_optimistic": false, "finalized": false, "data": .array(rows)])
    }

    private func addDuties(to router: Router<BasicRequestContext>) {
        let chain = chain
        router.post("/eth/v1/validator/duties/attester/:epoch") { request, context in
            let epoch = Epoch(try number(context.parameters.get("epoch")))
            let rows = chain.attesterDuties(epoch, try await indices(request))
            let answer = DutiesAnswer(
                dependentRoot: chain.dependentRoot, isExecutionOptimistic: false, rows: rows)
            return json(answer.json())
        }
        router.get("/eth/:version/validator/duties/proposer/:epoch") { _, context in
            let epoch = Epoch(try number(context.parameters.get("epoch")))
            let answer = DutiesAnswer(
                dependentRoot: chain.dependentRoot, isExecutionOptimistic: false, rows: chain.proposerDuties(epoch))
            return json(answer.json())
        }
        router.post("/eth/v1/validator/duties/sync/:epoch") { request, _ in
            let rows = chain.syncDuties(try await indices(request))
            return json(DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: rows).json())
        }
        for path in ["beacon_committee_subscriptions", "sync_committee_subscriptions", "register_validator"] {
            router.post("/eth/v1/validator/\(path)") { _, _ in HTTPResponse.Status.ok }
        }
        router.post("/eth/v1/validator/prepare_beacon_proposer") { request, _ in
            await chain.prepare(
                try await body(request).elements(limit: Self.objectsMax) { json throws(SSZError) in
                    try ProposerPreparation(json: json)
                })
            return HTTPResponse.Status.ok
        }
    }

    private func indices(_ request: Request) async throws -> Set<ValidatorIndex> {
        let texts = try await body(request).array ?? []
        return Set(texts.compactMap { ($0.string.flatMap { UInt64($0) } ?? $0.uint64).map { ValidatorIndex($0) } })
    }

    /// A head event with every block; where blocks appear by themselves, at the start of every slot.
    private func events() -> Response {
        let chain = chain
        let body = ResponseBody { writer in
            func write(_ head: DemoHead) async throws {
                let root = chain.dependentRoot.json()
                let payload: JSONValue = [
                    "slot": head.slot.json(), "block": head.root.json(), "state": Root.zero.json(),
                    "epoch_transition": false, "previous_duty_dependent_root": root,
                    "current_duty_dependent_root": root, "execution_optimistic": false,
                ]
                let event = ServerSentEvent(name: "head", data: payload.text())
                try await writer.write(ByteBuffer(bytes: event.bytes()))
            }
            switch chain.options.duties {
            case .all: for await head in await chain.heads() { try await write(head) }
            case .attester:
                var slot = Slot((chain.clock.slot(at: SystemClock.now()) ?? .zero).rawValue + 1)
                while !Task.isCancelled {
                    try await Task.sleep(for: max(.zero, chain.clock.start(of: slot) - SystemClock.now()))
                    try await write(DemoHead(slot: slot, root: chain.head(in: slot)))
                    slot = slot + 1
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    }

    // MARK: HTTP helpers

    /// In one request.
    static let objectsMax = 1 << 14
    /// Of a request: a block with its blobs as JSON.
    private static let bodyBytesMax = 64 << 20

    func bytes(_ request: Request) async throws -> [UInt8] {
        Array(try await request.body.collect(upTo: Self.bodyBytesMax).readableBytesView)
    }

    func body(_ request: Request) async throws -> JSONValue { try JSONValue(parsing: try await bytes(request)) }

    func number(_ text: Substring?) throws -> UInt64 {
        guard let text, let value = UInt64(text) else { throw HTTPError(.badRequest) }
        return value
    }

    func number(_ text: String?) throws -> UInt64 { try number(text.map { $0[...] }) }

    func hex<let count: Int>(_ text: Substring?) throws -> FixedBytes<count> {
        guard let text, let value = try? FixedBytes<count>(hex: String(text)) else { throw HTTPError(.badRequest) }
        return value
    }

    func data(_ value: JSONValue) -> Response { json(["data": value]) }

    func failure(_ status: HTTPResponse.Status, _ message: String) -> Response {
        json(["code": JSONValue(status.code), "message": .string(message)], status: status)
    }

    /// What became of a list.
    func answer(_ faults: [(index: Int, message: String)]) -> Response {
        guard !faults.isEmpty else { return Response(status: .ok) }
        let body = APIErrorBody(
            code: 400, message: "some objects were refused",
            failures: faults.map { .init(index: $0.index, message: $0.message) })
        return json(body.json(), status: .badRequest)
    }

    func json(
        _ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HeaderFields = [:]
    ) -> Response {
        response(EncodedBody(.json, value.bytes()), status: status, headers: headers)
    }

    func response(
        _ body: EncodedBody, status: HTTPResponse.Status = .ok, headers: HeaderFields = [:]
    ) -> Response {
        var response = Response(status: status, body: .init(byteBuffer: ByteBuffer(bytes: body.bytes)))
        response.headers[.contentType] = body.encoding.mediaType
        for field in headers.fields {
            if let name = HTTPField.Name(field.name) { response.headers[name] = field.value }
        }
        return response
    }
}

extension Request {
    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// Whether the client takes SSZ.
    var takesSSZ: Bool { header(HeaderName.accept)?.contains(MediaType.ssz) == true }
}
