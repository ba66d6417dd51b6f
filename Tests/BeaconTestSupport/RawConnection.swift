import NIOCore
import NIOPosix

/// A connection on which the test writes bytes as it likes.
package struct RawConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator

    /// - Parameter receiveBytesMax: what the system keeps for a test that does not read; as much as it likes for nil.
    package static func with(
        port: Int, receiveBytesMax: Int? = nil, _ body: (inout RawConnection) async throws -> Void
    ) async throws {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBytesMax {
            bootstrap = bootstrap.channelOption(
                .socketOption(.so_rcvbuf), value: SocketOptionValue(receiveBytesMax))
        }
        let channel =
            try await bootstrap
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            var connection = RawConnection(outbound: outbound, inbound: inbound.makeAsyncIterator())
            try await body(&connection)
        }
    }

    package func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    package func write(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// What comes until the text contains `end`, or the server closes.
    package mutating func read(until end: String) async throws -> String {
        var text = ""
        while !text.contains(end) {
            guard let chunk = try? await inbound.next() else { break }
            text += String(buffer: chunk)
        }
        return text
    }

    /// Drops what comes, so many bytes or until the server closes.
    ///
    /// - Returns: how many came.
    package mutating func drop(_ bytesMax: Int = .max) async -> Int {
        var count = 0
        while count < bytesMax, let chunk = try? await inbound.next() { count += chunk.readableBytes }
        return count
    }

    /// What comes until the server closes.
    package mutating func readToEnd() async throws -> String { try await read(until: "\u{0}") }
}
