/// Why bytes from a peer or the journal are not a duty's value.
package enum WireError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    /// Known on the network, not carried by this node yet.
    case unsupportedDuty(DutyType)
    case deprecatedDuty(DutyType)
    case unknownDutyType(Int32)

    package var description: String {
        switch self {
        case .malformed(let what): "malformed \(what)"
        case .unsupportedDuty(let type): "unsupported duty type \(type.name)"
        case .deprecatedDuty(let type): "deprecated duty \(type.name)"
        case .unknownDutyType(let raw): "unknown duty type \(raw)"
        }
    }
}
