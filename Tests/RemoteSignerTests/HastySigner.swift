import NIOCore
import NIOPosix

/// A signer that answers at a request's first bytes, whatever comes after them, and hangs up at once.
final class HastySigner: Sendable {
    private let channel: any Channel

    private init(_ channel: any Channel) { self.channel = channel }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    static func with<R: Sendable>(_ body: (HastySigner) async throws -> R) async throws -> R {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler()) }
            }
        let signer = HastySigner(try await bootstrap.bind(host: "127.0.0.1", port: 0).get())
        do {
            let result = try await body(signer)
            try await signer.channel.close()
            return result
        } catch {
            try? await signer.channel.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private var hasAnswered = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasAnswered else { return }
            hasAnswered = true
            let answer = ByteBuffer(string: "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            context.writeAndFlush(Self.wrapOutboundOut(answer), promise: nil)
            context.close(promise: nil)
        }
    }
}
