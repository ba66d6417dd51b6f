import Ethereum

/// What the cluster agreed on in one slot, as far as this program reads it: each list most preferred first.
package struct AgreedPriorities: Hashable, Sendable {
    static let versionTopic = "version"
    static let protocolTopic = "protocol"
    static let proposalTopic = "proposal"
    private static let consensusPrefix = "/charon/consensus/"

    package let slot: Slot
    package let versions: [String]
    package let protocols: [String]
    package let proposals: [String]

    init(_ result: PriorityResult, at slot: Slot) {
        self.slot = slot
        versions = result.agreed(Self.versionTopic)
        protocols = result.agreed(Self.protocolTopic)
        proposals = result.agreed(Self.proposalTopic)
    }

    /// The protocol that decides duties from here on; nil if the cluster agreed on none, and the usual one stays.
    package var consensusProtocol: String? { protocols.first { $0.hasPrefix(Self.consensusPrefix) } }

    /// Whether a threshold of nodes reads sync contributions as lists: any version from v1.11 on says so (v1.11.md §3.1).
    package var supportsContributionLists: Bool {
        versions.contains { CharonVersion($0).map { $0 >= .v1_11 } ?? false }
    }

    func isSame(as other: Self) -> Bool {
        versions == other.versions && protocols == other.protocols && proposals == other.proposals
    }
}
