import Ethereum
import NIOCore
import SSZ

/// One signature that is wanted: by which key share, over what.
package struct SigningOrder: Sendable {
    let key: PubShare
    let root: Root
    /// Of the request; shared by all who sign the same.
    let body: ByteBuffer

    /// - Parameter body: of a `SigningRequest`, made once for all orders over its root.
    package init(key: PubShare, root: Root, body: ByteBuffer) {
        self.key = key
        self.root = root
        self.body = body
    }
}

/// What became of orders, by their position. May be a part: the rest follows.
package struct SignerOutcome: Sendable {
    /// Checked under the key shares.
    package var signatures: [Int: SignatureBytes] = [:]
    /// Over for good.
    package var failures: [Int: SigningFailure] = [:]
    /// Why some take longer: they are tried again.
    package var setbacks: Set<SigningFailure> = []

    var isEmpty: Bool { signatures.isEmpty && failures.isEmpty && setbacks.isEmpty }
}
