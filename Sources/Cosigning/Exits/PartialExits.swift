import Cluster
import Ethereum
import SSZ

/// One operator's part of exits, as it is handed over. Source: spec/cli-create.md §12.3.
struct PartialExits: Sendable {
    struct Entry: Sendable {
        let pubKey: PubKey
        /// Signed by the operator's key share.
        let exit: SignedVoluntaryExit
    }

    /// Ascending by validator index.
    let entries: [Entry]
    let shareIndex: Int
    private static let entriesMax = 65536

    init(_ entries: [Entry], shareIndex: Int) {
        self.entries = entries.sorted { $0.exit.message.validatorIndex < $1.exit.message.validatorIndex }
        self.shareIndex = shareIndex
    }

    /// What the identity key signs.
    func root() throws(ClusterError) -> Root {
        var walker = HashWalker()
        try walker.list(entries, max: Self.entriesMax, "partial_exits") { walker, entry, _ throws(ClusterError) in
            try walker.box { item throws(ClusterError) in
                item.raw(entry.pubKey.bytes)
                try item.box { signed throws(ClusterError) in
                    try signed.box { message throws(ClusterError) in
                        message.uint64(entry.exit.message.epoch.rawValue)
                        message.uint64(entry.exit.message.validatorIndex.rawValue)
                    }
                    signed.raw(entry.exit.signature.bytes)
                }
            }
        }
        walker.uint64(UInt64(shareIndex))
        return walker.root
    }

    /// - Parameter signature: of the identity key over `root`.
    func body(signature: Bytes65) -> JSONValue {
        let rows: [JSONValue] = entries.map { entry in
            ["public_key": .string(entry.pubKey.hex), "signed_exit_message": entry.exit.json()]
        }
        return [
            "partial_exits": .array(rows), "share_idx": JSONValue(shareIndex), "signature": .string(signature.hex),
        ]
    }
}
