import OTLP
import Program

/// Where this node's traces go, as it was given. Empty means not given.
package struct TracingFlags: Sendable {
    private static let addressFlag = "otlp-address"
    private static let headersFlag = "otlp-headers"
    private static let serviceFlag = "otlp-service-name"
    private static let headersMax = 32
    /// Of one name and value: collectors take some kilobytes of headers.
    private static let headerBytesMax = 4096
    private static let serviceBytesMax = 128
    /// Of a DNS name.
    private static let hostBytesMax = 253

    /// `host:port`; no tracing if empty.
    package var address = ""
    /// `name=value`.
    package var headers: [String] = []
    /// Without TLS.
    package var isPlain = false
    package var serviceName = "charon"

    package init() {}

    /// Nil without tracing.
    func collector() throws(ConfigurationError) -> CollectorAddress? {
        guard !address.isEmpty else { return nil }
        let (host, port) = try hostAndPort()
        guard !serviceName.isEmpty, serviceName.utf8.count <= Self.serviceBytesMax else {
            throw ConfigurationError(
                flag: Self.serviceFlag, what: "has \(serviceName.utf8.count) bytes",
                cure: "use 1 to \(Self.serviceBytesMax)")
        }
        return CollectorAddress(
            host: host, port: port, isPlain: isPlain, headers: try namedHeaders(), userAgent: BuildInfo.userAgent)
    }

    private func hostAndPort() throws(ConfigurationError) -> (String, Int) {
        // The text may hold a password: never repeated.
        let refusal = ConfigurationError(
            flag: Self.addressFlag, what: "is not host:port",
            cure: "write the collector's gRPC port without http://, e.g. tempo:4317 or [::1]:4317")
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]),
            port > 0
        else { throw refusal }
        var host = address[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        let isFit = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            case UInt8(ascii: ":"): isBracketed
            default: false
            }
        }
        guard !host.isEmpty, host.utf8.count <= Self.hostBytesMax, isFit else { throw refusal }
        return (String(host), Int(port))
    }

    private func namedHeaders() throws(ConfigurationError) -> [(name: String, value: String)] {
        func refused(_ what: String, _ cure: String) -> ConfigurationError {
            ConfigurationError(flag: Self.headersFlag, what: what, cure: cure)
        }
        guard headers.count <= Self.headersMax else {
            throw refused("has \(headers.count) headers", "give at most \(Self.headersMax)")
        }
        var named: [(name: String, value: String)] = []
        for header in headers {
            guard let equals = header.firstIndex(of: "="), equals > header.startIndex else {
                throw refused("has an entry that is not name=value", "write e.g. authorization=secret")
            }
            let name = header[..<equals].lowercased()
            let value = String(header[header.index(after: equals)...])
            guard header.utf8.count <= Self.headerBytesMax, name.utf8.allSatisfy(Self.isNameByte),
                value.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
            else {
                throw refused(
                    "has an entry that is no header",
                    "use letters, digits, - _ . in names and printable ASCII in values, at most "
                        + "\(Self.headerBytesMax) bytes")
            }
            guard !name.hasPrefix("grpc-"), !["te", "content-type", "user-agent", "connection"].contains(name) else {
                throw refused("sets \(name), which the protocol sets", "leave it out")
            }
            named.append((name: name, value: value))
        }
        return named
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

/// Headers may be secrets.
extension TracingFlags: CustomStringConvertible, CustomReflectable {
    package var description: String { "\(headers.count) headers for traces" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
