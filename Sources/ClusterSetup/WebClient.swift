import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One HTTP request at a time, with a whole answer within bounds of time and size. Redirects are answers.
package final class WebClient: Sendable {
    package struct Request: Sendable {
        package var method = HTTPMethod.GET
        /// With credentials removed: they go into `authorization`.
        package var url: String
        package var authorization: String?
        /// Beside those that all requests have.
        package var headers: [(name: String, value: String)] = []
        /// JSON.
        package var body: [UInt8]?
        /// For the complete answer.
        package var timeout: Duration
        package var answerBytesMax: Int

        package init(_ url: String, timeout: Duration, answerBytesMax: Int) {
            self.url = url
            self.timeout = timeout
            self.answerBytesMax = answerBytesMax
        }
    }

    package struct Answer: Sendable {
        package let status: Int
        package let location: String?
        package let body: [UInt8]
        /// From the call to the head of the answer, the way to a connection included.
        package let headDelay: Duration

        package var isSuccess: Bool { (200..<300).contains(status) }
        var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }

        /// The cause of an answer that is no success. Says what the server wrote, but not what it repeats of our secrets.
        func fault(secrets: [String] = []) -> ServiceError.Cause {
            isRedirect ? .redirected : .status(status, excerpt(secrets: secrets))
        }

        func excerpt(secrets: [String]) -> String {
            ServiceError.excerpt(String(decoding: body.prefix(64 << 10), as: UTF8.self), secrets)
        }
    }

    private let http: HTTPClient
    /// Time limits are multiplied by it.
    let patience: Int

    private init(patience: Int, connectionsMax: Int, trust: TrustRoots?) {
        self.patience = patience
        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.httpVersion = .http1Only
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let trust { tls.trustRoots = trust.roots }
        settings.tlsConfiguration = tls
        // A refused connection is an answer.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsMax
        // Of one loop: see `BeaconClient`.
        http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()), configuration: settings)
    }

    /// A client for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - patience: more than 1 in tests, which run on busy machines.
    ///   - connectionsMax: to one host at once; requests beyond it wait for one.
    ///   - trust: nil: those that the system trusts.
    package static func with<R: Sendable>(
        patience: Int = 1, connectionsMax: Int = 8, trust: TrustRoots? = nil, _ body: (WebClient) async throws -> R
    ) async throws -> R {
        let client = WebClient(patience: patience, connectionsMax: connectionsMax, trust: trust)
        do {
            let result = try await body(client)
            try? await client.http.shutdown()
            return result
        } catch {
            try? await client.http.shutdown()
            throw error
        }
    }

    /// The whole answer, of whatever status.
    ///
    /// - Parameter now: the time, for `headDelay`; tests give their own.
    package func send(
        _ request: Request, now: @escaping @Sendable () -> Duration = WebClient.uptime
    ) async throws(ServiceError.Cause) -> Answer {
        let timeout = request.timeout * patience
        let start = now()
        do {
            var headers = HTTPHeaders([("user-agent", "styx"), ("accept", "application/json")])
            if let authorization = request.authorization { headers.add(name: "authorization", value: authorization) }
            if request.body != nil { headers.add(name: "content-type", value: "application/json") }
            for header in request.headers { headers.replaceOrAdd(name: header.name, value: header.value) }
            let outgoing = try HTTPClient.Request(
                url: request.url, method: request.method, headers: headers,
                body: request.body.map { .byteBuffer(ByteBuffer(bytes: $0)) })
            let delegate = TimedAccumulator(
                ResponseAccumulator(request: outgoing, maxBodySize: request.answerBytesMax), now: now)
            let task = http.execute(request: outgoing, delegate: delegate, deadline: .now() + TimeAmount(timeout))
            let response = try await withTaskCancellationHandler {
                try await task.futureResult.get()
            } onCancel: {
                task.cancel()
            }
            return Answer(
                status: Int(response.status.code), location: response.headers.first(name: "location"),
                body: response.body.map { Array($0.readableBytesView) } ?? [],
                headDelay: (delegate.headAt ?? now()) - start)
        } catch {
            throw ServiceError.Cause(transport: error, timeout: timeout)
        }
    }
}

extension WebClient {
    /// From an arbitrary zero.
    package static let uptime: @Sendable () -> Duration = {
        let start = ContinuousClock.now
        return { start.duration(to: .now) }
    }()
}

extension ServiceError.Cause: Error {}
