import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A collector on loopback that behaves as the test says.
final class StandInCollector: Sendable {
    enum Manner: Sendable {
        /// Status 0 with this message.
        case takes([UInt8] = [])
        case status(Int, String)
        /// Another server's page.
        case page(Int)
        /// Takes requests and never answers.
        case hangs
        /// Sends an answer without end.
        case floods
        /// Answers a connection's first request, hangs up on its second.
        case hangsUpOnSecond
        /// Does not speak HTTP/2: sends these bytes when somebody connects, and nothing more.
        case says([UInt8])
        /// Hangs up when somebody connects.
        case hangsUp
    }

    struct Request: Sendable {
        let headers: HPACKHeaders
        let body: [UInt8]
    }

    private let requests: AsyncStream<Request>
    private let sink: AsyncStream<Request>.Continuation
    private let accepted = Mutex(0)
    private let manner: Manner

    /// So far.
    var connections: Int { accepted.withLock { $0 } }

    private init(_ manner: Manner) {
        self.manner = manner
        (requests, sink) = AsyncStream.makeStream()
    }

    static func with<T>(
        _ manner: Manner, tls: NIOSSLContext? = nil, _ body: (_ port: Int, StandInCollector) async throws -> T
    ) async throws -> T {
        let collector = StandInCollector(manner)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try collector.serve(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<T, any Error>
        do { result = .success(try await body(channel.localAddress?.port ?? 0, collector)) } catch {
            result = .failure(error)
        }
        try await channel.close()
        return try result.get()
    }

    /// The next request.
    func next() async -> Request? {
        for await request in requests { return request }
        return nil
    }

    private func serve(_ channel: any Channel) throws {
        accepted.withLock { $0 += 1 }
        switch manner {
        case .says(let bytes): try channel.pipeline.syncOperations.addHandler(Greeting(bytes))
        case .hangsUp: channel.close(promise: nil)
        case .takes, .status, .page, .hangs, .floods, .hangsUpOnSecond:
            let requests = Mutex(0)
            _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
            ) { [self] stream in
                let number = requests.withLock { count in
                    count += 1
                    return count
                }
                return stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandler(Answer(self, number, of: channel))
                }
            }
        }
    }

    private final class Greeting: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        func channelActive(context: ChannelHandlerContext) {
            if !bytes.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil) }
        }
    }

    private final class Answer: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload
        typealias OutboundOut = HTTP2Frame.FramePayload
        private let collector: StandInCollector
        private let number: Int
        private let connection: any Channel
        private var headers = HPACKHeaders()
        private var body: [UInt8] = []

        init(_ collector: StandInCollector, _ number: Int, of connection: any Channel) {
            self.collector = collector
            self.number = number
            self.connection = connection
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .headers(let headers): self.headers = headers.headers
            case .data(let data):
                if case .byteBuffer(let buffer) = data.data { body += buffer.readableBytesView }
                if data.endStream { answer(context) }
            default: break
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            collector.sink.yield(Request(headers: headers, body: body))
            switch collector.manner {
            case .takes(let message): take(context, message)
            case .hangsUpOnSecond: if number == 1 { take(context, []) } else { connection.close(promise: nil) }
            case .status(let code, let text):
                write(context, ["grpc-status": "\(code)", "grpc-message": text], isHead: true, end: true)
            case .page(let status):
                context.write(
                    wrapOutboundOut(.headers(.init(headers: [":status": "\(status)", "content-type": "text/html"]))),
                    promise: nil)
                data(context, Array("<html>".utf8), end: true)
            case .floods:
                write(context, [:], isHead: true, end: false)
                data(context, [UInt8](repeating: 0, count: 1 << 20), end: false)
            case .hangs, .says, .hangsUp: break
            }
        }

        private func take(_ context: ChannelHandlerContext, _ message: [UInt8]) {
            write(context, [:], isHead: true, end: false)
            data(context, [0, 0, 0, 0, UInt8(message.count)] + message, end: false)
            write(context, ["grpc-status": "0"], isHead: false, end: true)
        }

        private func write(_ context: ChannelHandlerContext, _ more: HPACKHeaders, isHead: Bool, end: Bool) {
            var headers: HPACKHeaders = isHead ? [":status": "200", "content-type": "application/grpc"] : [:]
            headers.add(contentsOf: more)
            context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: headers, endStream: end))), promise: nil)
        }

        private func data(_ context: ChannelHandlerContext, _ bytes: [UInt8], end: Bool) {
            context.writeAndFlush(
                wrapOutboundOut(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: end))), promise: nil
            )
        }
    }
}
