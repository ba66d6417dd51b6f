import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A libp2p node over TCP: listens, keeps one connection or more to every configured peer, opens and serves streams.
///
/// An actor that lives on one event loop together with its connections, so they call each other without a hop.
/// Opening a stream on a live connection and using it needs no hop either. Register handlers, then `run`.
package actor Host {
    package typealias Handler = @Sendable (Stream, PeerID) async throws -> Void

    package nonisolated let peer: PeerID
    package nonisolated let configuration: HostConfiguration
    /// Connections, identifies and pings as they happen; for one consumer.
    package nonisolated let events: AsyncStream<HostEvent>
    /// The one thread of this host, its connections and whoever wants to call them without a hop.
    package nonisolated let loop: any EventLoop
    nonisolated let logger: Logger
    nonisolated let shared = Mutex(Shared())
    private nonisolated let executor: any SerialExecutor
    private nonisolated let eventSink: AsyncStream<HostEvent>.Continuation
    private nonisolated let inbox: AsyncStream<Job>
    private nonisolated let inboxSink: AsyncStream<Job>.Continuation
    /// Called with what a peer tells about its addresses, so that they can outlive this process.
    nonisolated let onAddresses: @Sendable (PeerID, [Multiaddr]) -> Void

    var records: [PeerID: PeerRecord] = [:]
    var guests = GuestBook()
    /// Those of `setRelays`.
    var relays: [PeerID: Relay] = [:]
    /// Connections that have not finished their handshake; the room holds those that others have made.
    var pending: [Int: NIOLoopBound<ConnectionCore>] = [:]
    var waitingRoom = WaitingRoom()
    private var listeners: [any Channel]?
    private(set) var boundAddresses: [Multiaddr] = []
    var announced: [Multiaddr]
    var isRunning = false
    private(set) var isStopped = false
    /// Messages for peers that are not connected.
    var waitingMessages: [PeerID: [WaitingMessage]] = [:]
    private var lastNumber = 0

    /// What tasks off the loop read.
    struct Shared {
        var handlers: [String: Registration] = [:]
        var routes: [PeerID: Route] = [:]
        var handlings = Handlings()
        var faults: [FaultKey: UInt64] = [:]
        var whenGone: [@Sendable (PeerID) -> Void] = []
        /// Current ones.
        var relays: Set<PeerID> = []
    }

    /// What takes a conversation, in a task of `run`.
    enum Job: Sendable {
        /// identify, then ping.
        case attend(Connection)
        case circuit(DialAttempt)
        case reserve(PeerID)
        case punch(Connection)
    }

    struct Registration: Sendable {
        let timeout: Duration?
        let concurrentPerPeer: Int
        let use: Use

        enum Use: Sendable {
            /// In a task of its own.
            case stream(Handler)
            /// On the loop.
            case message(limit: Int, @Sendable (InboundMessage) -> Void)
        }
    }

    /// Where a new stream to a peer goes, and what it is known to serve.
    struct Route: Sendable {
        let connection: Connection
        let protocols: Set<String>
    }

    struct FaultKey: Hashable {
        let peer: PeerID?
        let fault: PeerFault
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter loop: the one thread of this host; one of the process's shared loops by default.
    package init(
        _ configuration: HostConfiguration, logger: Logger,
        on loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(),
        onAddresses: @escaping @Sendable (PeerID, [Multiaddr]) -> Void = { _, _ in }
    ) {
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        self.onAddresses = onAddresses
        executor = loop.executor
        peer = PeerID(configuration.identity.publicKey)
        announced = configuration.announced
        (events, eventSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(configuration.limits.eventsMax))
        (inbox, inboxSink) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(configuration.limits.inboxMax))
        for (peer, addresses) in configuration.peers where peer != self.peer {
            records[peer] = PeerRecord(
                addresses: addresses, remembered: configuration.remembered[peer] ?? [], isConfigured: true,
                timing: configuration.timing)
        }
    }

    // MARK: Serving

    /// Serves a protocol. The stream is closed when the handler returns or throws, and reset when it takes too long.
    ///
    /// - Parameters:
    ///   - timeout: for the whole handler; nil for streams that live long.
    ///   - concurrentPerPeer: more streams of one peer are reset.
    package nonisolated func handle(
        _ protocolID: String, timeout: Duration? = .seconds(5), concurrentPerPeer: Int = 128,
        _ handler: @escaping Handler
    ) {
        let registration = Registration(timeout: timeout, concurrentPerPeer: concurrentPerPeer, use: .stream(handler))
        shared.withLock { $0.handlers[protocolID] = registration }
    }

    /// Has `action` called, on the loop, when the last connection of a peer is gone. No event is ever dropped here.
    package nonisolated func whenGone(_ action: @escaping @Sendable (PeerID) -> Void) {
        shared.withLock { $0.whenGone.append(action) }
    }

    /// Listens, dials and serves until cancelled; then closes everything and returns.
    package func run() async throws {
        precondition(!isRunning, "one run per host")
        registerOwnProtocols()
        _ = try await bind()
        isRunning = true
        for peer in records.keys { considerDialing(peer) }
        let sweeper = loop.scheduleRepeatedTask(
            initialDelay: configuration.timing.sweepInterval, delay: configuration.timing.sweepInterval
        ) { _ in
            self.cancelOverdueHandlings(now: .now())
            self.assumeIsolated { $0.expireWaitingMessages(now: .now()) }
        }
        await withDiscardingTaskGroup { group in
            for await job in inbox { group.addTask { await self.perform(job) } }
            group.cancelAll()
            shutDown()
        }
        sweeper.cancel()
        await finishHandlings()
        for listener in listeners ?? [] { try? await listener.closeFuture.get() }
        eventSink.finish()
    }

    private func shutDown() {
        isRunning = false
        isStopped = true
        inboxSink.finish()
        for listener in listeners ?? [] { listener.close(promise: nil) }
        for core in pending.values { core.value.close(.closedHere) }
        for relay in relays.values { relay.timer?.cancel() }
        for (peer, record) in records {
            record.retry?.cancel()
            resumeDirectWaiters(of: peer, false)
            for connection in record.connections { connection.closeOnLoop(.closedHere) }
            failWaiters(of: peer, .notConnected(peer))
            failWaitingMessages(for: peer, .notConnected(peer))
        }
    }

    package nonisolated func isConnected(_ peer: PeerID) -> Bool { shared.withLock { $0.routes[peer] != nil } }

    nonisolated func serves(_ protocolID: String) -> Bool {
        shared.withLock { $0.handlers[protocolID] != nil }
    }

    /// Counts a fault. Only configured peers and current relays are counted by name, so the table is bounded.
    nonisolated func note(_ fault: PeerFault, of peer: PeerID?) {
        shared.withLock { shared in
            let named = peer.flatMap { configuration.peers[$0] != nil || shared.relays.contains($0) ? $0 : nil }
            shared.faults[FaultKey(peer: named, fault: fault), default: 0] += 1
        }
    }

    private nonisolated func perform(_ job: Job) async {
        switch job {
        case .attend(let connection): await attend(connection)
        case .circuit(let attempt): await dialCircuit(attempt)
        case .reserve(let relay): await reserve(at: relay)
        case .punch(let connection): await punch(connection)
        }
    }

    /// - Returns: false when there is too much to do.
    func enqueue(_ job: Job) -> Bool {
        if case .dropped = inboxSink.yield(job) { return false }
        return true
    }

    /// A full inbox leaves the connection without identify and ping.
    func attendSoon(_ connection: Connection) {
        if !enqueue(.attend(connection)) { note(.inboxFull, of: connection.peer) }
    }

    func emit(_ event: HostEvent) { eventSink.yield(event) }

    func nextNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    // MARK: Listening

    /// Binds the configured addresses; `run` does it too.
    ///
    /// - Returns: the addresses with their real ports.
    /// - Throws: `ListenError` for an address that cannot be had.
    package func bind() async throws -> [Multiaddr] {
        if listeners != nil { return boundAddresses }
        listeners = []
        for address in configuration.listen {
            guard let endpoint = address.endpoint, !endpoint.isHostName else {
                throw DisconnectReason.socket("listen on \(address): not an IP and TCP address")
            }
            let channel: any Channel
            do {
                channel = try await listen(on: SocketAddress(ipAddress: endpoint.host, port: endpoint.port))
            } catch {
                let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
                throw ListenError(address: "\(host):\(endpoint.port)", cause: error)
            }
            // Only now, so that another process on this port is still found out.
            if configuration.reusesPort {
                _ = try? await channel.setOption(Self.reusePort, value: 1).get()
            }
            listeners?.append(channel)
            if let bound = channel.localAddress.flatMap({ Multiaddr($0) }) { boundAddresses.append(bound) }
        }
        return boundAddresses
    }

    private func listen(on address: SocketAddress) async throws -> any Channel {
        try await ServerBootstrap(group: loop, childGroup: loop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(self.pipe(.inbound, nil))
                }
            }
            .bind(to: address).get()
    }

    static let reusePort = ChannelOptions.socket(SocketOptionLevel(SOL_SOCKET), SocketOptionName(SO_REUSEPORT))

    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 1 << 18, high: 1 << 20)

    nonisolated func pipe(_ direction: Connection.Direction, _ attempt: DialAttempt?) -> ChannelPipe {
        ChannelPipe { pipe in
            ConnectionCore(
                id: self.assumeIsolated { $0.nextNumber() }, host: self, loop: self.loop, direction: direction,
                attempt: attempt, configuration: self.configuration, pipe: pipe)
        }
    }
}
