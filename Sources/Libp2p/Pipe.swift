import NIOCore
import Program

/// The bytes under a connection: a TCP channel, or a stream through a relay. On the connection's event loop only.
struct Pipe {
    /// Sends at once.
    let write: (ByteBuffer) -> Void
    let close: () -> Void
    /// False while more is queued than the socket takes.
    let isWritable: () -> Bool
    /// Stops what comes in at its source, or lets it come again. What is on its way still comes.
    let setReading: (Bool) -> Void
    /// The other end; nil when it has no address.
    let remoteAddress: Multiaddr?
    /// Set when the bytes pass through a relay.
    var circuit: Circuit.Leg?
}

/// Feeds a TCP channel to its connection.
final class ChannelPipe: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let make: (Pipe) -> ConnectionCore
    private var core: ConnectionCore?
    private var isReading = true
    /// The channel wants to read, and may not yet.
    private var isReadPending = false

    /// - Parameter make: called when the channel is connected.
    init(_ make: @escaping (Pipe) -> ConnectionCore) { self.make = make }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) { start(context) }

    private func start(_ context: ChannelHandlerContext) {
        guard core == nil else { return }
        let channel = context.channel
        let core = make(
            Pipe(
                write: { channel.writeAndFlush($0, promise: nil) },
                close: { channel.close(promise: nil) },
                isWritable: { channel.isWritable },
                setReading: { self.setReading($0, channel) },
                remoteAddress: channel.remoteAddress.flatMap { Multiaddr($0) }))
        self.core = core
        core.start()
    }

    private func setReading(_ isReading: Bool, _ channel: any Channel) {
        self.isReading = isReading
        guard isReading, isReadPending else { return }
        isReadPending = false
        channel.read()
    }

    func read(context: ChannelHandlerContext) {
        if isReading { context.read() } else { isReadPending = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        core?.receive(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) { core?.flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { core?.writabilityChanged() }

    func channelInactive(context: ChannelHandlerContext) {
        core?.close(.closedByPeer)
        core = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        core?.close(.socket("\(SocketFault(error))"))
        context.close(promise: nil)
    }
}
