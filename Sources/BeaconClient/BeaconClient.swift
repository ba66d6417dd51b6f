import AsyncHTTPClient
import BeaconAPI
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
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
    /// Where `LoopCall`s live.
    package let loop: any EventLoop
    /// For them: its connections are on that loop.
    let loopHTTP: HTTPClient
    private let wins: Mutex<WinCounter>
    private let health: Mutex<NodeHealth>
    /// Nodes that are asked; all until `use` says otherwise.
    private let used: Mutex<Set<Int>>
    private let secrets: SecretWords

    /// - Parameter loop: the caller's, if it is going to make `LoopCall`s.
    /// - Precondition: there is a primary node.
    package init(
        configuration: BeaconClientConfiguration,
        loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(), logger: Logger
    ) {
        precondition(!configuration.primaries.isEmpty)
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        secrets = SecretWords(configuration)
        health = Mutex(NodeHealth())
        nodes = configuration.primaries + configuration.fallbacks
        primaryCount = configuration.primaries.count
        wins = Mutex(WinCounter(nodes: nodes.count, start: .now))
        used = Mutex(Set(nodes.indices))

        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.httpVersion = .http1Only
        settings.timeout.connect = TimeAmount(min(configuration.readTimeout, configuration.submitTimeout))
        // A refused connection is an answer: other nodes may be asked at once instead of after the time-out.
        settings.connectionPool.retryConnectionEstablishment = false
        // Downloads and blocked calls of validator clients must not keep duties waiting for a connection.
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        loopHTTP = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: settings)
        settings.timeout.read = TimeAmount(configuration.eventIdleTimeout)
        eventHTTP = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    /// Ends all calls. The client is of no use afterwards. Must be called before it is dropped.
    package func shutdown() async {
        for client in [http, loopHTTP, eventHTTP] {
            do {
                try await client.shutdown()
            } catch {
                logger.debug("HTTP client shutdown", metadata: ["error": "\(error)"])
            }
        }
    }

    /// All nodes in use, the best first; all nodes if none is.
    func ranking() -> [Int] {
        let all = wins.withLock { $0.ranking(at: .now) }
        let used = used.withLock { $0 }
        return used.isEmpty ? all : all.filter(used.contains)
    }

    /// Which nodes are asked from now on; the others are not, until they are named here.
    package func use(only nodes: Set<Int>) { used.withLock { $0 = nodes } }

    /// Those of a group that may be asked.
    func usable(_ group: Range<Int>) -> [Int] {
        let used = used.withLock { $0 }
        return used.isEmpty ? Array(group) : group.filter(used.contains)
    }

    func race() -> NodeRace {
        NodeRace(primaries: usable(0..<primaryCount), fallbacks: usable(primaryCount..<nodes.count))
    }
}

/// What became of a question to one node. An outage is told when it begins and when it ends, however many calls fail.
extension BeaconClient {
    func noteSuccess(_ node: Int) {
        wins.withLock { $0.record(node, at: .now) }
        guard let outage = health.withLock({ $0.succeeded(node, at: .now) }) else { return }
        logger.info(
            "beacon node answers again",
            metadata: ["node": "\(nodes[node])", "after": "\(outage.formatted())", "failed_calls": "\(outage.calls)"])
    }

    func noteFailure(_ error: any Error, _ endpoint: String, _ node: Int) -> BeaconError {
        let failure = self.error(BeaconError.Cause(transport: error), endpoint, node)
        let isNews = health.withLock { $0.failed(node, failure.cause, at: .now) }
        logger.log(
            level: isNews ? .warning : .debug, isNews ? "beacon node does not answer" : "beacon node call",
            metadata: ["error": "\(failure)"])
        return failure
    }
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
        BeaconError(
            endpoint: endpoint, node: node.map { nodes[$0].description } ?? "", cause: secrets.masked(cause))
    }
}

extension HTTPHeaders {
    /// All fields as they are.
    var headerFields: HeaderFields { HeaderFields(map { HeaderFields.Field($0.name, $0.value) }) }
}
