import Program

/// Why a case failed. For people.
enum CaseFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// An answer, but a bad one.
    case unexpected(String)
    /// Something took longer than this.
    case late(Duration)
    /// Of so many pings under load.
    case pings(failed: Int, of: Int, first: String)
    /// `--timeout` is over.
    case timeout(Duration)
    /// The user wanted an end.
    case interrupted

    var description: String {
        switch self {
        case .unexpected(let what): what
        case .late(let limit): "no answer within \(GoDuration.format(limit))"
        case .pings(let failed, let all, let first): "\(failed) of \(all) pings failed, the first: \(first)"
        case .timeout(let limit): "not finished within --timeout \(GoDuration.format(limit))"
        case .interrupted: "interrupted"
        }
    }
}
