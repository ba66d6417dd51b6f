import Cluster
import Ethereum
import SSZ
import TestSupport
import Timing

@testable import DKG

/// A ceremony of several operators on virtual time: a network that delays, reorders, repeats, loses and breaks; nodes
/// that are killed and come back with their notes; one that lies.
struct SimulatedCeremony {
    struct Network {
        /// Of sends whose message does not arrive, of those whose arrival the sender does not hear of, of repeated ones.
        var lossRate = 0.0
        var deafRate = 0.0
        var repeatRate = 0.0
        var delayMax = Duration.milliseconds(80)
        /// Of sync exchanges that break their stream.
        var breakRate = 0.0
    }

    /// When a node is killed: as soon as its notes have so many entries, whatever else it was about to do.
    struct Kill {
        let node: ParticipantIndex
        let records: Int
        var away = Duration.seconds(3)
    }

    enum Happening {
        case event(CeremonyEvent, node: ParticipantIndex, life: Int)
        /// One side's sync stream: time for a message. The turn is over if the stream pauses for another one.
        case syncTurn(from: ParticipantIndex, to: ParticipantIndex, stream: Int, life: Int, turn: Int)
        case syncOpen(from: ParticipantIndex, to: ParticipantIndex, life: Int)
        case syncArrives(from: ParticipantIndex, to: ParticipantIndex, stream: Int, life: Int, [UInt8])
        case arrives(from: ParticipantIndex, life: Int, id: Int, to: ParticipantIndex, CeremonyProtocol, [UInt8])
        case tick(ParticipantIndex)
        case restart(ParticipantIndex)
    }

    struct Node {
        var ceremony: Ceremony?
        var life = 0
        var disk: [CeremonyRecord] = []
        var outcome: CeremonyOutcome?
        var isFinished = false
        var failure: CeremonyFailure?
        /// The files that are there.
        var files: CeremonyOutcome?
        var warnings: [String] = []
    }

    typealias Lie = (_ to: ParticipantIndex, CeremonyProtocol, [UInt8]) -> [[UInt8]]
    typealias WorkLie = (CeremonyWork.Result) throws -> CeremonyWork.Result

    let sample: CeremonySample
    var network = Network()
    /// Of sync streams with nothing new to say.
    var syncPause = Duration.milliseconds(100)
    var kills: [Kill] = []
    var liar: ParticipantIndex?
    /// What goes out instead.
    var lie: Lie = { [$2] }
    /// What the liar's own machine makes instead.
    var workLie: WorkLie = { $0 }
    /// What does not arrive, by the time since the beginning.
    var loses: (_ from: ParticipantIndex, _ to: ParticipantIndex, CeremonyProtocol, Duration) -> Bool = { _, _, _, _ in
        false
    }
    private(set) var nodes: [Node]
    private let plans: [CeremonyPlan]
    let seeds: [CeremonySeed]
    private var generator: SeededGenerator
    private var heap = EventHeap<Instant, Happening>()
    private static let beginning = Instant(unixSeconds: 1_800_000_000)
    private var now = Self.beginning
    private var streams = 0
    /// The open sync stream of each ordered pair.
    private var open: [Pair: Int] = [:]
    /// Of open streams between two messages: their next turn.
    private var pausing: [Pair: Int] = [:]
    /// Of those with a message under way: they have something newer to say.
    private var hasNews: Set<Pair> = []
    private var turns = 0

    struct Pair: Hashable {
        let from: ParticipantIndex
        let to: ParticipantIndex
    }

    init(_ sample: CeremonySample, seed: UInt64, timeout: Duration = .seconds(120)) throws {
        let plans = try sample.identities.indices.map { try sample.plan($0, timeout: timeout) }
        try self.init(sample, plans, seed: seed)
    }

    /// - Parameter plans: of the sample's operators.
    init(_ sample: CeremonySample, _ plans: [CeremonyPlan], seed: UInt64) throws {
        self.sample = sample
        self.plans = plans
        generator = SeededGenerator(seed: seed &* 7919 &+ 1)
        var seeds: [CeremonySeed] = []
        for _ in sample.identities {
            guard let seed = CeremonySeed(bytes: generator.bytes(32)) else { throw CancellationError() }
            seeds.append(seed)
        }
        self.seeds = seeds
        nodes = sample.identities.map { _ in Node() }
    }

    // MARK: Running

    /// Until nothing more can happen, or time is over.
    mutating func run(for limit: Duration = .seconds(600)) {
        let end = now + limit
        for node in nodes.indices {
            heap.schedule(.restart(node), at: now + random(upTo: .milliseconds(500)))
        }
        while let (at, happening) = heap.pop(), at < end {
            now = at
            happen(happening)
            if nodes.allSatisfy({ $0.isFinished || $0.failure != nil }) { return }
        }
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .restart(let node): start(node)
        case .tick(let node):
            deliver(.tick, to: node)
            if nodes[node].ceremony != nil { heap.schedule(.tick(node), at: now + .milliseconds(100)) }
        case .event(let event, let node, let life):
            guard nodes[node].life == life else { return }
            deliver(event, to: node)
        case .arrives(let from, let life, let id, let to, let protocolID, let bytes):
            arrive(from, life, id, to, protocolID, bytes)
        case .syncOpen(let from, let to, let life): openSync(from, to, life)
        case .syncTurn(let from, let to, let stream, let life, let turn):
            if pausing[Pair(from: from, to: to)] == turn { syncTurn(from, to, stream, life) }
        case .syncArrives(let from, let to, let stream, let life, let bytes): syncArrives(from, to, stream, life, bytes)
        }
    }

    private mutating func start(_ node: ParticipantIndex) {
        nodes[node].life += 1
        nodes[node].ceremony = Ceremony(plans[node], seed: seeds[node], records: nodes[node].disk, at: now)
        heap.schedule(.tick(node), at: now + .milliseconds(100))
        for other in plans[node].others {
            heap.schedule(.syncOpen(from: node, to: other, life: nodes[node].life), at: now + delay())
        }
    }

    private mutating func kill(_ node: ParticipantIndex, away: Duration) {
        nodes[node].ceremony = nil
        nodes[node].life += 1
        for other in plans[node].others { breakSync(Pair(from: node, to: other)) }
        for other in plans[node].others { breakSync(Pair(from: other, to: node)) }
        heap.schedule(.restart(node), at: now + away)
    }

    // MARK: Sync streams

    private mutating func openSync(_ from: ParticipantIndex, _ to: ParticipantIndex, _ life: Int) {
        guard nodes[from].life == life, let ceremony = nodes[from].ceremony, ceremony.wantsSyncStream(to: to),
            open[Pair(from: from, to: to)] == nil
        else { return }
        guard nodes[to].ceremony != nil else {
            return heap.schedule(.syncOpen(from: from, to: to, life: life), at: now + .milliseconds(500))
        }
        streams += 1
        open[Pair(from: from, to: to)] = streams
        scheduleSync(Pair(from: from, to: to), after: .zero)
        deliver(.syncReached(to), to: from)
    }

    private mutating func scheduleSync(_ pair: Pair, after pause: Duration) {
        guard let stream = open[pair] else { return }
        turns += 1
        pausing[pair] = turns
        heap.schedule(
            .syncTurn(from: pair.from, to: pair.to, stream: stream, life: nodes[pair.from].life, turn: turns),
            at: now + (hasNews.contains(pair) ? .zero : pause))
    }

    private mutating func syncTurn(_ from: ParticipantIndex, _ to: ParticipantIndex, _ stream: Int, _ life: Int) {
        pausing[Pair(from: from, to: to)] = nil
        hasNews.remove(Pair(from: from, to: to))
        guard nodes[from].life == life, open[Pair(from: from, to: to)] == stream,
            nodes[from].ceremony?.wantsSyncStream(to: to) == true,
            let bytes = nodes[from].ceremony?.syncMessage(to: to, at: now)
        else { return }
        heap.schedule(.syncArrives(from: from, to: to, stream: stream, life: life, bytes), at: now + delay())
    }

    private mutating func syncArrives(
        _ from: ParticipantIndex, _ to: ParticipantIndex, _ stream: Int, _ life: Int, _ bytes: [UInt8]
    ) {
        guard open[Pair(from: from, to: to)] == stream, nodes[to].ceremony != nil else { return }
        if chance(network.breakRate) { return breakSync(Pair(from: from, to: to)) }
        let effects = deliver(.syncMessage(from, bytes, stream: stream), to: to)
        for case .answerSync(let answer, let ends) in effects {
            if nodes[from].life == life {
                heap.schedule(.event(.syncAnswer(to, answer), node: from, life: life), at: now + delay())
            }
            if ends {
                open[Pair(from: from, to: to)] = nil
                pausing[Pair(from: from, to: to)] = nil
                deliver(.syncStreamEnded(from, stream: stream), to: to)
                return heap.schedule(.event(.syncLost(to), node: from, life: life), at: now + .milliseconds(100))
            }
        }
        scheduleSync(Pair(from: from, to: to), after: syncPause + delay())
    }

    /// Streams say the news at once, or after the answer to what is under way.
    private mutating func announce(_ node: ParticipantIndex) {
        for other in plans[node].others {
            let pair = Pair(from: node, to: other)
            hasNews.insert(pair)
            if pausing[pair] != nil { scheduleSync(pair, after: .zero) }
        }
    }

    private mutating func breakSync(_ pair: Pair) {
        pausing[pair] = nil
        guard let stream = open.removeValue(forKey: pair) else { return }
        let (from, to) = (nodes[pair.from].life, nodes[pair.to].life)
        heap.schedule(.event(.syncLost(pair.to), node: pair.from, life: from), at: now + delay())
        heap.schedule(.event(.syncStreamEnded(pair.from, stream: stream), node: pair.to, life: to), at: now + delay())
        heap.schedule(.syncOpen(from: pair.from, to: pair.to, life: from), at: now + .milliseconds(300) + delay())
    }

    // MARK: Messages

    private mutating func arrive(
        _ from: ParticipantIndex, _ life: Int, _ id: Int, _ to: ParticipantIndex, _ protocolID: CeremonyProtocol,
        _ bytes: [UInt8]
    ) {
        func report(_ event: CeremonyEvent, _ simulation: inout SimulatedCeremony) {
            simulation.heap.schedule(
                .event(event, node: from, life: life), at: simulation.now + simulation.delay())
        }
        guard nodes[to].ceremony != nil, !chance(network.lossRate), !loses(from, to, protocolID, now - Self.beginning)
        else {
            return report(.sendFailed(id, reason: "lost", isUnknownProtocol: false), &self)
        }
        let effects = deliver(.message(from, protocolID, bytes), to: to)
        var answer: [UInt8]?
        for case .answer(let bytes) in effects { answer = bytes }
        if chance(network.deafRate) || nodes[to].ceremony == nil {
            return report(.sendFailed(id, reason: "no answer", isUnknownProtocol: false), &self)
        }
        report(.sent(id, answer: answer), &self)
    }

    @discardableResult
    private mutating func deliver(_ event: CeremonyEvent, to node: ParticipantIndex) -> [CeremonyEffect] {
        let announced = nodes[node].ceremony?.announced
        guard let effects = nodes[node].ceremony?.receive(event, at: now) else { return [] }
        // Unless it is killed while it notes that down; then nothing of this is there any more.
        defer {
            if let announced, let new = nodes[node].ceremony?.announced, new != announced { announce(node) }
        }
        let life = nodes[node].life
        var done: [CeremonyEffect] = []
        for effect in effects {
            done.append(effect)
            switch effect {
            case .record(let record):
                nodes[node].disk.append(record)
                if let index = kills.firstIndex(where: {
                    $0.node == node && $0.records == nodes[node].disk.count
                }) {
                    let away = kills.remove(at: index).away
                    kill(node, away: away)
                    return []
                }
            case .send(let id, let to, let protocolID, let bytes):
                let all = node == liar ? lie(to, protocolID, bytes) : [bytes]
                for bytes in all {
                    let copies = chance(network.repeatRate) ? 2 : 1
                    for _ in 0..<copies {
                        heap.schedule(
                            .arrives(from: node, life: life, id: id, to: to, protocolID, bytes), at: now + delay())
                    }
                }
            case .work(let work):
                let result = Result { () throws -> CeremonyWork.Result in
                    let result = try work.perform(plans[node], seeds[node])
                    return node == liar ? try workLie(result) : result
                }
                heap.schedule(.event(.worked(result), node: node, life: life), at: now + delay())
            case .write(let outcome, _):
                nodes[node].files = nodes[node].files ?? outcome
                heap.schedule(.event(.written(.success(())), node: node, life: life), at: now + delay())
            case .warning(let text): nodes[node].warnings.append(text)
            case .answer, .answerSync: break
            case .finished(let outcome, _):
                nodes[node].isFinished = true
                nodes[node].outcome = outcome
            case .failed(let failure): nodes[node].failure = failure
            }
        }
        return done
    }

    // MARK: Chance

    private mutating func chance(_ rate: Double) -> Bool {
        rate > 0 && Double.random(in: 0..<1, using: &generator) < rate
    }

    private mutating func random(upTo duration: Duration) -> Duration {
        duration * Double.random(in: 0...1, using: &generator)
    }

    private mutating func delay() -> Duration { random(upTo: network.delayMax) + .milliseconds(1) }
}
