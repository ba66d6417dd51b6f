import FoundationEssentials

/// Where a service listens: `http[s]://[user:password@]host[:port][/path][?query]`.
///
/// Keeps what is secret apart: neither `description` nor `shown` can leak a password.
package struct ServiceURL: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Why a text is no address. Never repeats the text: it may hold a password.
    package enum Fault: Error, Equatable, CustomStringConvertible {
        case notURL
        case scheme
        case host
        case port

        package var description: String {
            switch self {
            case .notURL: "not a URL"
            case .scheme: "not a URL that starts with http:// or https://"
            case .host: "a URL without a host"
            case .port: "a URL whose port is not 1 to 65535"
            }
        }
    }

    package let isEncrypted: Bool
    /// Without brackets around an IPv6 address.
    package let host: String
    package let port: Int
    /// Scheme, host and port.
    package let origin: String
    /// Starts with `/` unless empty; no trailing slash.
    package let path: String
    /// With `?`; empty without a query.
    private let query: String
    /// `Basic …`, from the URL's user and password; nil without them.
    package let authorization: String?
    /// Parts that nobody else may learn, for masking.
    package let secrets: [String]

    package init(_ text: String) throws(Fault) {
        guard let parts = URLComponents(string: text) else { throw .notURL }
        guard let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https" else { throw .scheme }
        guard let host = parts.encodedHost, !host.isEmpty else { throw .host }
        let isEncrypted = scheme == "https"
        let port = parts.port ?? (isEncrypted ? 443 : 80)
        guard (1...65535).contains(port) else { throw .port }
        self.isEncrypted = isEncrypted
        self.port = port
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        origin = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        query = parts.percentEncodedQuery.map { "?" + $0 } ?? ""
        let credentials = parts.user.map { user in
            Data("\(user):\(parts.password ?? "")".utf8).base64EncodedString()
        }
        authorization = credentials.map { "Basic " + $0 }
        secrets = [parts.user, parts.password, credentials].compactMap(\.self)
    }

    /// Whether it cannot leave this machine.
    package var isLoopback: Bool { host == "localhost" || host.hasPrefix("127.") || host == "::1" }

    /// For services whose path may be an API key: without it.
    package var description: String { path.isEmpty && query.isEmpty ? origin : origin + "/…" }

    package var customMirror: Mirror { Mirror(self, children: []) }

    /// For services whose path says what was asked: without credentials and query.
    package var shown: String { origin + path }

    /// What to send a request to.
    package var target: String { origin + (path.isEmpty ? "/" : path) + query }

    /// - Parameter path: starts with `/`; put behind the URL's own path.
    package func appending(_ path: String) -> String { origin + self.path + path }

    /// Like `appending`, and the URL's own query goes before that of `path`: it may be a key.
    package func asking(_ path: String) -> String {
        guard !query.isEmpty else { return appending(path) }
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return appending(String(parts[0])) + query + (parts.count > 1 ? "&" + parts[1] : "")
    }

    /// - Parameter path: starts with `/`; put in place of the URL's own path.
    package func replacingPath(with path: String) -> String { origin + path }

    /// Where a redirect leads; nil if it leads nowhere, or from an encrypted to an open connection.
    func redirected(to location: String) -> ServiceURL? {
        guard let base = URL(string: target), let url = URL(string: location, relativeTo: base),
            let next = try? ServiceURL(url.absoluteString), next.isEncrypted || !isEncrypted
        else { return nil }
        return next
    }
}
