import Ethereum
import SSZ

/// The event topics we subscribe to. Source: beacon-APIs `apis/eventstream`.
package enum EventTopic: String, CaseIterable, Hashable, Sendable {
    case head
    case chainReorg = "chain_reorg"
    case block
    case blockGossip = "block_gossip"
    case proposerSlashing = "proposer_slashing"
    case attesterSlashing = "attester_slashing"
}

/// An event of a beacon node.
package enum BeaconEvent: Hashable, Sendable {
    case head(HeadEvent)
    case chainReorg(ChainReorgEvent)
    /// Imported.
    case block(BlockEvent)
    /// Seen on gossip and passed the first checks.
    case blockGossip(BlockEvent)
    case proposerSlashing(ProposerSlashing)
    /// Of any fork: from Electra on a vote lists more validators, in the same form.
    case attesterSlashing(AttesterSlashing<IndexedAttestationElectra>)

    /// Events are some hundred bytes; this much is refused before it is parsed.
    private static let limits = JSONLimits(bytesMax: 64 << 10, depthMax: 8, valuesMax: 1024)
    /// Two votes may list all validators of a slot each.
    package static let slashingBytesMax = 4 << 20
    private static let slashingLimits = JSONLimits(bytesMax: slashingBytesMax, depthMax: 8, valuesMax: 1 << 19)

    /// Nil for topics that are not ours.
    ///
    /// - Throws: if the data is not what the topic promises.
    package init?(_ event: ServerSentEvent) throws(BeaconEventError) {
        guard let topic = EventTopic(rawValue: event.name) else { return nil }
        do {
            let limits = topic == .attesterSlashing ? Self.slashingLimits : Self.limits
            let json = try JSONValue(parsing: event.data, limits: limits)
            switch topic {
            case .head: self = .head(try HeadEvent(json: json))
            case .chainReorg: self = .chainReorg(try ChainReorgEvent(json: json))
            case .block: self = .block(try BlockEvent(json: json))
            case .blockGossip: self = .blockGossip(try BlockEvent(json: json))
            case .proposerSlashing: self = .proposerSlashing(try ProposerSlashing(json: json))
            case .attesterSlashing:
                self = .attesterSlashing(try AttesterSlashing<IndexedAttestationElectra>(json: json))
            }
        } catch {
            throw BeaconEventError(topic: topic, what: "\(error)")
        }
    }
}

/// An event whose data cannot be read.
package struct BeaconEventError: Error, Hashable, CustomStringConvertible {
    package let topic: EventTopic
    package let what: String

    package var description: String { "\(topic.rawValue) event: \(what)" }
}

/// Topic `head`: the node's best block changed.
package struct HeadEvent: Hashable, Sendable {
    package var slot: Slot
    package var block: Root
    package var state: Root
    package var isEpochTransition: Bool
    /// The block that the attester duties of this epoch depend on.
    package var previousDutyDependentRoot: Root?
    /// The block that the attester duties of the next epoch depend on.
    package var currentDutyDependentRoot: Root?
    package var isExecutionOptimistic: Bool

    package init(json: JSONValue) throws(SSZError) {
        slot = try json.field("slot")
        block = try json.field("block")
        state = try json.field("state")
        isEpochTransition = try json.field("epoch_transition")
        previousDutyDependentRoot = try json.optionalField("previous_duty_dependent_root")
        currentDutyDependentRoot = try json.optionalField("current_duty_dependent_root")
        isExecutionOptimistic = json["execution_optimistic"]?.bool ?? false
    }
}

/// Topic `chain_reorg`: the node left a branch of the chain.
package struct ChainReorgEvent: Hashable, Sendable {
    package var slot: Slot
    /// Slots back to the common ancestor.
    package var depth: UInt64
    package var epoch: Epoch
    package var oldHeadBlock: Root?
    package var newHeadBlock: Root?

    package init(json: JSONValue) throws(SSZError) {
        slot = try json.field("slot")
        depth = try json.field("depth")
        epoch = try json.field("epoch")
        oldHeadBlock = try json.optionalField("old_head_block")
        newHeadBlock = try json.optionalField("new_head_block")
    }
}

/// Topics `block` and `block_gossip`.
package struct BlockEvent: Hashable, Sendable {
    package var slot: Slot
    package var block: Root

    package init(json: JSONValue) throws(SSZError) {
        slot = try json.field("slot")
        block = try json.field("block")
    }
}
