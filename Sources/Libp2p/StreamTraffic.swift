/// What the streams of one protocol carried between this node and a peer, their negotiation left out.
package struct StreamTraffic: Hashable, Sendable {
    /// Streams that are counted together.
    package struct Kind: Hashable, Sendable {
        package let protocolID: String
        /// Inbound if the peer opened it.
        package let direction: Connection.Direction
    }

    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0

    static func + (a: Self, b: Self) -> Self {
        Self(bytesReceived: a.bytesReceived + b.bytesReceived, bytesSent: a.bytesSent + b.bytesSent)
    }
}
