import ClusterSetup
import Libp2p
import NIOCore
import NIOPosix

/// Whether a libp2p node answers at an address.
enum MultistreamProbe {
    private static let timeout = Duration.seconds(5)

    /// - Throws: `CaseFailure` when nothing listens, or something else.
    static func check(_ endpoint: Multiaddr.Endpoint) async throws {
        let host = ["0.0.0.0": "127.0.0.1", "::": "::1"][endpoint.host] ?? endpoint.host
        let place = "\(host):\(endpoint.port)"
        do {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let answer = loop.makePromise(of: Void.self)
            let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(timeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Reader(answer))
                    }
                }
            do {
                let channel = try await bootstrap.connect(host: host, port: endpoint.port).get()
                let timer = loop.scheduleTask(in: TimeAmount(timeout)) { answer.fail(CaseFailure.late(timeout)) }
                defer {
                    timer.cancel()
                    channel.close(promise: nil)
                }
                try await answer.futureResult.get()
            } catch {
                answer.fail(error)
                throw error
            }
        } catch let failure as CaseFailure {
            throw CaseFailure.unexpected("\(place): \(failure)")
        } catch {
            throw CaseFailure.unexpected("\(place): \(ServiceError.Cause(transport: error, timeout: timeout))")
        }
    }

    /// Greets as a dialer does, and waits for the greeting of the other side: a length and 19 bytes.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private static let greeting = Array(Multistream.header.utf8) + [UInt8(ascii: "\n")]
        private let answer: EventLoopPromise<Void>
        private var received: [UInt8] = []

        init(_ answer: EventLoopPromise<Void>) { self.answer = answer }

        func channelActive(context: ChannelHandlerContext) {
            var bytes = ByteBuffer()
            MultistreamDialer(proposals: [Upgrade.securityID]).start(into: &bytes)
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytesView.prefix(Self.greeting.count + 1)
            guard received.count > Self.greeting.count else { return }
            if received[0] == Self.greeting.count, received[1...].starts(with: Self.greeting) {
                answer.succeed()
            } else {
                answer.fail(CaseFailure.unexpected("something else than libp2p answers"))
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            answer.fail(CaseFailure.unexpected("it hangs up without a greeting"))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answer.fail(error)
            context.close(promise: nil)
        }
    }
}
