import Foundation

/// `ip:port`, `[ip6]:port` or `:port`, as listen addresses are written.
package struct SocketAddressText: Hashable, Sendable {
    package let host: String
    package let port: Int

    package init(_ text: String, flag: String) throws(ConfigurationError) {
        let cure = "write ip:port, e.g. 127.0.0.1:3600"
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ConfigurationError(flag: flag, what: "is \(text)", cure: cure)
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        if host.isEmpty { host = "0.0.0.0" }
        guard Self.isIPAddress(host) else { throw ConfigurationError(flag: flag, what: "is \(text)", cure: cure) }
        self.host = host
        self.port = Int(port)
    }

    package var isIPv6: Bool { host.contains(":") }

    private static func isIPAddress(_ text: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
    }
}
