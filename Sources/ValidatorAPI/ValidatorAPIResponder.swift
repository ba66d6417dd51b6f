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
    let endpoints: [Endpoint]
    let backend: any ValidatorAPIBackend
    let configuration: ValidatorAPIConfiguration
    let activity: ValidatorClientActivity
    let admission: Admission
    let connections: Connections
    let logger: Logger

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let start = ContinuousClock.now
        activity.record(userAgent: request.headers[.userAgent])
        let target = request.head.path ?? ""
        let path = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        let match = find(request.method, PathPattern.segments(of: path))
        var record = ValidatorAPIRecord(
            kind: match.map { .endpoint($0.endpoint.name) } ?? .proxy(path: ProxyLabel.make(path: path)),
            status: 0, bodyType: .json, duration: .zero, wasInterrupted: false)
        defer {
            record.duration = start.duration(to: .now)
            configuration.observe(record)
        }
        do {
            guard let pass = admission.enter() else { throw APIFault.overloaded }
            let bound = RequestBound(
                scope: connections[context.channel], loop: context.channel.eventLoop,
                timeout: match?.endpoint.isBounded ?? true ? configuration.requestTimeout : nil)
            let reply: Reply
            if let (endpoint, parameters) = match {
                let type = try endpoint.bodyType(contentType: request.headers[.contentType])
                record.bodyType = type
                let call = APICall(
                    request: request, parameters: parameters, bodyType: type,
                    bodyBytesMax: endpoint.takesBlocks
                        ? configuration.blockBytesMax : configuration.bodyBytesMax,
                    patience: RequestBound(scope: nil, loop: bound.loop, timeout: configuration.patience))
                reply = try await bound.run { try await endpoint.answer(call) }
            } else {
                reply = try await bound.run { try await proxy(request) }
            }
            record.status = reply.status
            return Self.response(reply, head: request.method == .head, pass: pass, scope: bound.scope, loop: bound.loop)
        } catch {
            let fault = APIFault(error)
            record.status = fault.status
            record.wasInterrupted = fault.status == APIFault.interrupted.status
            log(fault, request, path: path)
            return .fault(fault)
        }
    }

    private func find(
        _ method: HTTPRequest.Method, _ path: [String]
    ) -> (endpoint: Endpoint, parameters: [String: String])? {
        for endpoint in endpoints where endpoint.method == method {
            if let parameters = endpoint.path.match(path) { return (endpoint, parameters) }
        }
        return nil
    }

    /// Everything that is not ours goes to the beacon nodes as it is (validator-api.md §7.1).
    private func proxy(_ request: Request) async throws -> Reply {
        guard let target = request.head.path, target.hasPrefix("/") else {
            throw APIFault(400, "request target is no path")
        }
        let body = try await request.body.collect(upTo: configuration.proxyBodyBytesMax)
        return .stream(
            try await backend.proxy(
                ProxyRequest(
                    method: request.method.rawValue, target: target, headers: request.headers.headerFields,
                    body: Array(body.readableBytesView))))
    }

    /// - Parameter pass: held until the answer is written or dropped.
    private static func response(
        _ reply: Reply, head: Bool, pass: Admission.Pass, scope: ConnectionScope?, loop: any EventLoop
    ) -> Response {
        switch reply {
        case .empty: return Response(status: .ok)
        case .json(let json, let headers): return .json(json, headers: headers)
        case .ssz(let bytes, let headers): return .ssz(bytes, headers: headers)
        case .stream(let answer):
            let status = HTTPResponse.Status(code: answer.status)
            let headers = HTTPFields(answer.headers.endToEnd())
            guard !head, answer.status != 204, answer.status != 304 else {
                return Response(status: status, headers: headers)
            }
            let bound = RequestBound(scope: scope, loop: loop, timeout: nil)
            return Response(
                status: status, headers: headers,
                body: ResponseBody { writer in
                    try await write(answer.body, to: &writer, bound: bound)
                    try await writer.finish(nil)
                    withExtendedLifetime(pass) {}
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
            try await writer.write(ByteBuffer(bytes: chunk))
        }
    }

    private func log(_ fault: APIFault, _ request: Request, path: Substring) {
        var metadata: Logger.Metadata = [
            "method": "\(request.method.rawValue)", "path": "\(path.prefix(200))", "status": "\(fault.status)",
            "message": "\(fault.message)",
        ]
        if let detail = fault.detail { metadata["error"] = "\(detail)" }
        logger.log(level: fault.status == 500 ? .warning : .debug, "validator API request", metadata: metadata)
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
