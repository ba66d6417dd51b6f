/// `host:port` or `[ip6]:port`, to connect to.
package struct TCPAddress: Hashable, Sendable, CustomStringConvertible {
    let host: String
    let port: Int

    package init(_ text: String, flag: String) throws(DiagnosticsError) {
        let fault = DiagnosticsError.flag(flag, "is '\(text.prefix(100))'; write host:port, e.g. 127.0.0.1:3600")
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            throw fault
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw fault
        }
        guard !host.isEmpty, !host.contains(where: { $0 == "/" || $0.isWhitespace }) else { throw fault }
        self.host = String(host)
        self.port = Int(port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
