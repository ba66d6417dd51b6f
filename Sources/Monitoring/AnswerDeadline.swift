import NIOCore
import NIOHTTPTypes

/// Closes a connection whose next answer is not on its way in time, counted from the connection or from the answer
/// before: whoever is silent, sends slowly, sends without end or does not read makes room for others.
final class AnswerDeadline: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let timeout: TimeAmount
    private var timer: Scheduled<Void>?

    init(_ timeout: TimeAmount) { self.timeout = timeout }

    func handlerAdded(context: ChannelHandlerContext) { start(context.channel) }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        let written = promise ?? context.eventLoop.makePromise()
        let channel = context.channel
        written.futureResult.assumeIsolated().whenSuccess { self.start(channel) }
        context.write(data, promise: written)
    }

    private func start(_ channel: any Channel) {
        timer?.cancel()
        timer = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
    }
}
