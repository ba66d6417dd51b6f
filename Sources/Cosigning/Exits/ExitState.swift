import Ethereum
import SSZ

/// How far one validator's exit is, as the operator's node says (`/styx/v1/exits/{epoch}`).
struct ExitState: Equatable, Sendable {
    enum Stage: Equatable, Sendable {
        case open
        /// The node hands it to its beacon node.
        case complete
        case published
        /// By the node's beacon node, with its reason.
        case refused(String)
    }

    let pubKey: PubKey
    /// Of operators who asked, as far as the node knows. From 1.
    let shares: [Int]
    let stage: Stage

    private static let sharesMax = 256

    init(pubKey: PubKey, shares: [Int], stage: Stage) {
        self.pubKey = pubKey
        self.shares = shares
        self.stage = stage
    }

    init(json: JSONValue) throws(SSZError) {
        pubKey = try json.field("pubkey")
        shares = try json.member("shares") { json throws(SSZError) in
            try json.elements(limit: Self.sharesMax) { json throws(SSZError) in
                guard let share = json.string.flatMap({ Int($0) }), share > 0 else {
                    throw SSZError(.json(expected: "a share's number, as text"))
                }
                return share
            }
        }
        switch json["status"]?.string {
        case "open"?: stage = .open
        case "complete"?: stage = .complete
        case "published"?: stage = .published
        case "refused"?: stage = .refused(json["reason"]?.string ?? "no reason given")
        default: throw SSZError(.json(expected: "open, complete, published or refused"))
        }
    }
}
