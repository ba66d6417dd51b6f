import BeaconAPI
import FoundationEssentials

/// Where a beacon node listens: `http[s]://[user:password@]host[:port][/prefix]`.
package struct BeaconNodeAddress: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Scheme, host, port and path prefix, without credentials and without trailing slash.
    let base: String
    /// `Basic …`, from the URL's user and password; nil without them.
    let authorization: String?
    /// For logs and metrics: without credentials, and without the path, which often is an API key.
    package let description: String
    /// Parts that nobody else may learn.
    let secrets: [String]

    /// Why a text is no address. Never repeats the text: it may hold a password.
    package enum Fault: Error, Equatable, CustomStringConvertible {
        case notURL
        case scheme
        case host
        case query

        package var description: String {
            switch self {
            case .notURL: "beacon node address is not a URL"
            case .scheme: "beacon node address must start with http:// or https://"
            case .host: "beacon node address without host"
            case .query: "beacon node address with query or fragment"
            }
        }
    }

    package init(_ text: String) throws(Fault) {
        guard let parts = URLComponents(string: text) else { throw .notURL }
        guard let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https" else { throw .scheme }
        guard let host = parts.encodedHost, !host.isEmpty else { throw .host }
        guard parts.query == nil, parts.fragment == nil else { throw .query }

        let origin = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        base = origin + path
        description = path.isEmpty ? origin : origin + "/…"

        let credentials = parts.user.map { Data("\($0):\(parts.password ?? "")".utf8).base64EncodedString() }
        authorization = credentials.map { "Basic " + $0 }
        let given = [parts.user, parts.password, parts.percentEncodedUser, parts.percentEncodedPassword, credentials]
        secrets = given.compactMap(\.self) + [path]
    }

    package var customMirror: Mirror { Mirror(self, children: []) }

    /// - Parameter target: path and query, starting with `/`.
    func url(_ target: String) -> String { base + target }
}
