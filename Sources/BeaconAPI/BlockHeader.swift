import Ethereum
import SSZ

/// The `data` of `GET /eth/v1/beacon/headers/{block_id}`.
package struct BlockHeader: Hashable, Sendable {
    package var root: Root
    /// On the chain of the node's head.
    package var isCanonical: Bool
    package var signed: SignedBeaconBlockHeader

    package init(root: Root, isCanonical: Bool, signed: SignedBeaconBlockHeader) {
        self.root = root
        self.isCanonical = isCanonical
        self.signed = signed
    }

    package init(json: JSONValue) throws(SSZError) {
        root = try json.field("root")
        isCanonical = try json.field("canonical")
        signed = try json.field("header")
    }

    package func json() -> JSONValue {
        ["root": root.json(), "canonical": .bool(isCanonical), "header": signed.json()]
    }
}
