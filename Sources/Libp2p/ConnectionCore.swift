import NIOCore

/// One connection on its event loop: drives `Upgrade`, then noise and `Yamux`, and moves bytes between them, the
/// pipe and the streams. Holds no rule of its own except when to flush and when to give up.
///
/// Everything that one batch of input or one wake-up causes leaves in one write. The negotiation of streams is in
/// `ConnectionCore+Streams.swift`.
final class ConnectionCore {
    package struct Traffic: Sendable {
        package var bytesReceived: UInt64 = 0
        package var bytesSent: UInt64 = 0
        package var streams = 0
        /// By protocol. A peer makes no names: each is of what we serve or have asked for.
        var protocols: [String: StreamTraffic] = [:]

        mutating func note(received: Int = 0, sent: Int = 0, of protocolID: String?) {
            guard let protocolID, received + sent > 0 else { return }
            protocols[protocolID, default: StreamTraffic()].bytesReceived += UInt64(received)
            protocols[protocolID, default: StreamTraffic()].bytesSent += UInt64(sent)
        }
    }

    /// More plaintext than this is sealed and written before the next stream is served.
    static let outputBytesMax = 1 << 18
    /// What one stream may send before the next has its turn.
    static let turnBytesMax = 1 << 17

    /// How long what one connection received may hold the loop.
    static let turn = TimeAmount.milliseconds(1)

    /// First bytes up to this are copied behind the negotiation, into one frame.
    static let joinBytesMax = 1 << 14

    let id: Int
    let host: Host
    let loop: any EventLoop
    let direction: Connection.Direction
    /// Whom we dial, and in which attempt.
    let attempt: DialAttempt?
    /// Who must be at the other end; nil takes anyone, for the gate to decide.
    let expectedPeer: PeerID?
    let timing: HostConfiguration.Timing
    private let pipe: Pipe

    private var upgrade: Upgrade?
    private var transport: NoiseTransport?
    var yamux: Yamux
    private(set) var connection: Connection?
    private var isClosed = false
    private var isRenewed = false
    /// Between two turns.
    private var isResting = false
    private var allowance = LoopAllowance(now: .now())

    private var ciphertext = ByteBuffer()
    private var plaintext = ByteBuffer()
    private let startedAt = NIODeadline.now()
    private var handshakeTimer: Scheduled<Void>?
    private var sweepTimer: RepeatedTask?
    private var lastReceived = NIODeadline.now()
    private var pings: UInt32 = 0
    var traffic = Traffic()

    var streams: [UInt32: StreamCore] = [:]
    /// Streams with something to send, in turn.
    var ready = CircularBuffer<StreamCore>()
    /// Streams whose yes must leave when the timer fires.
    var held: [StreamCore] = []
    var holdTimer: Scheduled<Void>?
    /// Ours, waiting for the peer to acknowledge others.
    var waitingToOpen = CircularBuffer<StreamCore>()

    init(
        id: Int, host: Host, loop: any EventLoop, direction: Connection.Direction, attempt: DialAttempt?,
        expectedPeer: PeerID? = nil, configuration: HostConfiguration, pipe: Pipe
    ) {
        self.id = id
        self.host = host
        self.loop = loop
        self.direction = direction
        self.attempt = attempt
        self.expectedPeer = attempt?.peer ?? expectedPeer
        self.pipe = pipe
        timing = configuration.timing
        let role: Yamux.Role = direction == .outbound ? .dialer : .listener
        upgrade = Upgrade(role: role, identity: configuration.identity, expectedPeer: self.expectedPeer)
        yamux = Yamux(role: role, limits: configuration.limits.yamux)
    }

    // MARK: Life

    func start() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        handshakeTimer = loop.scheduleTask(in: timing.handshakeTimeout) { bound.value.close(.handshakeTimedOut) }
        host.assumeIsolated { $0.connectionStarted(bound) }
        var output = ByteBuffer()
        upgrade?.start(into: &output)
        if output.readableBytes > 0 { write(output) }
    }

    private func established(_ upgraded: consuming UpgradedConnection) {
        handshakeTimer?.cancel()
        handshakeTimer = nil
        let peer = upgraded.peer
        let connection = Connection(
            id: id, peer: peer, direction: direction, circuit: pipe.circuit, remoteAddress: pipe.remoteAddress,
            handshake: Connection.Handshake(
                took: .nanoseconds((NIODeadline.now() - startedAt).nanoseconds), isMuxerEarly: upgraded.isMuxerEarly),
            core: self, loop: loop, negotiationTimeout: timing.negotiationTimeout,
            inHand: host.assumeIsolated { $0.bytesInHand(of: peer) },
            messageBytesMax: host.configuration.limits.messageBytesPerPeerMax)
        plaintext = upgraded.plaintext
        transport = consume upgraded.transport
        self.connection = connection
        let bound = NIOLoopBound(self, eventLoop: loop)
        sweepTimer = loop.scheduleRepeatedTask(initialDelay: timing.sweepInterval, delay: timing.sweepInterval) { _ in
            bound.value.sweep(now: .now())
        }
        // The gate decides before the first frame is looked at.
        let refusal = host.assumeIsolated { [attempt] in $0.connectionEstablished(connection, attempt: attempt) }
        if let refusal { close(refusal) }
    }

    /// Ends the connection and all its streams. Later calls do nothing.
    func close(_ reason: DisconnectReason) {
        guard !isClosed else { return }
        if transport != nil {
            switch reason {
            case .muxer: yamux.goAway(code: 1)
            case .closedByPeer, .circuitEnded, .wentAway, .socket, .noise: break
            default: yamux.goAway(code: 0)
            }
            flush()
        }
        isClosed = true
        upgrade = nil
        transport = nil
        handshakeTimer?.cancel()
        sweepTimer?.cancel()
        holdTimer?.cancel()
        held = []
        let orphans = Array(streams.values) + Array(waitingToOpen) + (connection?.markClosed(reason) ?? [])
        streams = [:]
        waitingToOpen.removeAll()
        ready.removeAll()
        for stream in orphans {
            stream.fail(.connectionLost(reason))
            stream.entry.value.intake = nil
            stream.entry.value.diversion?.ended()
        }
        pipe.close()
        host.assumeIsolated { [id, connection, attempt] in
            $0.connectionClosed(id, connection, attempt: attempt, reason)
        }
        connection = nil  // it refers back to us
        // Last, so that whoever sends again finds another connection or none.
        for stream in orphans { stream.entry.value.settle(.failure(.connectionLost(reason))) }
    }

    // MARK: Bytes

    func receive(_ bytes: ByteBuffer) {
        guard !isClosed else { return }
        lastReceived = .now()
        traffic.bytesReceived += UInt64(bytes.readableBytes)
        ciphertext.gather(bytes)
        if !isResting { work() }
    }

    /// Works on what has arrived, for one turn. A turn has its end because everybody else on this loop waits for it:
    /// a peer can send thousands of small messages in one packet train, and each may cost more than its transport.
    private func work() {
        let before = LoopAllowance.threadTime()
        let end = NIODeadline.now() + Self.turn
        var isOver = true
        if upgrade != nil { continueUpgrade() }
        if transport != nil { isOver = receiveFrames(until: end) }
        if ciphertext.readableBytes == 0 { ciphertext = ByteBuffer() }
        allowance.spend(LoopAllowance.threadTime() - before, now: .now())
        if !isClosed, !isOver || allowance.isSpent { rest() }
    }

    /// The turn is over: the others have theirs, and meanwhile nothing is read.
    private func rest() {
        isResting = true
        pipe.setReading(false)
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: allowance.rest) { bound.value.goOn() }
    }

    private func goOn() {
        guard !isClosed else { return }
        isResting = false
        work()
        flush()
        if !isResting, !isClosed { pipe.setReading(true) }
    }

    private func continueUpgrade() {
        var output = ByteBuffer()
        do {
            if let upgraded = try upgrade?.receive(&ciphertext, output: &output) {
                upgrade = nil
                if output.readableBytes > 0 { write(output) }
                return established(upgraded)
            }
            if output.readableBytes > 0 { write(output) }
        } catch {
            // A last answer, such as `na`, may explain to the peer what it did wrong.
            if output.readableBytes > 0 { write(output) }
            close(.upgrade(error))
        }
    }

    /// - Returns: false when the turn ended first.
    private func receiveFrames(until end: NIODeadline) -> Bool {
        do {
            while receivePlaintext(until: end) {
                guard try transport?.open(&ciphertext, into: &plaintext) == true else { return true }
            }
        } catch { close(.noise(error)) }
        return isClosed
    }

    /// - Returns: false when the turn or the connection ended first.
    private func receivePlaintext(until end: NIODeadline) -> Bool {
        guard let connection else { return false }
        // One frame of noise at a time, so that what other connections hold meanwhile is as good as now.
        let unreadMax = host.assumeIsolated { $0.unreadMax(of: connection) }
        var count = 0
        do {
            while let event = try yamux.next(&plaintext, unreadMax: unreadMax) {
                handle(event)
                if isClosed { return false }
                count += 1
                // Data may cause work; of other events it takes many, and looking at the clock costs as much as they do.
                let mayHaveWorked = if case .data = event { true } else { count % 64 == 0 }
                if mayHaveWorked, NIODeadline.now() >= end { return false }
            }
        } catch {
            close(.muxer(error))
            return false
        }
        plaintext.discardReadBytes()
        return true
    }

    /// Seals and writes what the muxer has to say.
    func flush() {
        guard !isClosed, yamux.output.readableBytes > 0, transport != nil else { return }
        var sealed = ByteBuffer()
        do { try transport?.seal(&yamux.output, into: &sealed) } catch { return close(.noise(error)) }
        if yamux.output.capacity > 2 * Self.outputBytesMax { yamux.output = ByteBuffer() } else { yamux.output.clear() }
        write(sealed)
        if pipe.isWritable() { yamux.drained() }
    }

    private func write(_ bytes: ByteBuffer) {
        traffic.bytesSent += UInt64(bytes.readableBytes)
        pipe.write(bytes)
    }

    /// The address without its port.
    var remoteHost: Multiaddr.Component? { pipe.remoteAddress?.components.first }

    var circuit: Circuit.Leg? { pipe.circuit }

    /// Streams whose protocol is known.
    var openStreams: [StreamTraffic.Kind: Int] {
        streams.values.reduce(into: [:]) { kinds, stream in
            let entry = stream.entry.value
            guard let protocolID = entry.protocolID else { return }
            kinds[StreamTraffic.Kind(protocolID: protocolID, direction: entry.direction), default: 0] += 1
        }
    }

    var isWritable: Bool { !isClosed && pipe.isWritable() }

    func writabilityChanged() {
        guard isWritable else { return }
        yamux.drained()
        serveReady()
        flush()
    }

    // MARK: Time

    /// A circuit that nobody uses any more, since there is a direct way. One that carries a stream stays: what runs on
    /// it would break. It is not kept for later because relays count circuits, and end them anyhow.
    private func isReplaced(now: NIODeadline) -> Bool {
        guard let connection, circuit != nil, streams.isEmpty, waitingToOpen.isEmpty else { return false }
        return host.assumeIsolated { $0.isReplaced(connection, now: now) }
    }

    /// Has a new circuit made before the relay ends this one, so that no stream is lost in between. Once; if it fails,
    /// the end is noticed as any other.
    private func renewCircuit(now: NIODeadline) {
        guard let connection, !isRenewed, direction == .outbound, let limit = circuit?.limit,
            limit.isNearlyUsed(age: now - connection.established, bytes: max(traffic.bytesSent, traffic.bytesReceived))
        else { return }
        isRenewed = true
        host.assumeIsolated { $0.renewCircuit(connection) }
    }

    /// Once in a while: overdue negotiations and closes, and whether the peer is still there.
    private func sweep(now: NIODeadline) {
        traffic.streams = streams.count
        for stream in streams.values { sweep(stream, now: now) }
        sweepWaitingToOpen(now: now)
        if isReplaced(now: now) { return close(.replaced) }
        renewCircuit(now: now)
        let silence = now - lastReceived
        if silence > timing.silenceMax { return close(.silent) }
        if silence > timing.keepAlive {
            pings &+= 1
            yamux.ping(pings)
        }
        flush()
    }
}
