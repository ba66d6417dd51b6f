import Ethereum
import SSZ

/// What one operator prefers, signed with its identity key: `PriorityMsg` of protocols.md §7.
package struct PriorityMessage: Hashable, Sendable {
    package struct TopicProposal: Hashable, Sendable {
        package var topic: PriorityAny
        /// Most preferred first.
        package var priorities: [PriorityAny]

        package init(topic: PriorityAny, priorities: [PriorityAny]) {
            self.topic = topic
            self.priorities = priorities
        }
    }

    package var duty: Duty
    package var topics: [TopicProposal]
    /// Of the signer, in base58.
    package var peerID: String
    /// R ‖ S ‖ V, 65 bytes; empty before it is signed.
    package var signature: [UInt8]

    package init(duty: Duty, topics: [TopicProposal], peerID: String, signature: [UInt8] = []) {
        self.duty = duty
        self.topics = topics
        self.peerID = peerID
        self.signature = signature
    }

    /// Deterministic protobuf (consensus.md §3.1): `duty = 1`, `topics = 2`, `peer_id = 3`, `signature = 4`.
    package func canonicalBytes() -> [UInt8] {
        var out: [UInt8] = []
        var duty: [UInt8] = []
        appendField(1, self.duty.slot.rawValue, to: &duty)
        appendField(2, UInt64(self.duty.type.rawValue), to: &duty)
        appendField(1, duty, to: &out)
        for proposal in topics {
            var topic: [UInt8] = []
            appendField(1, proposal.topic.canonicalBytes(), to: &topic)
            for priority in proposal.priorities { appendField(2, priority.canonicalBytes(), to: &topic) }
            appendField(2, topic, to: &out)
        }
        if !peerID.isEmpty { appendField(3, Array(peerID.utf8), to: &out) }
        if !signature.isEmpty { appendField(4, signature, to: &out) }
        return out
    }

    /// What is signed: everything but the signature.
    package var digest: Root {
        var unsigned = self
        unsigned.signature = []
        return consensusHashRoot(unsigned.canonicalBytes())
    }
}
