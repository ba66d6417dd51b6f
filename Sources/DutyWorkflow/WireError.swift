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

extension WireError {
    /// Says what was being read when something else failed.
    static func wrap<R>(_ what: String, _ body: () throws -> R) throws(WireError) -> R {
        do {
            return try body()
        } catch let error as WireError {
            throw error
        } catch {
            throw .malformed("\(what): \(error)")
        }
    }
}
