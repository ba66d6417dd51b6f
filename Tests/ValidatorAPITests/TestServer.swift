import AsyncHTTPClient
import BeaconAPI
import Logging
import NIOCore
import NIOHTTP1
import SSZ
import Synchronization
import TestSupport
import ValidatorAPI

/// A running validator API and a client of it.
final class TestServer: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HeaderFields
        let text: String

        /// The body as JSON; null if it is none.
        var json: JSONValue { (try? JSONValue(parsing: text)) ?? .null }
        var message: String? { json["message"]?.string }
    }

    private final class Records: Sendable {
        private let records = Mutex<[ValidatorAPIRecord]>([])
        func add(_ record: ValidatorAPIRecord) { records.withLock { $0.append(record) } }
        var all: [ValidatorAPIRecord] { records.withLock { $0 } }
    }

    let server: ValidatorAPIServer
    private let client = HTTPClient(eventLoopGroupProvider: .singleton)
    private let recorded = Records()
    private let stopping = Gate()

    var records: [ValidatorAPIRecord] { recorded.all }
    var port: Int { server.port ?? 0 }

    /// - Parameter readiness: what has to be over before the backend is asked.
    private init(
        _ backend: StubBackend, keys: KeyTranslation, readiness: Readiness,
        answering: @escaping @Sendable (Int) -> Void,
        configure: (inout ValidatorAPIConfiguration) -> Void
    ) {
        var configuration = ValidatorAPIConfiguration(
            host: "127.0.0.1", port: 0, nodeVersion: "obolnetwork/charon/v1.10.3-styx/x86_64-linux")
        // Patient, because the machine may be busy; tests of bounds set their own.
        configuration.requestTimeout = .seconds(60)
        configuration.headerTimeout = .seconds(60)
        configuration.silenceTimeout = .seconds(60)
        configuration.writeTimeout = .seconds(600)
        configuration.observe = { [recorded] in recorded.add($0) }
        configure(&configuration)
        var logger = Logger(label: "test server")
        logger.logLevel = .critical
        server = ValidatorAPIServer(
            configuration: configuration, keys: keys, readiness: readiness, answering: answering, logger: logger)
        server.open(backend)
    }

    /// Runs a server for as long as `body` runs.
    static func with(
        _ backend: StubBackend = StubBackend(), keys: KeyTranslation = TestCluster.keys,
        readiness: Readiness = Readiness([]),
        answering: @escaping @Sendable (Int) -> Void = { _ in },
        configure: (inout ValidatorAPIConfiguration) -> Void = { _ in }, _ body: (TestServer) async throws -> Void
    ) async throws {
        let test = TestServer(backend, keys: keys, readiness: readiness, answering: answering, configure: configure)
        let listening = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { serving in
                    serving.addTask { try await test.server.run { _ in listening.open() } }
                    await test.stopping.wait()
                    serving.cancelAll()
                    try await serving.waitForAll()
                }
            }
            await listening.wait()
            do {
                try await body(test)
            } catch {
                test.stop()
                try? await test.client.shutdown()
                throw error
            }
            test.stop()
            try await test.client.shutdown()
            try await group.waitForAll()
        }
    }

    /// Cancels the server.
    func stop() { stopping.open() }

    func get(_ target: String, headers: HeaderFields = [:], client: HTTPClient? = nil) async throws -> Answer {
        try await send("GET", target, headers: headers, body: nil, client: client)
    }

    /// A client that does not queue requests. To be shut down by the caller.
    static func manyConnections() -> HTTPClient {
        var settings = HTTPClient.Configuration()
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// - Parameter contentType: nil leaves the header out.
    func post(
        _ target: String, _ body: String, contentType: String? = MediaType.json, headers: HeaderFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if let contentType { headers.append(HeaderName.contentType, contentType) }
        return try await send("POST", target, headers: headers, body: .bytes(ByteBuffer(string: body)))
    }

    func send(
        _ method: String, _ target: String, headers: HeaderFields = [:], body: HTTPClientRequest.Body?,
        client: HTTPClient? = nil
    ) async throws -> Answer {
        let response = try await open(method, target, headers: headers, body: body, client: client)
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code),
            headers: HeaderFields(response.headers.map { .init($0.name, $0.value) }), text: String(buffer: bytes))
    }

    /// The head of an answer.
    func open(
        _ method: String, _ target: String, headers: HeaderFields = [:], body: HTTPClientRequest.Body? = nil,
        client: HTTPClient? = nil
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(target)")
        request.method = HTTPMethod(rawValue: method)
        request.headers = HTTPHeaders(headers.fields.map { ($0.name, $0.value) })
        request.body = body
        return try await (client ?? self.client).execute(request, deadline: .distantFuture)
    }
}
