/// The forks whose containers we know, in order. The raw value is Charon's wire number (protocols.md 2.5).
package enum ForkName: Int, CaseIterable, Comparable, Hashable, Sendable, CustomStringConvertible {
    case phase0 = 0
    case altair
    case bellatrix
    case capella
    case deneb
    case electra
    case fulu

    /// Lower case, as in the header `Eth-Consensus-Version`.
    package var name: String {
        switch self {
        case .phase0: "phase0"
        case .altair: "altair"
        case .bellatrix: "bellatrix"
        case .capella: "capella"
        case .deneb: "deneb"
        case .electra: "electra"
        case .fulu: "fulu"
        }
    }

    /// A name in any case; nil if it is none of ours.
    package init?(name: String) {
        let lowercased = name.lowercased()
        guard let fork = Self.allCases.first(where: { $0.name == lowercased }) else { return nil }
        self = fork
    }

    package var description: String { name }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
