import SSZ

/// Which reliable broadcast: both ends must run the same. Source: spec/dkg.md §1, §3.
package enum BroadcastVersion: Sendable, CaseIterable {
    /// Up to v1.11.0-rc2.
    case v1
    /// From v1.11.0-rc3.
    case v2

    package var signProtocol: CeremonyProtocol { self == .v1 ? .broadcastSign1 : .broadcastSign2 }
    package var deliverProtocol: CeremonyProtocol { self == .v1 ? .broadcastDeliver1 : .broadcastDeliver2 }

    /// What participants sign. Says nothing about who sends it.
    ///
    /// - Parameter session: definition hash, or the current lock's hash in an edit. 1.0.0 is bound to no session.
    func digest(session: Bytes32, id: BroadcastID, _ message: PackedMessage) -> Bytes32 {
        let typeURL = Array(message.typeURL.utf8)
        switch self {
        case .v1: return SHA256.hash(typeURL + message.value)
        case .v2:
            var input: [UInt8] = []
            for part in [session.bytes, Array(id.rawValue.utf8), typeURL, message.value] {
                withUnsafeBytes(of: UInt64(part.count).bigEndian) { input += $0 }
                input += part
            }
            return SHA256.hash(input)
        }
    }
}
