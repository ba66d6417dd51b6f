/// The way a connection takes to its peer.
package enum ConnectionPath: Hashable, Sendable {
    case direct
    /// A circuit through a relay, which can neither read nor change what passes. Relays end circuits after an hour or
    /// some megabytes, so it is a way to begin with and to fall back on.
    case relayed(through: PeerID)

    package var relay: PeerID? {
        if case .relayed(let relay) = self { relay } else { nil }
    }
}

extension ConnectionPath: CustomStringConvertible {
    package var description: String {
        switch self {
        case .direct: "direct"
        case .relayed(let relay): "through relay \(relay)"
        }
    }
}
