import Foundation
import Libp2p
import Program

/// One entry of `--p2p-relays`: where to ask for a relay, or a relay itself.
enum RelaySource: Hashable, Sendable {
    case url(RelayURL)
    /// An address without its final `/p2p/…`.
    case fixed(PeerID, Multiaddr)

    /// Why an entry is of no use. For people.
    enum Fault: Error, Equatable, CustomStringConvertible {
        case malformedAddress
        case notTCP
        case malformedURL
        case surplus

        var description: String {
            switch self {
            case .malformedAddress: "no address of a relay; write e.g. /ip4/1.2.3.4/tcp/3610/p2p/16Uiu2HA…"
            case .notTCP: "no TCP address; use the relay's TCP address"
            case .malformedURL: "neither a URL nor a multiaddr; write e.g. https://0.relay.obol.tech"
            case .surplus: "more than \(RelayList.sourcesMax) relays"
            }
        }
    }

    init(_ text: String) throws(Fault) {
        if text.hasPrefix("/") {
            guard let address = try? Multiaddr(text), let relay = address.peer, let transport = address.transport else {
                throw .malformedAddress
            }
            guard transport.endpoint != nil else { throw .notTCP }
            self = .fixed(relay, transport)
        } else {
            guard let url = RelayURL(text) else { throw .malformedURL }
            self = .url(url)
        }
    }
}

/// Where a relay tells its addresses: `http[s]://[user:password@]host[:port][/path]`.
struct RelayURL: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Without credentials.
    let text: String
    /// `Basic …`, from the URL's user and password; nil without them.
    let authorization: String?
    /// Not encrypted, and what answers is not proved: whoever is in between could name a relay of its own.
    let isPlain: Bool
    /// For logs: without credentials, path and query, any of which may be a secret.
    let description: String

    var customMirror: Mirror { Mirror(self, children: []) }

    init?(_ text: String) {
        guard var parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.encodedHost, !host.isEmpty
        else { return nil }
        authorization = parts.user.map { user in
            "Basic " + Data("\(user):\(parts.password ?? "")".utf8).base64EncodedString()
        }
        parts.user = nil
        parts.password = nil
        parts.fragment = nil
        guard let bare = parts.string else { return nil }
        self.text = bare
        isPlain = scheme == "http"
        description = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }
}
