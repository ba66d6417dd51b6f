import AsyncHTTPClient
import BeaconAPI
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Talks to all beacon nodes of the operator as if they were one.
///
/// A read goes to the best primary node, and to the next when that one is late or fails; a submission goes to all. The
/// first success wins. Fallback nodes are asked if no primary has an answer (workflow.md §15.1). Nothing is asked
/// before the first call, so nodes may start later than we do.
package final class BeaconClient: Sendable {
    /// The primary nodes, then the fallback nodes. Positions in it are the node numbers of this target.
    package let nodes: [BeaconNodeAddress]
    package let primaryCount: Int
    let configuration: BeaconClientConfiguration
    let logger: Logger
    /// For calls of our own with a deadline.
    let http: HTTPClient
    /// For requests of validator clients that are passed on: however many wait or stream, our own calls find connections.
    let proxyHTTP: HTTPClient
    /// For event streams of our own: gives up when nothing comes for `eventIdleTimeout`.
    let eventHTTP: HTTPClient
    /// Where `LoopCall`s live.
    package let loop: any EventLoop
    /// For them: its connections are on that loop.
    let loopHTTP: HTTPClient
    let health: Mutex<NodeHealth>
    /// Nodes that are asked; all until `use` says otherwise.
    private let used: Mutex<Set<Int>>
    /// Nodes that do not follow the chain: asked last.
    private let idle = Mutex<Set<Int>>([])
    let slowSubmissions = Mutex<(bounds: SlowSubmissions, all: [UInt64: Exchanges])>((SlowSubmissions(), [:]))
    /// For answers to passed-on requests that are not streamed.
    let proxyAnswers: ByteBudget
    /// For blocks to propose.
    let blockAnswers: ByteBudget
    private let secrets: SecretWords
    /// Nodes that answered 406 or 415 to SSZ.
    private let sszRefusers = Mutex<Set<Int>>([])

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
        proxyAnswers = ByteBudget(bytesMax: configuration.proxyAnswersBytesMax)
        blockAnswers = ByteBudget(bytesMax: configuration.blockAnswersBytesMax)
        used = Mutex(Set(nodes.indices))

        var settings = HTTPClient.Configuration(redirectConfiguration: .disallow)
        settings.httpVersion = .http1Only
        settings.timeout.connect = TimeAmount(min(configuration.readTimeout, configuration.submitTimeout))
        // A refused connection is an answer: other nodes may be asked at once instead of after the time-out.
        settings.connectionPool.retryConnectionEstablishment = false
        // Nodes may share a host. It must be more than validator clients may have open as streams and downloads together.
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connectionsMax * nodes.count
        // Each of one loop, for requests and connections: else AsyncHTTPClient 1.37 hears on one loop that a request's end
        // was written, and traps if the connection, answered and closed by then, is gone on the other.
        http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()), configuration: settings)
        loopHTTP = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: settings)
        // Of passed-on answers as well: one that stands still holds a connection here and there.
        settings.timeout.read = TimeAmount(configuration.eventIdleTimeout)
        proxyHTTP = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()), configuration: settings)
        eventHTTP = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()), configuration: settings)
    }

    /// Ends all calls. The client is of no use afterwards. Must be called before it is dropped.
    package func shutdown() async {
        for client in [http, proxyHTTP, loopHTTP, eventHTTP] {
            do {
                try await client.shutdown()
            } catch {
                logger.debug("HTTP client shutdown", metadata: ["error": "\(error)"])
            }
        }
    }

    /// All nodes in use, those that answered first most often lately first; all nodes if none is in use.
    func ranking() -> [Int] {
        let all = health.withLock { $0.ranking(Array(nodes.indices), at: .now) }
        let (used, idle) = (used.withLock { $0 }, idle.withLock { $0 })
        let usable = used.isEmpty ? all : all.filter(used.contains)
        return usable.filter { !idle.contains($0) } + usable.filter(idle.contains)
    }

    /// Which nodes are asked from now on; the others are not, until they are named here.
    package func use(only nodes: Set<Int>) { used.withLock { $0 = nodes } }

    /// Which nodes do not follow the chain: asked when all others are out of reach, until they are not named here.
    package func setIdle(_ nodes: Set<Int>) { idle.withLock { $0 = nodes } }

    /// Those of a group that may be asked.
    func usable(_ group: Range<Int>) -> (following: [Int], idle: [Int]) {
        let (used, idle) = (used.withLock { $0 }, idle.withLock { $0 })
        let usable = used.isEmpty ? Array(group) : group.filter(used.contains)
        return (usable.filter { !idle.contains($0) }, usable.filter(idle.contains))
    }

    /// Whether what a primary node says unasked counts: it follows our chain, or no primary does and it is all we have.
    package func isBelieved(_ node: Int) -> Bool {
        let (following, idle) = usable(0..<primaryCount)
        return (following.isEmpty ? idle : following).contains(node)
    }

    /// Whether a node is asked in JSON where there is a choice.
    func prefersJSON(_ node: Int) -> Bool {
        configuration.isJSONOnly || sszRefusers.withLock { $0.contains(node) }
    }

    func notePrefersJSON(_ node: Int) {
        _ = sszRefusers.withLock { $0.insert(node) }
    }

    func forgetPreference(_ node: Int) {
        _ = sszRefusers.withLock { $0.remove(node) }
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

    func error(
        _ cause: BeaconError.Cause, _ endpoint: String, _ node: Int?, isSubmission: Bool = false
    ) -> BeaconError {
        BeaconError(
            endpoint: endpoint, node: node.map { nodes[$0].description } ?? "", cause: secrets.masked(cause),
            isSubmission: isSubmission)
    }
}

extension HTTPHeaders {
    /// All fields as they are.
    var headerFields: HeaderFields { HeaderFields(map { HeaderFields.Field($0.name, $0.value) }) }
}
