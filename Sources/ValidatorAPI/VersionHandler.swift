import NIOCore
import NIOHTTP1

/// Answers in the HTTP version of each request, and closes after an answer if either side wants that, or if a client of
/// HTTP/1.0 could not see otherwise where the answer ends.
final class VersionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Wish {
        let version: HTTPVersion
        let keepsAlive: Bool
    }

    /// Of requests that are not answered completely, in order. As few as the connection lets a client send ahead.
    private var wishes: [Wish] = []
    private var closesAfterAnswer = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            wishes.append(Wish(version: head.version, keepsAlive: head.isKeepAlive))
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.code < 200: context.write(data, promise: promise)
        case .head(var head):
            if let wish = wishes.first { fit(&head, to: wish) }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            if !wishes.isEmpty { wishes.removeFirst() }
            guard closesAfterAnswer else {
                context.write(data, promise: promise)
                return
            }
            // Not before: closing drops what the client has not taken yet.
            let channel = context.channel
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.writeAndFlush(data, promise: written)
        }
    }

    private func fit(_ head: inout HTTPResponseHead, to wish: Wish) {
        let isOld = wish.version == .http1_0
        closesAfterAnswer =
            !wish.keepsAlive || head.headers["connection"].contains { $0.lowercased() == "close" }
            || isOld && !head.headers.contains(name: "content-length")
        if isOld { head.version = .http1_0 }
        if closesAfterAnswer {
            head.headers.replaceOrAdd(name: "connection", value: "close")
        } else if isOld {
            head.headers.replaceOrAdd(name: "connection", value: "keep-alive")
        }
    }
}
