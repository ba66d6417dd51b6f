import NIOCore
import NIOHPACK
import NIOHTTP2

/// One gRPC call on a stream of its own: hands what comes to a `UnaryResponse`, and its answer on, once.
final class UnaryCall: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let headers: HPACKHeaders
    private let message: ByteBuffer
    private var response = UnaryResponse()
    /// Nil once called.
    private var done: ((UnaryAnswer) -> Void)?

    /// - Parameter message: with its prefix.
    init(_ headers: HPACKHeaders, _ message: ByteBuffer, done: @escaping (UnaryAnswer) -> Void) {
        self.headers = headers
        self.message = message
        self.done = done
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.data(.init(data: .byteBuffer(message), endStream: true))), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answer: UnaryAnswer? =
            switch unwrapInboundIn(data) {
            case .headers(let headers): response.headers(headers.headers, endsStream: headers.endStream)
            case .data(let data):
                if case .byteBuffer(let buffer) = data.data {
                    response.data(buffer, endsStream: data.endStream)
                } else {
                    .broken("data that are no bytes")
                }
            case .rstStream(let code): .broken("the stream was reset: \(code)")
            case .priority, .settings, .pushPromise, .ping, .goAway, .windowUpdate, .alternativeService, .origin: nil
            }
        guard let answer else { return }
        end(answer)
        // What still comes is nobody's.
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.broken("the stream ended without an answer"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.broken(UnaryAnswer.cut("\(error)")))
        context.close(promise: nil)
    }

    private func end(_ answer: UnaryAnswer) {
        done?(answer)
        done = nil
    }
}
