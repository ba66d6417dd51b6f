import BLS
import BeaconAPI
import BeaconTestSupport
import Cluster
import Ethereum
import SSZ
import Synchronization

/// The validator API of one operator's running node, as far as exits go (spec/validator-api.md §4.2, §4.7). Written
/// without the client's code.
package final class NodeStandIn: Sendable {
    private let lock: Lock
    private let share: Int
    private let taken = Mutex<[SignedVoluntaryExit]>([])
    private let replacement = Mutex<(@Sendable (ProxyRequest) -> FakeBeaconNode.Answer?)?>(nil)

    /// - Parameter node: from 0.
    package init(_ cluster: SmallCluster, node: Int) {
        lock = cluster.lock
        share = node
    }

    /// What was left with it.
    package var exits: [SignedVoluntaryExit] { taken.withLock { $0 } }

    /// What is answered instead, where it is not nil.
    package func replace(_ answer: (@Sendable (ProxyRequest) -> FakeBeaconNode.Answer?)?) {
        replacement.withLock { $0 = answer }
    }

    package static func error(_ status: Int, _ message: String) -> FakeBeaconNode.Answer {
        .json((["code": JSONValue(status), "message": .string(message)] as JSONValue).text(), status: status)
    }

    package func answer(_ request: ProxyRequest) -> FakeBeaconNode.Answer {
        if let answer = replacement.withLock({ $0 })?(request) { return answer }
        let body = (try? JSONValue(parsing: request.body)) ?? .null
        switch (request.method, request.target) {
        case ("POST", "/eth/v1/beacon/states/head/validators"): return validators(body)
        case ("POST", "/eth/v1/beacon/pool/voluntary_exits"):
            guard let exit = try? SignedVoluntaryExit(json: body), isByOwnShare(exit) else {
                return Self.error(400, "the signature is not by our share")
            }
            taken.withLock { $0.append(exit) }
            return FakeBeaconNode.Answer()
        default: return Self.error(404, "NotFound")
        }
    }

    private func validators(_ body: JSONValue) -> FakeBeaconNode.Answer {
        var rows: [JSONValue] = []
        for id in body["ids"]?.array?.compactMap(\.string) ?? [] {
            for (i, validator) in lock.validators.enumerated() {
                guard let holder = validator.publicShares.firstIndex(where: { Hex.encode($0) == id }) else { continue }
                guard holder == share else { return Self.error(400, "\(id) is share \(holder + 1), not \(share + 1)") }
                var record = ValidatorRecord()
                record.pubKey = PubKey(padding: validator.publicShares[holder])
                let row = BeaconValidator(
                    index: StubChain.index(of: i), balance: 32, status: .activeOngoing, validator: record)
                rows.append(row.json())
            }
        }
        return .json((["execution_optimistic": false, "finalized": false, "data": .array(rows)] as JSONValue).text())
    }

    private func isByOwnShare(_ exit: SignedVoluntaryExit) -> Bool {
        guard let i = lock.validators.indices.first(where: { StubChain.index(of: $0) == exit.message.validatorIndex }),
            let key = try? PublicKey(Bytes48(padding: lock.validators[i].publicShares[share])),
            let signature = try? Signature(exit.signature)
        else { return false }
        return key.verify(signature, over: StubChain.signingRoot(exit.message))
    }
}
