import SSZ

/// Why a beacon node's description of its chain cannot be used.
package enum ChainSpecError: Error, Equatable, CustomStringConvertible {
    case notAnObject
    case missing(key: String)
    case invalid(key: String, value: String)
    /// Two keys that contradict each other.
    case contradiction(String, String)
    case forkOrder(String)
    case forkSchedule(SSZError)

    package var description: String {
        switch self {
        case .notAnObject: "chain specification: not a JSON object"
        case .missing(let key): "chain specification: \(key) is missing"
        case .invalid(let key, let value): "chain specification: \(key) is \(value)"
        case .contradiction(let a, let b): "chain specification: \(a) and \(b) contradict each other"
        case .forkOrder(let problem): "fork schedule: \(problem)"
        case .forkSchedule(let error): "fork schedule: \(error)"
        }
    }
}
