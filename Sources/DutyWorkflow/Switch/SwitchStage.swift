/// How far a planned switch is on this node. Each is on disk before anybody can see what follows from it.
///
/// ```
/// noted ──► announced ──► committed ─┬──────────────► calledOff
///   │           │             │      │ deciding duty        ▲
///   │           │             │      └─ decided ──► confirmed ──► entered
///   │           │             └─ not decided ─► locked ─┐   ▲
///   └───────────┴───── not decided ───────────► open ───┴───┘ what peers say
/// ```
package enum SwitchStage: Int, Sendable, Hashable, CaseIterable {
    /// Told by the operator. Nobody counts on it yet: it may be dropped.
    case noted = 0
    /// Our word is in the deciding info-sync, so others may go by it.
    case announced = 1
    /// We sent a COMMIT in the deciding duty: it may have been decided without our knowing.
    case committed = 2
    /// The deciding duty is over, this node has sent no COMMIT in it and will take part in it no more.
    case open = 3
    /// The deciding duty is over, and this node has sent a COMMIT in it.
    case locked = 4
    /// All goes on with the old set.
    case calledOff = 5
    case confirmed = 6
    /// The journal is the new set's.
    case entered = 7

    /// Where it may go from here.
    var next: Set<SwitchStage> {
        switch self {
        case .noted: [.announced, .committed, .open, .calledOff, .confirmed]
        case .announced: [.committed, .open, .calledOff, .confirmed]
        case .committed: [.locked, .calledOff, .confirmed]
        case .open, .locked: [.calledOff, .confirmed]
        case .confirmed: [.entered]
        case .calledOff, .entered: []
        }
    }

    /// Whether this node waits to learn what was decided.
    package var isUndecided: Bool { self == .open || self == .locked }
    /// Whether the deciding duty may still decide.
    package var isDeciding: Bool { rawValue <= SwitchStage.committed.rawValue }

    /// Whether it may come before another one.
    func leads(to end: SwitchStage) -> Bool {
        next.contains { $0 == end || $0.leads(to: end) }
    }
}
