/// How far a planned switch is on this node. Each is on disk before anybody can see what follows from it.
///
/// ```
///                 COMMIT for a value that calls it off
///                 ┌──► declined ───┐                   over, not learned
/// noted ─► announced               ├─► divided ───────────► torn ────┐
///                 └──► committed ──┘                                 │
///                 COMMIT for one that confirms it                    │ what peers say
/// noted, announced, declined ──────────────────────────────► open ───┤
/// committed ───────────────────────────────────────────────► locked ─┤
///                                                                    ▼
/// any of the first five ── decided ──────────────────────► calledOff, confirmed ─► entered
/// ```
package enum SwitchStage: Int, Sendable, Hashable, CaseIterable {
    /// Told by the operator. Nobody counts on it yet: it may be dropped.
    case noted = 0
    /// Our word is in the deciding info-sync, so others may go by it.
    case announced = 1
    /// In the deciding duty we sent COMMITs, all for values that call it off.
    case declined = 2
    /// We sent COMMITs, all for values that confirm it: it may have been confirmed without our knowing.
    case committed = 3
    /// We sent both, in different rounds.
    case divided = 4
    /// The deciding duty is over, and this node has sent no COMMIT in it for a value that confirms the switch.
    case open = 5
    /// The deciding duty is over, and this node has sent COMMITs in it only for values that confirm the switch.
    case locked = 6
    /// The deciding duty is over, and this node has sent COMMITs in it for both.
    case torn = 7
    /// All goes on with the old set.
    case calledOff = 8
    case confirmed = 9
    /// The journal is the new set's.
    case entered = 10

    /// Where it may go from here.
    var next: Set<SwitchStage> {
        switch self {
        case .noted: [.announced, .declined, .committed, .open, .calledOff, .confirmed]
        case .announced: [.declined, .committed, .open, .calledOff, .confirmed]
        case .declined: [.divided, .open, .calledOff, .confirmed]
        case .committed: [.divided, .locked, .calledOff, .confirmed]
        case .divided: [.torn, .calledOff, .confirmed]
        case .open, .locked, .torn: [.calledOff, .confirmed]
        case .confirmed: [.entered]
        case .calledOff, .entered: []
        }
    }

    /// Once the deciding duty is over and its decision was not learned; nil afterwards.
    var undecided: SwitchStage? {
        switch self {
        case .noted, .announced, .declined: .open
        case .committed: .locked
        case .divided: .torn
        case .open, .locked, .torn, .calledOff, .confirmed, .entered: nil
        }
    }

    /// After a COMMIT in the deciding duty.
    func committing(toSwitch: Bool) -> SwitchStage {
        switch self {
        case .noted, .announced: toSwitch ? .committed : .declined
        case .declined: toSwitch ? .divided : .declined
        case .committed: toSwitch ? .committed : .divided
        case .divided, .open, .locked, .torn, .calledOff, .confirmed, .entered: self
        }
    }

    /// Whether this node waits to learn what was decided.
    package var isUndecided: Bool { self == .open || self == .locked || self == .torn }
    /// Whether the deciding duty may still decide.
    package var isDeciding: Bool { rawValue <= SwitchStage.divided.rawValue }

    /// Whether it may come before another one.
    func leads(to end: SwitchStage) -> Bool {
        next.contains { $0 == end || $0.leads(to: end) }
    }
}
