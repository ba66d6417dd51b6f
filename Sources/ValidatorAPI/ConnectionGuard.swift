import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Watches over one connection, on its event loop: bounds the silence before the first request, the header's time, the
/// body's size and the time for which a client takes nothing of its answer, answers `Expect: 100-continue`, and ends the
/// connection's scope when the client leaves.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connections: Connections
    private let silenceTimeout: TimeAmount
    private let headerTimeout: TimeAmount
    private let writeTimeout: TimeAmount
    private let bodyBytesMax: Int
    private let scope = ConnectionScope()
    private var channelID: ObjectIdentifier?

    /// Between requests, or within a request's header.
    fileprivate var isAwaitingHead = true
    private var silenceTimer: Scheduled<Void>?
    private var headerTimer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?
    /// Parts of answers that wait for the client to read.
    private var unwritten = 0
    private var bodyBytes = 0
    /// Requests that are not answered completely yet.
    private var unanswered = 0

    init(
        connections: Connections, silenceTimeout: Duration, headerTimeout: Duration, writeTimeout: Duration,
        bodyBytesMax: Int
    ) {
        self.connections = connections
        self.silenceTimeout = TimeAmount(silenceTimeout)
        self.headerTimeout = TimeAmount(headerTimeout)
        self.writeTimeout = TimeAmount(writeTimeout)
        self.bodyBytesMax = bodyBytesMax
    }

    func handlerAdded(context: ChannelHandlerContext) {
        channelID = ObjectIdentifier(context.channel)
        connections.add(scope, for: context.channel)
        let channel = context.channel
        silenceTimer = context.eventLoop.scheduleTask(in: silenceTimeout) { channel.close(promise: nil) }
        do {
            let pipeline = context.pipeline.syncOperations
            // After TLS, if there is any.
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(FirstByteHandler(connection: self), position: .before(decoder))
            try pipeline.addHandler(VersionHandler(), position: .after(decoder))
        } catch {
            // Better no connection than one without bounds.
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { scope.end(.clientGone) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            headerTimer?.cancel()
            headerTimer = nil
            isAwaitingHead = false
            bodyBytes = 0
            if unanswered == 0, head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
            unanswered += 1
        case .body(let chunk):
            bodyBytes += chunk.readableBytes
            guard bodyBytes <= bodyBytesMax else {
                context.close(promise: nil)
                return
            }
        case .end: isAwaitingHead = true
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let isEnd: Bool
        switch unwrapOutboundIn(data) {
        case .head:
            context.write(data, promise: promise)
            return
        case .body: isEnd = false
        case .end:
            isEnd = true
            unanswered -= 1
        }
        let channel = context.channel
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.wrote(channel, isEnd: isEnd) }
        unwritten += 1
        if writeTimer == nil { startWriteTimer(channel) }
        context.write(data, promise: written)
    }

    /// A part of an answer is in the system's hands, or the connection closed.
    private func wrote(_ channel: any Channel, isEnd: Bool) {
        unwritten -= 1
        writeTimer?.cancel()
        writeTimer = nil
        if unwritten > 0 { startWriteTimer(channel) }
        if isEnd { scope.release() }
    }

    private func startWriteTimer(_ channel: any Channel) {
        writeTimer = channel.eventLoop.scheduleTask(in: writeTimeout) { channel.close(promise: nil) }
    }

    /// The first bytes of a request: its header must follow soon.
    fileprivate func startHeaderTimer(_ context: ChannelHandlerContext) {
        silenceTimer?.cancel()
        silenceTimer = nil
        guard isAwaitingHead, headerTimer == nil else { return }
        let channel = context.channel
        headerTimer = context.eventLoop.scheduleTask(in: headerTimeout) { channel.close(promise: nil) }
    }

    private func end() {
        silenceTimer?.cancel()
        silenceTimer = nil
        headerTimer?.cancel()
        headerTimer = nil
        writeTimer?.cancel()
        writeTimer = nil
        if let channelID { connections.remove(channelID) }
        scope.close()
    }
}

/// Sits before the HTTP decoder, where the first byte of a header is seen.
private final class FirstByteHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionGuard

    init(connection: ConnectionGuard) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.startHeaderTimer(context)
        context.fireChannelRead(data)
    }
}
