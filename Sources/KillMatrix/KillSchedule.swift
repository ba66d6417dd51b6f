import Timing

/// Which nodes are killed when, and at which points: the same for the same seed. Times run from when the cluster is
/// whole again after the last step, so that a slow machine meets the same kills, if later.
package struct KillSchedule: Sendable {
    /// A life that is to end at a point.
    package struct Blow: Hashable, Sendable {
        package let point: String
        /// At which time of coming by.
        package let pass: Int
    }

    package struct Step: Hashable, Sendable {
        /// After the cluster is whole, in thousandths of a slot.
        package let pause: Int
        /// Killed together, wherever they are; all come back.
        package let victims: [Int]
        /// Further lives of the first victim, each until its blow, before the one in which it stays.
        package let blows: [Blow]
        /// Killed and started again while the first victim lives to meet its blow: nodes say some things only to
        /// one that comes back.
        package let companion: Int?

        package var kills: Int { victims.count + blows.count + (companion == nil ? 0 : 1) }
    }

    private let nodes: Int
    /// Nodes with a validator client: the first so many.
    private let clients: Int
    private let points: [String]
    private var random: SplitMix64
    /// Points of this round that have not had their turn: each has one before any has two.
    private var waiting: [String] = []

    /// Every so manieth step all nodes are killed at once.
    private static let allEvery = 8
    /// Only nodes with a validator client come by, and only those that sign by themselves.
    package static let clientsPoints: Set<String> = ["safe", "said-safe"]
    package static let signersPoints: Set<String> = ["sign"]
    /// Only when another node comes back.
    package static let companionPoints: Set<String> = [
        "share-again", "share-again-sent", "decision", "decision-sent",
    ]
    /// Come once in a life.
    package static let startPoints: Set<String> = ["journal-opened", "journal-read", "restored"]

    /// - Precondition: `points` is not empty, `0 < clients < nodes`.
    package init(seed: UInt64, nodes: Int, clients: Int, points: [String]) {
        precondition(!points.isEmpty && 0 < clients && clients < nodes)
        random = SplitMix64(seed: seed)
        (self.nodes, self.clients, self.points) = (nodes, clients, points)
    }

    package mutating func next() -> Step {
        let pause = Int.random(in: 0..<1000, using: &random)
        if Int.random(in: 0..<Self.allEvery, using: &random) == 0 {
            return Step(pause: pause, victims: Array(0..<nodes), blows: [], companion: nil)
        }
        let first = point()
        let victim = Int.random(in: places(of: first), using: &random)
        var blows = [Blow(point: first, pass: pass(first))]
        // A second death in a row, in the middle of picking up what the first one left.
        if Bool.random(using: &random), let start = startPoints.randomElement(using: &random) {
            blows.append(Blow(point: start, pass: 1))
        }
        var companion: Int?
        if Self.companionPoints.contains(first) {
            companion = (victim + Int.random(in: 1..<nodes, using: &random)) % nodes
        }
        return Step(pause: pause, victims: [victim], blows: blows, companion: companion)
    }

    private func places(of point: String) -> Range<Int> {
        if Self.clientsPoints.contains(point) { return 0..<clients }
        return (Self.signersPoints.contains(point) ? clients : 0)..<nodes
    }

    private var startPoints: [String] { points.filter(Self.startPoints.contains) }

    private mutating func point() -> String {
        if waiting.isEmpty { waiting = points.shuffled(using: &random) }
        return waiting.removeLast()
    }

    private mutating func pass(_ point: String) -> Int {
        if Self.startPoints.contains(point) { return 1 }
        return Int.random(in: 1...(Self.companionPoints.contains(point) ? 1 : 6), using: &random)
    }
}
