import BeaconAPI
import Cluster
import Ethereum
import SSZ

/// What operators have handed over of one validator's deposits. Source: spec/cli-create.md §12.4.
struct CollectedDeposits: Sendable {
    struct Amount: Sendable {
        let amount: Gwei
        let partials: [Partial]
    }

    struct Partial: Sendable {
        let share: Bytes48
        /// Nil: not signed yet.
        let signature: SignatureBytes?
    }

    let pubKey: PubKey
    let withdrawalCredentials: Bytes32
    /// Each once.
    let amounts: [Amount]
    private static let amountsMax = 256

    static func answerBytesMax(nodes: Int) -> Int { 64 << 10 + amountsMax * nodes * 512 }

    init(json bytes: [UInt8], of pubKey: PubKey, nodes: Int) throws(AnswerFault) {
        let json = try AnswerJSON.parse(bytes, about: pubKey)
        let (named, credentials, amounts) = try AnswerJSON.read(about: pubKey) { () throws(SSZError) in
            (
                try json.field("pubkey") as PubKey, try json.field("withdrawal_credentials") as Bytes32,
                try json.member("amounts") { json throws(SSZError) in
                    try json.elements(limit: Self.amountsMax) { json throws(SSZError) in
                        try Self.amount(json, nodes: nodes)
                    }
                }
            )
        }
        guard named == pubKey else { throw AnswerFault(pubKey, "is about validator \(named)") }
        guard Set(amounts.map(\.amount)).count == amounts.count else {
            throw AnswerFault(pubKey, "has one amount twice")
        }
        self.pubKey = pubKey
        withdrawalCredentials = credentials
        self.amounts = amounts
    }

    private static func amount(_ json: JSONValue, nodes: Int) throws(SSZError) -> Amount {
        Amount(
            amount: try json.field("amount"),
            partials: try json.member("partials") { json throws(SSZError) in
                try json.elements(limit: nodes) { json throws(SSZError) in
                    Partial(
                        share: try json.field("partial_public_key"),
                        signature: try json.member("partial_deposit_signature") { json throws(SSZError) in
                            try AnswerJSON.signature(json)
                        })
                }
            })
    }

    /// The deposits that enough operators have signed, verified, and the amounts that too few have.
    func assemble(
        _ validator: ClusterKeys.Validator, threshold: Int, forkVersion: ForkVersion
    ) throws(AnswerFault) -> (deposits: [DepositData], short: [(amount: Gwei, signatures: Int)]) {
        var deposits: [DepositData] = []
        var short: [(Gwei, Int)] = []
        for row in amounts.sorted(by: { $0.amount < $1.amount }) {
            let message = DepositMessage(
                pubKey: pubKey, withdrawalCredentials: withdrawalCredentials, amount: row.amount)
            var partials = PartialSignatures(validator, over: message.signingRoot(forkVersion))
            for (i, partial) in row.partials.enumerated() {
                guard let signature = partial.signature else { continue }
                let place = "partials[\(i)] of \(row.amount) Gwei"
                guard let index = validator.shares.firstIndex(where: { $0.bytes == partial.share }) else {
                    throw AnswerFault(pubKey, "\(place) is by \(partial.share), no key share of this validator")
                }
                try partials.add(signature, place, by: index + 1)
            }
            guard partials.byIndex.count >= threshold else {
                short.append((row.amount, partials.byIndex.count))
                continue
            }
            let signature = try partials.recover(threshold: threshold, cure: "")
            deposits.append(
                DepositData(
                    pubKey: pubKey, withdrawalCredentials: withdrawalCredentials, amount: row.amount,
                    signature: signature))
        }
        return (deposits, short)
    }
}
