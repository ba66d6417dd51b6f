/// Where spans go, and as whom this program comes.
package struct CollectorAddress: Sendable {
    /// A name or an IP address, without brackets.
    package let host: String
    package let port: Int
    /// Without TLS.
    package let isPlain: Bool
    /// Of each request; names in lower case. They may be secrets.
    package let headers: [(name: String, value: String)]
    package let userAgent: String

    package init(
        host: String, port: Int, isPlain: Bool, headers: [(name: String, value: String)] = [], userAgent: String
    ) {
        self.host = host
        self.port = port
        self.isPlain = isPlain
        self.headers = headers
        self.userAgent = userAgent
    }
}

/// Without what may be a secret.
extension CollectorAddress: CustomStringConvertible, CustomReflectable {
    package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
