import BeaconAPI
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What a request knows of its connection.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Finds who answers a request, bounds the work, and turns whatever happens into an answer.
struct ValidatorAPIResponder: HTTPResponder {
    let reception: Reception
    let configuration: ValidatorAPIConfiguration
    let activity: ValidatorClientActivity
    let admission: Admission
    /// Those of them that take connections to beacon nodes for as long as the client likes.
    let streams, downloads: Admission
    /// For bodies of requests that are answered here, and of those that are passed on.
    let budget, proxyBudget: ByteBudget
    /// For answers until they are written.
    let answers: ByteBudget
    let connections: Connections
    let logger: Logger

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let (start, arrival) = (ContinuousClock.now, NIODeadline.now())
        activity.record(userAgent: request.headers[.userAgent])
        var record = ValidatorAPIRecord(
            kind: .unrouted, status: 0, bodyType: .json, duration: .zero, wasInterrupted: false)
        record.agent = request.headers[.userAgent].map {
            String($0.prefix(ValidatorClientActivity.userAgentCharactersMax))
        }
        defer {
            record.duration = start.duration(to: .now)
            configuration.observe(record)
        }
        let response: Response
        // What the answer takes of common bounds until it is written.
        var holdings: [any Sendable] = []
        defer { connections[context.channel]?.hold(holdings) }
        do {
            response = try await answer(request, context.channel, arrival, &record, &holdings)
        } catch {
            holdings = []
            if case .foreign(_, let holder, _)? = error as? KeyFault { record.foreignHolder = holder }
            let fault = APIFault(error)
            record.wasInterrupted = fault.status == APIFault.interrupted.status
            log(fault, request)
            response = .fault(fault)
        }
        record.status = response.status.code
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, _ channel: any Channel, _ arrival: NIODeadline, _ record: inout ValidatorAPIRecord,
        _ holdings: inout [any Sendable]
    ) async throws -> Response {
        guard let pass = admission.enter() else { throw APIFault.overloaded }
        holdings.append(pass)
        if let expected = request.headers[.expect], expected.lowercased() != "100-continue" {
            throw APIFault.expectation
        }
        // About the server as a whole.
        if request.method == .options, request.head.path == "*" { return Response(status: .ok) }
        let desk = reception.desk
        let target = try RequestTarget(request.head.path ?? "")
        let destination = try desk.routes.destination(of: request.method, target.segments)
        let bound = RequestBound(
            scope: connections[channel], loop: channel.eventLoop, deadline: destination.deadline(arrival, configuration)
        )
        let reply: Reply
        switch destination {
        case .endpoint(let endpoint, let parameters):
            record.kind = .endpoint(endpoint.name)
            if !endpoint.isBounded {
                guard let place = streams.enter() else { throw APIFault.tooManyStreams }
                holdings.append(place)
            }
            let type = try endpoint.bodyType(contentType: request.headers[fields: .contentType].first?.value)
            record.bodyType = type
            let call = APICall(
                request: request, target: target, parameters: parameters, bodyType: type,
                bodyBytesMax: endpoint.takesBlocks ? configuration.blockBytesMax : configuration.bodyBytesMax,
                share: budget.share(),
                patience: RequestBound(
                    scope: nil, loop: channel.eventLoop, deadline: arrival + TimeAmount(configuration.patience)))
            reply = try await bound.run { try await endpoint.answer(call) }
        case .beaconNodes:
            guard let backend = desk.backend else { throw APIFault(503, desk.reason) }
            record.kind = .proxy(path: ProxyLabel.make(target.segments))
            if request.method != .post {
                guard let place = downloads.enter() else { throw APIFault.tooManyDownloads }
                holdings.append(place)
            }
            reply = try await bound.run { try await proxy(request, target, to: backend) }
        }
        let share = answers.share()
        holdings.append(share)
        return try Self.response(reply, holding: share, scope: bound.scope, loop: bound.loop)
    }

    /// Everything that is not ours goes to the beacon nodes (validator-api.md §7.1).
    private func proxy(
        _ request: Request, _ target: RequestTarget, to backend: any ValidatorAPIBackend
    ) async throws -> Reply {
        let share = proxyBudget.share()
        defer { withExtendedLifetime(share) {} }
        let body = try await request.collectBody(upTo: configuration.proxyBodyBytesMax, holding: share)
        return .stream(
            try await backend.proxy(
                ProxyRequest(
                    method: request.method.rawValue, target: target.path + target.query,
                    headers: request.headers.headerFields, body: Array(body.readableBytesView))))
    }

    /// Answers that count for nothing: those that duties wait for. A client that reads nothing has one of them at most.
    private static let smallAnswerMax = 64 << 10

    /// - Parameter share: takes what the answer has in hand.
    private static func response(
        _ reply: Reply, holding share: ByteBudget.Share, scope: ConnectionScope?, loop: any EventLoop
    ) throws(APIFault) -> Response {
        func counted(_ bytes: [UInt8]) throws(APIFault) -> [UInt8] {
            guard bytes.count <= smallAnswerMax || share.take(bytes.count) else { throw .tooManyAnswers }
            return bytes
        }
        switch reply {
        case .empty: return Response(status: .ok)
        case .json(let json, let headers):
            return .data(try counted(json.bytes()), MediaType.json, headers: headers)
        case .ssz(let bytes, let headers): return .data(try counted(bytes), MediaType.ssz, headers: headers)
        case .stream(let answer):
            let status = HTTPResponse.Status(code: answer.status)
            let headers = HTTPFields(answer.headers.endToEnd())
            guard answer.status != 204, answer.status != 304 else {
                return Response(status: status, headers: headers)
            }
            let bound = RequestBound(scope: scope, loop: loop, deadline: nil)
            return Response(
                status: status, headers: headers,
                body: ResponseBody { writer in
                    try await write(answer.body, to: &writer, bound: bound)
                    try await writer.finish(nil)
                })
        }
    }

    /// Each chunk is flushed when it comes. Ends early when the client leaves or the server stops, also between chunks.
    private static func write(
        _ body: ProxyResponse.Body, to writer: inout any ResponseBodyWriter, bound: RequestBound
    ) async throws {
        // One chunk is handed over at a time: the reader waits until the writer has sent it.
        let relay = ChunkRelay(body)
        while let chunk = try await bound.run({ try await relay.next() }) {
            try await writer.writeInPieces(ByteBuffer(bytes: chunk))
        }
    }

    private func log(_ fault: APIFault, _ request: Request) {
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        var metadata: Logger.Metadata = [
            "method": "\(request.method.rawValue)", "path": "\(path.prefix(200))", "status": "\(fault.status)",
            "message": "\(fault.message)",
        ]
        if let detail = fault.detail { metadata["error"] = "\(detail)" }
        logger.log(level: fault.status == 500 ? .warning : .debug, "validator API request", metadata: metadata)
    }
}

extension Routes.Destination {
    /// Nil for event streams.
    fileprivate func deadline(_ arrival: NIODeadline, _ configuration: ValidatorAPIConfiguration) -> NIODeadline? {
        if case .endpoint(let endpoint, _) = self, !endpoint.isBounded { return nil }
        return arrival + TimeAmount(configuration.requestTimeout)
    }
}

/// Iterates a body across several calls, one at a time.
private actor ChunkRelay {
    private var iterator: any AsyncIteratorProtocol<[UInt8], any Error>

    init(_ body: ProxyResponse.Body) {
        iterator = body.makeAsyncIterator()
    }

    func next() async throws -> [UInt8]? {
        try await iterator.next(isolation: self)
    }
}
