/// Who is who in info-sync, and what this node tells of itself. Source: protocols.md §7.
package struct InfoSyncConfiguration: Sendable {
    /// Of the operators in the lock's order, base58.
    package var peerIDs: [String]
    /// Minor versions this node behaves as, e.g. `v1.11`, newest first.
    package var versions: [String]
    /// Protocol ids, those of consensus first.
    package var protocols: [String]
    /// `builder`, `synthetic`, `full`: kinds of proposals, most preferred first.
    package var proposals: [String]

    package init(peerIDs: [String], versions: [String], protocols: [String], proposals: [String] = ["full"]) {
        self.peerIDs = peerIDs
        self.versions = versions
        self.protocols = protocols
        self.proposals = proposals
    }

    var topics: [PriorityMessage.TopicProposal] {
        let texts = [
            (AgreedPriorities.versionTopic, versions), (AgreedPriorities.protocolTopic, protocols),
            (AgreedPriorities.proposalTopic, proposals),
        ]
        return texts.map { .init(topic: PriorityAny($0), priorities: $1.map { PriorityAny($0) }) }
    }
}
