import SSZ
import Timing

@testable import QBFT

/// Up to f nodes that conspire. They sign what they like in their own names, to each peer something else, and pass on
/// what others signed, but they cannot forge a signature.
struct Liar {
    private static let lyingMax = 80
    private static let memoryMax = 200

    let configuration: Instance.Configuration
    let liars: Set<Int>
    private var lies = 0
    /// What honest nodes signed, justifications included, each without its justification.
    private var heard: [Message] = []
    private var values: [Root] = [.a, .b]

    init(configuration: Instance.Configuration, liars: Set<Int>) {
        self.configuration = configuration
        self.liars = liars
    }

    var canGoOn: Bool { lies < Self.lyingMax * max(liars.count, 1) }

    mutating func overhear(_ message: Message) {
        for vote in [message.bare] + message.justification where !heard.contains(vote) {
            heard.append(vote)
            if heard.count > Self.memoryMax { heard.removeFirst() }
            if vote.value != .zero, !values.contains(vote.value) { values.append(vote.value) }
        }
    }

    /// Messages and whom they go to.
    mutating func lie(as liar: Int, random: inout SplitMix64) -> [(Message, Int)] {
        lies += 1
        let round = max(1, (heard.map(\.round).max() ?? 1) + Int64.random(in: -1...1, using: &random))
        let peers = Array(0..<configuration.size.nodes).filter { !liars.contains($0) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1, 2:
            let led = (max(1, round - 2)...(round + 2)).filter { configuration.leader(of: $0) == liar }
            // Rather a proposal that will be believed.
            let provable = led.filter { proof(for: $0).count >= configuration.size.quorum }
            guard let led = (provable.isEmpty ? led : provable).randomElement(using: &random) else { return [] }
            let justification = proof(for: led)
            let kinds: [Message.Kind] = [.prePrepare, .prepare, .commit]
            return peers.flatMap { peer in
                let value = values.randomElement(using: &random)!
                return kinds.map {
                    let isProposal = $0 == .prePrepare
                    let message = Message(
                        $0, round: led, source: liar, value: value, signature: [UInt8(liar)],
                        justification: isProposal && led > 1 ? justification : [])
                    return (message, peer)
                }
            }
        case 3, 4:
            let kind: Message.Kind = random.chance(0.5) ? .prepare : .commit
            return peers.map {
                let value = values.randomElement(using: &random)!
                return (Message(kind, round: round, source: liar, value: value, signature: [UInt8(liar)]), $0)
            }
        case 5:
            let target = random.chance(0.2) ? Instance.roundMax : round + Int64.random(in: 0...1, using: &random)
            let prepares = random.chance(0.5) ? preparedQuorum(below: .max, random: &random) : []
            let message = Message(
                .roundChange, round: target, source: liar, preparedRound: prepares.first?.round ?? 0,
                preparedValue: prepares.first?.value ?? .zero, signature: [UInt8(liar)], justification: prepares)
            return peers.filter { _ in random.chance(0.7) }.map { (message, $0) }
        case 6:
            let value = values.randomElement(using: &random)!
            let commits = uniq {
                $0.kind == .commit && $0.round == round && $0.value == value && !liars.contains($0.source)
            }
            let forged = liars.sorted().map {
                Message(.commit, round: round, source: $0, value: value, signature: [UInt8($0)])
            }
            let message = Message(
                .decided, round: round, source: liar, value: value, signature: [UInt8(liar)],
                justification: commits + forged)
            return peers.map { (message, $0) }
        default:
            // Anybody's vote, with a justification of our choice.
            guard var message = heard.randomElement(using: &random) else { return [] }
            if message.kind == .prePrepare { message.justification = proof(for: message.round) }
            if message.kind == .roundChange, message.preparedRound > 0 {
                message.justification = uniq {
                    $0.kind == .prepare && $0.round == message.preparedRound && $0.value == message.preparedValue
                }
            }
            return peers.map { (message, $0) }
        }
    }

    /// ROUND_CHANGEs for `round`, those that prepared nothing first, the liars' own included; PREPAREs when needed.
    private func proof(for round: Int64) -> [Message] {
        let honest = uniq { $0.kind == .roundChange && $0.round == round && !liars.contains($0.source) }
        let forged = liars.sorted().map {
            Message(.roundChange, round: round, source: $0, signature: [UInt8($0)])
        }
        let chosen = (forged + honest.sorted { $0.preparedRound < $1.preparedRound }).prefix(configuration.size.quorum)
        guard let highest = chosen.max(by: { $0.preparedRound < $1.preparedRound }), highest.preparedRound > 0 else {
            return Array(chosen)
        }
        return chosen
            + uniq {
                $0.kind == .prepare && $0.round == highest.preparedRound && $0.value == highest.preparedValue
            }
    }

    /// A real quorum of PREPAREs from any round, if one was heard of; the liars lend their own votes to it.
    private func preparedQuorum(below round: Int64, random: inout SplitMix64) -> [Message] {
        guard let prepare = heard.filter({ $0.kind == .prepare && $0.round < round }).randomElement(using: &random)
        else { return [] }
        let honest = uniq {
            $0.kind == .prepare && $0.round == prepare.round && $0.value == prepare.value
                && !liars.contains($0.source)
        }
        let forged = liars.sorted().map {
            Message(.prepare, round: prepare.round, source: $0, value: prepare.value, signature: [UInt8($0)])
        }
        return honest + forged
    }

    private func uniq(_ matches: (Message) -> Bool) -> [Message] {
        var sources: Set<Int> = []
        return heard.filter { matches($0) && sources.insert($0.source).inserted }
    }
}
