extension WireFault {
    /// As the ceremony sees it: whose message it was, and which.
    package func ceremonyFault(_ message: CeremonyFault.Message, from peer: ParticipantIndex) -> CeremonyFault {
        if case .foreignSession = self { return CeremonyFault(peer, .otherSession(message)) }
        return CeremonyFault(peer, .malformed(message, description))
    }
}
