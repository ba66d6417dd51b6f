/// Position of an operator in the cluster lock, 0-based. Identifies a node in consensus and on connections.
package struct PeerIndex: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: Int
    package init(_ rawValue: Int) { self.rawValue = rawValue }
    package var description: String { String(rawValue) }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The x-coordinate of a key share, 1-based. `ShareIndex(peer)` is the only conversion from an operator's position.
package struct ShareIndex: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: Int
    package init(_ peer: PeerIndex) { rawValue = peer.rawValue + 1 }
    /// The operator who holds the share.
    package var peer: PeerIndex { PeerIndex(rawValue - 1) }
    /// From the wire or a file; nil below 1.
    package init?(wire: Int) {
        guard wire >= 1 else { return nil }
        rawValue = wire
    }
    package var description: String { String(rawValue) }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
