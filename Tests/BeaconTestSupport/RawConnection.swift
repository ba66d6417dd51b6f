import NIOCore
import NIOPosix

/// A connection on which the test writes bytes as it likes.
package struct RawConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator

    package static func with(port: Int, _ body: (inout RawConnection) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
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

    /// What comes until the server closes.
    package mutating func readToEnd() async throws -> String { try await read(until: "\u{0}") }
}
