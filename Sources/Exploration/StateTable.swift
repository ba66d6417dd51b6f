/// States of a product of graphs, packed into 63 bits each, with the state each was first reached from. Nothing is
/// hashed away: two states are one if all of their bits are.
struct StateTable: Sendable {
    private static let free = UInt64.max
    private var keys: [UInt64]
    private var parents: [UInt64]
    private(set) var count = 0

    init() {
        keys = Array(repeating: Self.free, count: 1 << 16)
        parents = Array(repeating: Self.free, count: 1 << 16)
    }

    /// - Returns: false when it was in already.
    mutating func insert(_ state: UInt64, from parent: UInt64) -> Bool {
        if count * 3 > keys.count * 2 { grow() }
        let slot = slot(of: state)
        guard keys[slot] == Self.free else { return false }
        keys[slot] = state
        parents[slot] = parent
        count += 1
        return true
    }

    func contains(_ state: UInt64) -> Bool { keys[slot(of: state)] == state }

    func parent(of state: UInt64) -> UInt64? {
        let slot = slot(of: state)
        return keys[slot] == state && parents[slot] != state ? parents[slot] : nil
    }

    private func slot(of state: UInt64) -> Int {
        var mixed = state &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 29
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: mixed) & mask
        while keys[slot] != Self.free, keys[slot] != state { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = (keys, parents)
        keys = Array(repeating: Self.free, count: old.0.count * 2)
        parents = Array(repeating: Self.free, count: old.0.count * 2)
        for (key, parent) in zip(old.0, old.1) where key != Self.free {
            let slot = slot(of: key)
            keys[slot] = key
            parents[slot] = parent
        }
    }
}
