import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// The whole workflow under authentic but arbitrary messages: what it says must stay consistent, and bounded.
enum WorkflowFuzz {
    private static let stepsMax = 48
    static let configuration = {
        guard
            let forks = try? ForkSchedule(
                ForkName.allCases.map {
                    .init(fork: $0, version: Bytes4([0, 0, 0, UInt8($0.rawValue)]) ?? .zero, epoch: 0)
                })
        else { preconditionFailure("all forks at genesis") }
        return WorkflowConfiguration(
            nodes: Known.nodes, threshold: 3, peer: PeerIndex(0), validators: Set(Known.pubKeys), clock: Known.clock,
            spec: ChainSpec(forks: forks), signs: false, seed: 1)
    }()

    /// Each step takes a byte for its kind and more for its values.
    static func events(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        var workflow = Workflow(configuration: configuration) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        var spoken = Spoken()
        var now = Known.clock.start(of: Slot(Known.slot)) + .seconds(4)
        for _ in 0..<stepsMax where !source.isEmpty {
            let event = event(&source, &now)
            let effects = workflow.receive(event, at: now)
            precondition(effects.count < 500, "one event, \(effects.count) effects")
            for effect in effects { spoken.note(effect) }
            _ = workflow.nextWake(after: now)
        }
        return spoken.summary
    }

    private static func event(_ source: inout ByteSource, _ now: inout Instant) -> Event {
        switch source.choice(10) {
        case 0, 1, 2, 3: return .consensusMessage(message(&source))
        case 4, 5: return .peerPartials(duty(&source), partials(&source, share: 2 + source.choice(3)))
        case 6:
            now = now + .milliseconds(Int64(source.byte()) * 100)
            return .wake
        case 7:
            let data = Known.attestationData(slot: Known.slot, seed: source.byte() % 3)
            return .fetched(duty(&source), .attestationData([0: data]))
        case 8:
            let rows = (0..<source.choice(4)).map {
                Known.row($0 % 3, slot: source.flag() ? Known.slot : source.number())
            }
            let epoch = Epoch(source.flag() ? 0 : source.number())
            return .dutiesResolved(epoch, .attester, rows.map { .attester($0) })
        default:
            let own = LocalPartials(duty(&source), partials(&source, share: 1))
            return .localPartials([own], Ticket(UInt64(source.byte())))
        }
    }

    private static func duty(_ source: inout ByteSource) -> Duty {
        let types = DutyType.allCases
        let isUsual = source.choice(4) != 3
        return isUsual ? Known.duty : Duty(slot: Slot(source.number()), type: types[source.choice(types.count)])
    }

    private static func partials(_ source: inout ByteSource, share: Int) -> ParSignedDataSet {
        let slot = source.choice(8) == 7 ? source.number() : Known.slot
        return Known.partials(share: share, slot: slot, seed: source.byte() % 3, validators: source.choice(4))
    }

    private static let values = (0..<3).map { Known.unsigned(seed: UInt8($0)) }
    private static let hashes = values.map { $0.valueHash() }

    private static func message(_ source: inout ByteSource) -> ConsensusMessage {
        var message = flat(&source)
        message.justification = (0..<source.choice(10)).map { _ in flat(&source) }
        var known: [Root: ConsensusValue] = [:]
        for (hash, value) in zip(hashes, values) { known[hash] = .duties(value) }
        if source.choice(8) == 7 { known[hashes[source.choice(3)]] = nil }
        return ConsensusMessage(duty: duty(&source), message: message, values: known)
    }

    private static func flat(_ source: inout ByteSource) -> QBFT.Message {
        let kinds = QBFT.Message.Kind.allCases
        let kind = kinds[source.choice(kinds.count)]
        let choices = hashes + [.zero]
        let round = source.choice(4) == 3 ? Int64(bitPattern: source.number()) : 1 + Int64(source.choice(3))
        // Others' votes mostly, of the fields its kind fills: a vote under our own key ends it all.
        let isWild = source.choice(16) == 15
        let isPrepared = kind == .roundChange || isWild
        return QBFT.Message(
            kind, round: round, source: isWild ? 0 : 1 + source.choice(Known.nodes),
            value: kind == .roundChange ? .zero : choices[source.choice(4)],
            preparedRound: isPrepared ? Int64(source.choice(3)) : 0,
            preparedValue: isPrepared ? choices[source.choice(4)] : .zero, signature: [2])
    }

    /// Everything this node has put its name to.
    private struct Spoken {
        private struct Vote: Hashable {
            let duty: Duty
            let kind: QBFT.Message.Kind
            let round: Int64
        }

        private struct Signed: Hashable {
            let duty: Duty
            let pubKey: PubKey
        }

        private var votes: [Vote: Root] = [:]
        private var decided: [Signed: UnsignedData] = [:]
        private var signed: [Signed: Root] = [:]
        private var faults = 0

        mutating func note(_ effect: Effect) {
            switch effect {
            case .persist(.vote(let duty, let message, _)):
                once(&votes, Vote(duty: duty, kind: message.kind, round: message.round), message.value, "vote")
            case .persist(.unsigned(let duty, let set)):
                for (pubKey, value) in set {
                    once(&decided, Signed(duty: duty, pubKey: pubKey), value, "decided value")
                }
            case .persist(.partials(let duty, let set, _)):
                for (key, partial) in set {
                    once(&signed, Signed(duty: duty, pubKey: key.pubKey), partial.data.messageRoot, "signed message")
                }
            case .report(.fault): faults += 1
            default: break
            }
        }

        private func once<Key, Value: Equatable>(
            _ said: inout [Key: Value], _ key: Key, _ value: Value, _ what: String
        ) {
            if let old = said.updateValue(value, forKey: key) {
                precondition(old == value, "a second \(what) for \(key)")
            }
        }

        var summary: String { "\(votes.count) \(decided.count) \(signed.count) \(min(faults, 3))" }
    }
}
