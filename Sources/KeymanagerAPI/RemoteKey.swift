import Ethereum
import SSZ

/// One of `POST /eth/v1/remotekeys`.
package struct RemoteKey: Hashable, Sendable {
    package let pubKey: PubKey
    /// Of its signer; nil for any.
    package let url: String?

    private static let urlBytesMax = 2048

    package init(pubKey: PubKey, url: String?) {
        self.pubKey = pubKey
        self.url = url
    }

    static func list(_ json: JSONValue) throws(KeymanagerFault) -> [RemoteKey] {
        try RequestBounds.list(json, "remote_keys") { (item) throws(SSZError) -> RemoteKey in
            let url = item["url"]?.string
            guard (url?.utf8.count ?? 0) <= urlBytesMax else { throw SSZError(.limit(urlBytesMax)).inside("url") }
            return RemoteKey(pubKey: try item.member("pubkey", PubKey.init(keymanagerJSON:)), url: url)
        }
    }
}
