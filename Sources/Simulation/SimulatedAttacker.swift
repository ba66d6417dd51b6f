import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import Timing

/// The harm one operator can do with its own keys, and with what others signed: all that the codecs let through.
package enum Attack: String, CaseIterable, Sendable {
    /// As leader, adds a made-up duty of every other validator to its proposals.
    case inventedRows
    /// As leader, leaves every validator but one out of its proposals, or changes their rows.
    case omittedRows
    /// As leader, proposes a source that is not justified yet: signed, it would bar honest votes for an epoch.
    case futureSource
    /// As leader, proposes votes that name a committee, as before Electra: no beacon node takes them.
    case namedCommittee
    /// As leader, proposes blocks that pay itself.
    case ownFeeRecipient
    /// As leader, proposes blocks with a randao reveal that the cluster has not signed: no beacon node takes them.
    case otherReveal
    /// Shares of duties that do not exist, of far slots, of another fork, with bits nobody needs.
    case undueShares
    /// Votes for ever new values in every duty it can name, long before they begin.
    case earlyFlood
    /// Others' votes with its own junk as justification.
    case junkJustifications
    /// Shares that are good for no message at all.
    case unfitShares
    /// Everything it ever heard or said, over and over.
    case repeats
    /// To each node the votes of that node itself.
    case ownVotes
    /// Exits of every epoch and registrations of every slot, of all validators.
    case exitCrowd
    /// Shares of aggregates with as many bits as fit a list, each another one.
    case largeAggregates
    /// Shares of blocks of nine megabytes, each another one.
    case largeBlocks
}

/// One hostile node's mind: it votes along as any other, and does harm besides. It cannot forge a signature.
struct SimulatedAttacker: Sendable {
    private static let heardMax = 400
    static let burst = 12

    let node: Int
    private let attack: Attack
    private let nodes: Int
    let chain: SimulatedChain
    private var heard: [ConsensusMessage] = []
    private var junk: UInt64 = 0
    private let everything: UnsignedDataSet

    init(_ attack: Attack, as node: Int, of nodes: Int, _ chain: SimulatedChain) {
        self.attack = attack
        self.node = node
        self.nodes = nodes
        self.chain = chain
        everything = Self.rows(chain, slot: .zero)
    }

    static func rows(_ chain: SimulatedChain, slot: Slot) -> UnsignedDataSet {
        let data = chain.attestationData(slot, view: false)
        let entries = chain.duties(of: chain.clock.epoch(of: slot)).map { row in
            var row = row
            row.slot = slot
            return (row.pubKey, UnsignedData.attester(data, row))
        }
        return Dictionary(uniqueKeysWithValues: entries)
    }

    /// What reached it, as anybody's.
    mutating func hear(_ event: Event) {
        guard case .consensusMessage(let message) = event else { return }
        heard.append(message)
        for vote in message.message.justification {
            heard.append(ConsensusMessage(duty: message.duty, message: vote, values: message.values))
        }
        if heard.count > Self.heardMax { heard.removeFirst(heard.count - Self.heardMax) }
    }

    // MARK: Instead of the truth

    /// - Parameter proposal: its own.
    func tell(_ proposal: ConsensusMessage) -> ConsensusMessage {
        switch attack {
        case .inventedRows:
            proposal.proposing { Self.rows(chain, slot: proposal.duty.slot).merging($0) { _, honest in honest } }
        case .omittedRows:
            proposal.proposing { set in
                var left: UnsignedDataSet = [:]
                for (position, entry) in set.sorted(by: { $0.key < $1.key }).enumerated() {
                    guard position > 0, case .attester(let data, var row) = entry.value else {
                        left[entry.key] = entry.value
                        continue
                    }
                    guard !(proposal.duty.slot.rawValue / UInt64(nodes)).isMultiple(of: 2) else { continue }
                    row.validatorCommitteeIndex += 1
                    left[entry.key] = .attester(data, row)
                }
                return left
            }
        case .ownFeeRecipient: proposal.proposing { remade($0, pays: Bytes20(padding: [0xba, 0xd0])) }
        case .otherReveal: proposal.proposing { remade($0, reveal: SimulatedChain.otherReveal) }
        case .futureSource: provenByNothing(proposal.proposing(Self.ahead))
        case .namedCommittee: proposal.proposing(Self.naming)
        case .undueShares, .earlyFlood, .junkJustifications, .unfitShares, .repeats, .ownVotes, .exitCrowd,
            .largeAggregates, .largeBlocks:
            proposal
        }
    }

    private func remade(
        _ set: UnsignedDataSet, pays payee: Bytes20 = SimulatedChain.payee, reveal: SignatureBytes? = nil
    ) -> UnsignedDataSet {
        set.mapValues { value in
            guard case .proposal(let block) = value else { return value }
            let request = ProposalRequest(
                randaoReveal: reveal ?? block.randaoReveal, graffiti: block.graffiti, wantsBuilder: false,
                proposer: block.proposerIndex)
            return chain.proposal(block.slot, request, node: node, pays: payee, chain.spec.forks).map {
                .proposal($0)
            } ?? value
        }
    }

    /// The source as far ahead as no rule forbids.
    private static func ahead(_ set: UnsignedDataSet) -> UnsignedDataSet {
        set.mapValues { value in
            guard case .attester(var data, let row) = value else { return value }
            data.source = data.target
            if data.source.epoch > .zero { data.source.epoch = Epoch(data.source.epoch.rawValue - 1) }
            return .attester(data, row)
        }
    }

    private static func naming(_ set: UnsignedDataSet) -> UnsignedDataSet {
        set.mapValues { value in
            guard case .attester(var data, let row) = value else { return value }
            data.index = CommitteeIndex(row.committeeIndex.rawValue + 1)
            return .attester(data, row)
        }
    }

    /// With a PREPARE of its own, as if a quorum had prepared the value.
    private func provenByNothing(_ proposal: ConsensusMessage) -> ConsensusMessage {
        var adorned = proposal
        adorned.message.justification.append(
            QBFT.Message(
                .prepare, round: 1, source: node, value: proposal.message.value,
                signature: [UInt8(truncatingIfNeeded: node)]))
        return adorned
    }

    /// Its proposals for the slots to come, before anybody begins.
    private func earlyProposals(at current: Slot) -> [Event] {
        (0...2 as ClosedRange<UInt64>).map { Duty.attester(slot: Slot(current.rawValue + $0)) }
            .filter { ($0.slot.rawValue + UInt64($0.type.rawValue) + 1) % UInt64(nodes) == UInt64(node) }
            .compactMap { duty in
                let rows = chain.duties(of: chain.clock.epoch(of: duty.slot)).filter { $0.slot == duty.slot }
                guard !rows.isEmpty else { return nil }
                let data = chain.attestationData(duty.slot, view: false)
                let set = Self.ahead(
                    Dictionary(uniqueKeysWithValues: rows.map { ($0.pubKey, UnsignedData.attester(data, $0)) }))
                let hash = set.valueHash()
                let message = QBFT.Message(
                    .prePrepare, round: 1, source: node, value: hash, signature: [UInt8(truncatingIfNeeded: node)])
                return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(set)]))
            }
    }

    /// - Parameter set: its own shares.
    func tell(_ set: ParSignedDataSet) -> ParSignedDataSet {
        guard attack == .unfitShares else { return set }
        return set.mapValues { partial in
            let signature = chain.shareSignature(.zero, partial.data.messageRoot, partial.shareIndex)
            return ParSignedData(data: partial.data.with(signature: signature), shareIndex: partial.shareIndex)
        }
    }

    // MARK: Besides it

    /// What a peer gets now.
    mutating func strike(_ peer: Int, at current: Slot, _ random: inout SplitMix64) -> [Event] {
        switch attack {
        case .inventedRows, .omittedRows, .namedCommittee, .ownFeeRecipient, .otherReveal, .unfitShares: []
        case .futureSource: earlyProposals(at: current)
        case .undueShares: undueShares(at: current, &random)
        case .exitCrowd: (0..<2 * Self.burst).map { _ in endlessShare(at: current, &random) }
        case .largeAggregates: [largeAggregates(at: current, &random)]
        case .largeBlocks: Int.random(in: 0..<8, using: &random) == 0 ? largeBlocks(at: current, &random) : []
        case .earlyFlood: (0..<Self.burst).map { _ in .consensusMessage(early(at: current, &random)) }
        case .junkJustifications:
            heard.shuffled(using: &random).prefix(Self.burst).map { .consensusMessage(adorned($0, &random)) }
        case .repeats:
            heard.shuffled(using: &random).prefix(4 * Self.burst).map { .consensusMessage($0) }
        case .ownVotes:
            heard.filter { $0.message.source == peer }.shuffled(using: &random).prefix(Self.burst).map {
                .consensusMessage(Bool.random(using: &random) ? $0 : carried($0))
            }
        }
    }

    /// A vote for a value of every validator that nobody heard of before.
    private mutating func early(at current: Slot, _ random: inout SplitMix64) -> ConsensusMessage {
        let ahead = Int64.random(in: -Int64(chain.clock.slotsPerEpoch)...4, using: &random)
        let slot = Slot(UInt64(max(0, Int64(current.rawValue) + ahead)))
        let kind = [QBFT.Message.Kind.prePrepare, .prepare, .commit, .roundChange].randomElement(using: &random)
        let vote = junkVote(kind ?? .prepare, round: .random(in: 1...40, using: &random))
        return ConsensusMessage(
            duty: .attester(slot: slot), message: vote,
            values: vote.value == .zero ? [:] : [vote.value: .duties(everything)])
    }

    /// Somebody's authentic vote with votes of ours that name what nobody needs.
    private mutating func adorned(_ message: ConsensusMessage, _ random: inout SplitMix64) -> ConsensusMessage {
        var adorned = message
        for round in 1...Int64(2 * nodes) where adorned.message.justification.count < 2 * nodes {
            var vote = junkVote(.prepare, round: round)
            if Bool.random(using: &random) { vote.preparedValue = vote.value }
            adorned.message.justification.append(vote)
            adorned.values[vote.value] = .duties(everything)
        }
        return adorned
    }

    /// Somebody's vote as a justification of our own.
    private mutating func carried(_ message: ConsensusMessage) -> ConsensusMessage {
        var carrier = junkVote(.commit, round: message.message.round)
        carrier.justification = [message.message.bare]
        var values = message.values
        values[carrier.value] = .duties(everything)
        return ConsensusMessage(duty: message.duty, message: carrier, values: values)
    }

    private mutating func junkVote(_ kind: QBFT.Message.Kind, round: Int64) -> QBFT.Message {
        junk += 1
        let hash = SHA256.hash((0..<8).map { UInt8(truncatingIfNeeded: junk >> (8 * $0)) } + [0x6a])
        return QBFT.Message(
            kind, round: round, source: node, value: kind == .roundChange ? .zero : hash,
            signature: [UInt8(truncatingIfNeeded: node)])
    }
}
