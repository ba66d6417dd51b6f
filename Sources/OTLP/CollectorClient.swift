import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import Program

/// Calls a collector: gRPC with one message each way, over one HTTP/2 connection that is opened when it is needed. On
/// an event loop.
///
/// A call takes at most `timeout`, whatever the other side does, connecting included; then the connection goes.
actor CollectorClient {
    private static let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

    private struct Call {
        let number: Int
        let request: [UInt8]
        /// Whether its connection may have ended without our knowing, e.g. because it was idle for too long.
        var isReusing: Bool
        let answered: CheckedContinuation<UnaryAnswer, Never>
        var timer: Scheduled<Void>
    }

    private nonisolated let loop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    private let address: CollectorAddress
    private let tls: NIOSSLContext?
    private var timeout: Duration
    private var connection: (any Channel)?
    /// What went wrong with the connection last.
    private var fault: String?
    private var call: Call?
    private var calls = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter tls: nil without.
    /// - Throws: if it cannot be used, e.g. because this system has no certificates.
    init(_ address: CollectorAddress, tls: TLSConfiguration?, timeout: Duration, loop: any EventLoop) throws {
        self.address = address
        self.timeout = timeout
        self.loop = loop
        executor = loop.executor
        self.tls = try tls.map { try NIOSSLContext(configuration: $0) }
    }

    /// The system's roots; the certificate must be valid for the collector's host.
    static var systemTLS: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        configuration.applicationProtocols = ["h2"]
        return configuration
    }

    /// - Precondition: one at a time.
    func export(_ request: [UInt8]) async -> UnaryAnswer {
        await withCheckedContinuation { continuation in
            precondition(call == nil, "one call at a time")
            calls += 1
            fault = nil
            let old = connection?.isActive == true ? connection : nil
            let new = Call(
                number: calls, request: request, isReusing: old != nil, answered: continuation, timer: timer(calls))
            call = new
            if let old { open(new, on: old) } else { connect(new) }
        }
    }

    /// From now on calls have less time, the one under way included.
    func hurry(_ timeout: Duration) {
        self.timeout = timeout
        guard let call else { return }
        call.timer.cancel()
        let timer = timer(call.number)
        self.call?.timer = timer
    }

    /// As `hurry`, from any thread.
    nonisolated func hurrySoon(_ timeout: Duration) {
        loop.execute { self.assumeIsolated { $0.hurry(timeout) } }
    }

    func close() {
        dropConnection()
        giveUp("stopped")
    }

    // MARK: Steps of a call

    private func timer(_ number: Int) -> Scheduled<Void> {
        let limit = timeout
        return loop.scheduleTask(in: TimeAmount(limit)) {
            self.assumeIsolated { $0.expired(number, limit) }
        }
    }

    private func expired(_ number: Int, _ limit: Duration) {
        if call?.number == number { giveUp("no answer within \(limit)") }
    }

    private func connect(_ call: Call) {
        let (number, tls, host) = (call.number, tls, address.serverName)
        let failed: @Sendable (any Error) -> Void = { error in
            self.assumeIsolated { $0.fault = UnaryAnswer.cut("\(SocketFault(error))") }
        }
        ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: host)) }
                    try pipeline.addHandler(Self.http2(channel))
                    try pipeline.addHandler(ConnectionFault(failed))
                }
            }
            .connect(host: address.host, port: address.port)
            .whenComplete { result in self.assumeIsolated { $0.connected(number, result) } }
    }

    private static func http2(_ channel: any Channel) -> NIOHTTP2Handler {
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.connection.initialSettings = nioDefaultSettings + [.init(parameter: .enablePush, value: 0)]
        return NIOHTTP2Handler(
            mode: .client, eventLoop: channel.eventLoop, connectionConfiguration: configuration.connection,
            streamConfiguration: configuration.stream
        ) { $0.close() }
    }

    private func connected(_ number: Int, _ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error): finish(number, .broken(UnaryAnswer.cut("\(SocketFault(error))")))
        case .success(let channel):
            // Too late.
            guard let call, call.number == number else { return channel.close(promise: nil) }
            connection = channel
            open(call, on: channel)
        }
    }

    private func open(_ call: Call, on channel: any Channel) {
        let (number, request) = (call.number, call.request)
        var message = channel.allocator.buffer(capacity: request.count + 5)
        // Not compressed.
        message.writeInteger(UInt8(0))
        message.writeInteger(UInt32(request.count))
        message.writeBytes(request)
        let headers = headers
        let framed = message
        let opened = channel.eventLoop.makePromise(of: (any Channel).self)
        do {
            try channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self).syncMultiplexer()
                .createStreamChannel(promise: opened) { stream in
                    stream.eventLoop.makeCompletedFuture {
                        try stream.pipeline.syncOperations.addHandler(
                            UnaryCall(headers, framed) { answer in self.assumeIsolated { $0.finish(number, answer) } })
                    }
                }
        } catch {
            opened.fail(error)
        }
        opened.futureResult.whenFailure { error in
            self.assumeIsolated { $0.finish(number, .broken(UnaryAnswer.cut("\(SocketFault(error))"))) }
        }
    }

    private var headers: HPACKHeaders {
        var headers: HPACKHeaders = [
            ":method": "POST", ":scheme": tls == nil ? "http" : "https", ":authority": "\(address)",
            ":path": Self.path, "te": "trailers", "content-type": "application/grpc",
            "user-agent": address.userAgent,
        ]
        headers.add(name: "grpc-timeout", value: "\(max(1, Int(timeout / .milliseconds(1))))m")
        for header in address.headers { headers.add(name: header.name, value: header.value) }
        return headers
    }

    /// An answer in due form leaves the connection to the next call; anything else ends it.
    private func finish(_ number: Int, _ answer: UnaryAnswer) {
        guard var call, call.number == number else { return }
        // Closing the connection may call back at once.
        self.call = nil
        switch answer {
        case .message, .status: break
        case .http: dropConnection()
        case .broken:
            dropConnection()
            guard !call.isReusing else {
                call.isReusing = false
                self.call = call
                return connect(call)
            }
        }
        resume(call, answer)
    }

    private func giveUp(_ why: String) {
        let given = call
        call = nil
        dropConnection()
        if let given { resume(given, .broken(why)) }
    }

    private func resume(_ call: Call, _ answer: UnaryAnswer) {
        call.timer.cancel()
        guard case .broken(let why) = answer, let fault, fault != why else {
            return call.answered.resume(returning: answer)
        }
        call.answered.resume(returning: .broken("\(why): \(fault)"))
    }

    private func dropConnection() {
        connection?.close(promise: nil)
        connection = nil
    }
}

/// What goes wrong with a connection as a whole ends it.
private final class ConnectionFault: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let failed: @Sendable (any Error) -> Void

    init(_ failed: @escaping @Sendable (any Error) -> Void) { self.failed = failed }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failed(error)
        context.close(promise: nil)
    }
}

extension CollectorAddress {
    /// For SNI and the check of the certificate; nil for an IP address, which is checked as such.
    fileprivate var serverName: String? { (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil }
}
