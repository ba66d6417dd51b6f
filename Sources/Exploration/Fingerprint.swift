/// 128 bits that stand for a value and everything in it, private fields included. Within one process only.
///
/// What is `Hashable` counts by that; everything else is walked by reflection. Dictionaries and sets count whatever
/// order they are in. Functions, and fields of these names, do not count.
struct Fingerprint: Hashable, Sendable {
    private var first: UInt64 = 0
    private var second: UInt64 = 0

    init(of value: Any, without names: Set<String> = []) {
        self = Self.walk(value, names)
    }

    private init(leaf: some Hashable) {
        var hasher = Hasher()
        hasher.combine(1 as UInt8)
        hasher.combine(leaf)
        first = UInt64(bitPattern: Int64(hasher.finalize()))
        hasher = Hasher()
        hasher.combine(leaf)
        hasher.combine(2 as UInt8)
        second = UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private init(_ parts: [Fingerprint], label: String) {
        self.init(
            leaf: [label.hashValue]
                + parts.flatMap { [Int(truncatingIfNeeded: $0.first), Int(truncatingIfNeeded: $0.second)] })
    }

    private static func walk(_ value: Any, _ names: Set<String>) -> Fingerprint {
        if let leaf = value as? any Hashable { return Fingerprint(leaf: AnyHashable(leaf)) }
        let mirror = Mirror(reflecting: value)
        var parts: [Fingerprint] = []
        for (label, child) in mirror.children {
            if let label, names.contains(label) { continue }
            parts.append(walk(child, names))
        }
        if parts.isEmpty { return Fingerprint(leaf: mirror.displayStyle == nil ? "" : "\(value)") }
        // Elements of a dictionary are pairs of key and value.
        if mirror.displayStyle == .dictionary || mirror.displayStyle == .set {
            parts.sort { ($0.first, $0.second) < ($1.first, $1.second) }
        }
        // The case of an enumeration is its child's label.
        let isCase = mirror.displayStyle == .enum
        return Fingerprint(parts, label: isCase ? mirror.children.first?.label ?? "" : "")
    }
}
