import BeaconAPI
import BeaconTestSupport
import Cluster
import Ethereum
import SSZ
import Secp256k1
import Synchronization

/// The Obol API for one cluster, as spec/cli-create.md §12 describes it. Written without the client's code, so that the
/// two check each other.
package final class ObolStandIn: Sendable {
    private struct State {
        /// By validator, then by share index.
        var exits: [String: [Int: JSONValue]] = [:]
        /// By validator, then credentials and amount, then by share index.
        var deposits: [String: [String: [Int: String]]] = [:]
        var credentials: [String: String] = [:]
        /// By validator: messages, each with signatures by share index.
        var registrations: [String: [(message: JSONValue, partials: [Int: String])]] = [:]
        var replacement: (@Sendable (ProxyRequest) -> FakeBeaconNode.Answer?)?
    }

    private let lock: Lock
    private let operators: [Secp256k1.PublicKey]
    private let state = Mutex(State())

    package init(_ cluster: SmallCluster) {
        lock = cluster.lock
        operators = cluster.creation.nodes.map(\.identity.publicKey)
    }

    /// What is answered instead, where it is not nil: for a service that lies.
    package func replace(_ answer: (@Sendable (ProxyRequest) -> FakeBeaconNode.Answer?)?) {
        state.withLock { $0.replacement = answer }
    }

    package func answer(_ request: ProxyRequest) -> FakeBeaconNode.Answer {
        if let answer = state.withLock({ $0.replacement })?(request) { return answer }
        let path = request.target.split(separator: "/").map(String.init)
        let body = (try? JSONValue(parsing: request.body)) ?? .null
        guard path.contains(lock.lockHash.hex) else { return Self.text(404, "lock not found") }
        return state.withLock { state in
            switch (request.method, path.count, path.first, path.dropFirst().first) {
            case ("POST", 3, "exp", "partial_exits"): return takeExits(&state, body)
            case ("GET", 5, "exp", "exit"):
                guard isAuthorized(request, path) else { return Self.text(401, "not authorized") }
                return exit(state, path[4])
            case ("DELETE", 5, "exp", "partial_exits"):
                guard isAuthorized(request, path) else { return Self.text(401, "not authorized") }
                let old = state.exits[path[4]]?.removeValue(forKey: Int(path[3]) ?? 0)
                return old == nil ? Self.text(404, "no partial exit") : .json("{}")
            case ("POST", 4, "deposit_data", "partial_deposits"): return takeDeposits(&state, path[3], body)
            case ("GET", 3, "deposit_data", _): return deposits(state, path[2])
            case ("POST", 4, "fee_recipient", "partial"): return takeRegistrations(&state, path[3], body)
            case ("POST", 2, "fee_recipient", _): return registrations(state, body)
            default: return Self.text(404, "page not found")
            }
        }
    }

    private static func text(_ status: Int, _ message: String) -> FakeBeaconNode.Answer {
        .json((["code": JSONValue(status), "message": .string(message)] as JSONValue).text(), status: status)
    }

    // MARK: Exits

    private func takeExits(_ state: inout State, _ body: JSONValue) -> FakeBeaconNode.Answer {
        guard let share = body["share_idx"]?.integer.map({ Int($0) }), operators.indices.contains(share - 1),
            let rows = body["partial_exits"]?.array, let hex = body["signature"]?.string,
            let signature = try? Bytes65(hex: hex),
            operators[share - 1].verify(digest: Self.exitsRoot(rows, share), signature65: signature)
        else { return Self.text(401, "bad signature of partial exits") }
        var isNew = false
        for row in rows {
            guard let key = row["public_key"]?.string, let exit = row["signed_exit_message"] else {
                return Self.text(400, "bad partial exit")
            }
            if state.exits[key]?[share] == nil { isNew = true }
            state.exits[key, default: [:]][share] = exit
        }
        return isNew ? .json("{}", status: 201) : Self.text(409, "duplicate partial exit")
    }

    private func exit(_ state: State, _ key: String) -> FakeBeaconNode.Answer {
        guard let exits = state.exits[key], let first = exits.min(by: { $0.key < $1.key })?.value["message"] else {
            return Self.text(404, "no exit")
        }
        let signatures: [JSONValue] = operators.indices.map { exits[$0 + 1]?["signature"] ?? "" }
        return .json(
            ([
                "epoch": first["epoch"] ?? .null, "validator_index": first["validator_index"] ?? .null,
                "signatures": .array(signatures),
            ] as JSONValue).text())
    }

    private func isAuthorized(_ request: ProxyRequest, _ path: [String]) -> Bool {
        guard let share = Int(path[3]), operators.indices.contains(share - 1),
            let bearer = request.headers["authorization"], bearer.hasPrefix("Bearer 0x"),
            let signature = try? Bytes65(hex: String(bearer.dropFirst("Bearer ".count))),
            let pubKey = try? PubKey(hex: path[4])
        else { return false }
        let root = Self.tree([lock.lockHash, Self.tree(Self.chunks(pubKey.bytes)), Self.chunk(UInt64(share))])
        return operators[share - 1].verify(digest: root, signature65: signature)
    }

    // MARK: Deposits

    private func takeDeposits(_ state: inout State, _ share: String, _ body: JSONValue) -> FakeBeaconNode.Answer {
        for row in body["partial_deposit_data"]?.array ?? [] {
            guard let key = row["pubkey"]?.string, let credentials = row["withdrawal_credentials"]?.string,
                let amount = row["amount"]?.string, let signature = row["signature"]?.string, let share = Int(share)
            else { return Self.text(400, "bad partial deposit") }
            state.credentials[key] = credentials
            state.deposits[key, default: [:]][amount, default: [:]][share] = signature
        }
        return .json("{}")
    }

    private func deposits(_ state: State, _ key: String) -> FakeBeaconNode.Answer {
        guard let amounts = state.deposits[key], let credentials = state.credentials[key] else {
            return Self.text(404, "no deposit data")
        }
        let shares = lock.validators.first { Hex.encode($0.publicKey) == key }?.publicShares ?? []
        let rows: [JSONValue] = amounts.sorted { $0.key < $1.key }.map { amount, partials in
            let signatures: [JSONValue] = shares.enumerated().map { i, share in
                [
                    "partial_public_key": .string(Hex.encodeBare(share)),
                    "partial_deposit_signature": .string(partials[i + 1] ?? ""),
                ]
            }
            return ["amount": .string(amount), "partials": .array(signatures)]
        }
        return .json(
            ([
                "pubkey": .string(String(key.dropFirst(2))), "withdrawal_credentials": .string(credentials),
                "amounts": .array(rows),
            ] as JSONValue).text())
    }

    // MARK: Registrations

    private func takeRegistrations(_ state: inout State, _ share: String, _ body: JSONValue) -> FakeBeaconNode.Answer {
        for row in body["partial_registrations"]?.array ?? [] {
            guard let message = row["message"], let key = message["pubkey"]?.string, let share = Int(share),
                let signature = row["signature"]?.string
            else { return Self.text(400, "bad partial registration") }
            var groups = state.registrations[key] ?? []
            if let i = groups.firstIndex(where: { $0.message == message }) {
                guard groups[i].partials[share] == nil else { return Self.text(409, "duplicate") }
                groups[i].partials[share] = signature
            } else {
                groups.append((message, [share: signature]))
            }
            state.registrations[key] = groups
        }
        return .json("{}", status: 201)
    }

    private func registrations(_ state: State, _ body: JSONValue) -> FakeBeaconNode.Answer {
        let asked = Set(body["pubkeys"]?.array?.compactMap(\.string) ?? [])
        let found = state.registrations.filter { asked.isEmpty || asked.contains($0.key) }.sorted { $0.key < $1.key }
        guard !found.isEmpty else { return Self.text(404, "no partial registrations found") }
        let rows: [JSONValue] = found.map { key, groups in
            let list: [JSONValue] = groups.map { group in
                let partials: [JSONValue] = group.partials.sorted { $0.key < $1.key }.map { share, signature in
                    ["share_index": JSONValue(share), "signature": .string(signature)]
                }
                return [
                    "message": group.message, "partial_signatures": .array(partials),
                    "quorum": .bool(group.partials.count >= lock.definition.threshold),
                ]
            }
            return ["pubkey": .string(key), "builder_registrations": .array(list)]
        }
        return .json((["validators": .array(rows)] as JSONValue).text())
    }

    // MARK: Roots, spelled out

    private static func exitsRoot(_ rows: [JSONValue], _ share: Int) -> Root {
        let leaves = rows.map { row in
            let exit = row["signed_exit_message"]
            let message = tree([
                chunk(exit?["message"]?["epoch"]?.uint64 ?? 0),
                chunk(exit?["message"]?["validator_index"]?.uint64 ?? 0),
            ])
            let signature = bytes(exit?["signature"])
            return tree([tree(chunks(bytes(row["public_key"]))), tree([message, tree(chunks(signature))])])
        }
        return tree([SHA256.hash(tree(leaves, depth: 16), chunk(UInt64(rows.count))), chunk(UInt64(share))])
    }

    private static func bytes(_ json: JSONValue?) -> [UInt8] {
        (try? Hex.decode(json?.string ?? "", bytesMax: 96)) ?? []
    }

    private static func chunk(_ value: UInt64) -> Root {
        Root(padding: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    }

    private static func chunks(_ bytes: [UInt8]) -> [Root] {
        stride(from: 0, to: bytes.count, by: 32).map { Root(padding: bytes[$0..<min($0 + 32, bytes.count)]) }
    }

    private static func tree(_ leaves: [Root], depth: Int? = nil) -> Root {
        var width = 1
        while width < leaves.count { width *= 2 }
        var zero = Root.zero
        var level = leaves + [Root](repeating: .zero, count: width - leaves.count)
        var height = 0
        while level.count > 1 || height < depth ?? 0 {
            if level.count == 1 { level.append(zero) }
            level = stride(from: 0, to: level.count, by: 2).map { SHA256.hash(level[$0], level[$0 + 1]) }
            zero = SHA256.hash(zero, zero)
            height += 1
        }
        return level.first ?? .zero
    }
}
