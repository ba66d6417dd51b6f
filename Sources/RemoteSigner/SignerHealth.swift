import SSZ

/// How a remote signer says it is. Source: remote-signer.md §A.1.
package enum SignerHealth: Hashable, Sendable {
    case up
    /// It answers, and something in it is down, e.g. its slashing protection.
    case unhealthy(String)
    case unreachable(String)
    /// It has no such page.
    case unknown

    /// - Parameters:
    ///   - upcheck: status of `GET /upcheck`.
    ///   - healthcheck: status and body of `GET /healthcheck`; nil if it did not answer.
    init(upcheck: Int, healthcheck: (status: Int, body: [UInt8])?) {
        if let healthcheck, healthcheck.status == 503 {
            self = .unhealthy(Self.failing(in: healthcheck.body))
            return
        }
        switch upcheck {
        case 200..<300: self = .up
        case 400..<500: self = healthcheck?.status == 200 ? .up : .unknown
        default: self = .unhealthy("status \(upcheck) of /upcheck")
        }
    }

    /// Names of checks that are down, cut to size.
    private static func failing(in body: [UInt8]) -> String {
        let json = try? JSONValue(parsing: body, limits: JSONLimits(bytesMax: SignerAnswer.bytesMax))
        let names = (json?["checks"]?.array ?? []).prefix(16)
            .filter { $0["status"]?.string?.uppercased() == "DOWN" }
            .compactMap { $0["id"]?.string ?? $0["name"]?.string }.map { String($0.prefix(64)) }
        return names.isEmpty
            ? "its /healthcheck says DOWN" : "its /healthcheck says DOWN: \(names.joined(separator: ", "))"
    }
}
