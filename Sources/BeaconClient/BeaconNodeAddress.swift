import BeaconAPI
import FoundationEssentials

/// Where a beacon node listens: `http[s]://[user:password@]host[:port][/prefix][?query]`.
package struct BeaconNodeAddress: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Scheme, host, port and path prefix, without credentials and without trailing slash.
    let base: String
    /// Goes before the parameters of every request, e.g. `apikey=…`; empty without.
    let query: String
    /// `Basic …`, from the URL's user and password; nil without them.
    let authorization: String?
    /// For logs and metrics: without credentials, path and query, which often are API keys.
    package let description: String
    /// Parts that nobody else may learn.
    let secrets: [String]

    /// Why a text is no address. Never repeats the text: it may hold a password.
    package enum Fault: Error, Equatable, CustomStringConvertible {
        case notURL
        case scheme
        case host
        case fragment

        package var description: String {
            switch self {
            case .notURL: "beacon node address is not a URL"
            case .scheme: "beacon node address must start with http:// or https://"
            case .host: "beacon node address without host"
            case .fragment: "beacon node address with fragment"
            }
        }
    }

    package init(_ text: String) throws(Fault) {
        guard let parts = URLComponents(string: text) else { throw .notURL }
        guard let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https" else { throw .scheme }
        guard let host = parts.encodedHost, !host.isEmpty else { throw .host }
        guard parts.fragment == nil else { throw .fragment }

        let origin = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        base = origin + path
        query = parts.percentEncodedQuery ?? ""
        description = path.isEmpty && query.isEmpty ? origin : origin + "/…"

        let credentials = parts.user.map { Data("\($0):\(parts.password ?? "")".utf8).base64EncodedString() }
        authorization = credentials.map { "Basic " + $0 }
        let given = [parts.user, parts.password, parts.percentEncodedUser, parts.percentEncodedPassword, credentials]
        let values =
            (parts.queryItems ?? []).compactMap(\.value) + (parts.percentEncodedQueryItems ?? []).compactMap(\.value)
        secrets = given.compactMap(\.self) + [path, query] + values
    }

    package var customMirror: Mirror { Mirror(self, children: []) }

    /// - Parameter target: path and query, starting with `/`.
    func url(_ target: String) -> String {
        guard !query.isEmpty else { return base + target }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return base + parts[0] + "?" + query + (parts.count > 1 && !parts[1].isEmpty ? "&" + parts[1] : "")
    }
}
