import AsyncHTTPClient
import BeaconAPI
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Talks to all beacon nodes of the operator as if they were one.
///
/// Every call goes to all primary nodes at once and the first success wins; fallback nodes are asked if every primary
/// is out of reach (workflow.md §15.1). Nothing is asked before the first call, so nodes may start later than we do.
package final class BeaconClient: Sendable {
    /// The primary nodes, then the fallback nodes. Positions in it are the node numbers of this target.
    package let nodes: [BeaconNodeAddress]
    package let primaryCount: Int
    let configuration: BeaconClientConfiguration
    let logger: Logger
    /// For calls with a deadline.
    let http: HTTPClient
    /// For event streams of our own: gives up when nothing comes for `eventIdleTimeout`.
    let eventHTTP: HTTPClient
    private let wins: Mutex<WinCounter>

    /// - Precondition: there is a primary node.
    package init(configuration: BeaconClientConfiguration, logger: Logger) {
        precondition(!configuration.primaries.isEmpty)
        self.configuration = configuration
        self.logger = logger
        nodes = configuration.primaries + configuration.fallbacks
        primaryCount = configuration.primaries.count
        wins = Mutex(WinCounter(nodes: nodes.count, start: .now))

        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.httpVersion = .http1Only
        settings.timeout.connect = TimeAmount(min(configuration.readTimeout, configuration.submitTimeout))
        // A refused connection is an answer: other nodes may be asked at once instead of after the time-out.
        settings.connectionPool.retryConnectionEstablishment = false
        // Downloads and blocked calls of validator clients must not keep duties waiting for a connection.
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        settings.timeout.read = TimeAmount(configuration.eventIdleTimeout)
        eventHTTP = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// Ends all calls. The client is of no use afterwards. Must be called before it is dropped.
    package func shutdown() async {
        for client in [http, eventHTTP] {
            do {
                try await client.shutdown()
            } catch {
                logger.debug("HTTP client shutdown", metadata: ["error": "\(error)"])
            }
        }
    }

    /// All nodes, the best first.
    func ranking() -> [Int] { wins.withLock { $0.ranking(at: .now) } }

    func recordWin(_ node: Int) { wins.withLock { $0.record(node, at: .now) } }
}

extension BeaconClient {
    /// Header fields towards one node: the operator's win over the caller's, the URL's credentials over both.
    func headers(_ fields: HeaderFields, for node: Int) -> HTTPHeaders {
        var fields = fields
        for field in configuration.headers.fields { fields.remove(field.name) }
        for field in configuration.headers.fields { fields.append(field.name, field.value) }
        if let authorization = nodes[node].authorization { fields.set(HeaderName.authorization, authorization) }
        return HTTPHeaders(fields.fields.map { ($0.name, $0.value) })
    }

    func error(_ cause: BeaconError.Cause, _ endpoint: String, _ node: Int?) -> BeaconError {
        BeaconError(endpoint: endpoint, node: node.map { nodes[$0].description } ?? "", cause: cause)
    }
}

extension HTTPHeaders {
    /// All fields as they are.
    var headerFields: HeaderFields { HeaderFields(map { HeaderFields.Field($0.name, $0.value) }) }
}
