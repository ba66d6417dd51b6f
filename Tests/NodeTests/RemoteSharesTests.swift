import BLS
import BeaconAPI
import BeaconTestSupport
import Cluster
import Ethereum
import Logging
import Program
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Cosigning
@testable import Node

/// What commands ask of a remote signer, over HTTP.
@Suite("commands sign by remote signers", .timeLimit(.minutes(2)))
struct RemoteSharesTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let keys = [SecretKey.random(), SecretKey.random()]

    private func orders(_ keys: [SecretKey]) throws -> [RemoteShares.Order] {
        let exit = VoluntaryExit(epoch: Epoch(9), validatorIndex: ValidatorIndex(7))
        let deposit = DepositMessage(
            pubKey: PubKey(padding: [1]), withdrawalCredentials: Bytes32(padding: [1]), amount: Gwei(32_000_000_000))
        let registration = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [2]), gasLimit: 1, timestamp: 3, pubKey: PubKey(padding: [1]))
        let version = Bytes4(padding: [4])
        let messages: [(RemoteShares.Message, Root)] = [
            (
                .exit(exit, version: version, since: Epoch(5), genesisValidatorsRoot: Root(padding: [6])),
                computeSigningRoot(
                    objectRoot: exit.hashTreeRoot(),
                    domain: computeDomain(.voluntaryExit, version: version, genesisValidatorsRoot: Root(padding: [6])))
            ), (.deposit(deposit, genesisForkVersion: version), deposit.signingRoot(version)),
            (.registration(registration), registration.signingRoot(version)),
        ]
        return messages.enumerated().map { position, item in
            RemoteShares.Order(
                share: keys[position % keys.count].publicKey, root: item.1, message: item.0)
        }
    }

    private static func answer(
        _ request: ProxyRequest, _ keys: [SecretKey], note: (JSONValue) -> Void = { _ in }
    ) -> FakeBeaconNode.Answer {
        if request.target.hasSuffix("publicKeys") {
            return .json(JSONValue.array(keys.map { .string($0.publicKey.bytes.hex) }).text())
        }
        guard let key = keys.first(where: { request.target.hasSuffix($0.publicKey.bytes.hex) }),
            let body = try? JSONValue(parsing: request.body),
            let root = body["signingRoot"]?.string.flatMap({ try? Root(hex: $0) })
        else { return .json("", status: 404) }
        note(body)
        return .json((["signature": .string(key.sign(root).bytes.hex)] as JSONValue).text())
    }

    private func outcomes(_ url: String, _ orders: [RemoteShares.Order]) async throws -> [RemoteShares.Outcome] {
        var flags = RemoteSignerFlags()
        flags.urls = [url]
        flags.timeout = .seconds(60)
        return try await RemoteShares(flags, logger: Self.quiet).sign(orders)
    }

    @Test("exits, deposits and registrations, in the words of the API; each checked under its share")
    func kinds() async throws {
        let asked = Mutex<[JSONValue]>([])
        let keys = keys
        try await FakeBeaconNode.with({ request in
            Self.answer(request, keys) { body in asked.withLock { $0.append(body) } }
        }) { signer in
            let orders = try orders(keys)
            let made = try await outcomes(signer.url, orders)
            for (order, outcome) in zip(orders, made) {
                guard case .signature(let bytes) = outcome, let signature = try? Signature(bytes) else {
                    Issue.record("\(outcome)")
                    continue
                }
                #expect(order.share.verify(signature, over: order.root))
            }
        }
        let bodies = asked.withLock { $0 }.sorted { ($0["type"]?.string ?? "") < ($1["type"]?.string ?? "") }
        #expect(bodies.map { $0["type"]?.string } == ["DEPOSIT", "VALIDATOR_REGISTRATION", "VOLUNTARY_EXIT"])
        #expect(bodies[0]["deposit"]?["genesis_fork_version"]?.string == Bytes4(padding: [4]).hex)
        #expect(bodies[0]["fork_info"] == nil && bodies[1]["fork_info"] == nil)
        #expect(bodies[2]["fork_info"]?["fork"]?["epoch"]?.string == "5")
        #expect(bodies[2]["fork_info"]?["fork"]?["current_version"]?.string == Bytes4(padding: [4]).hex)
    }

    @Test("a share that no signer has is missing; another key's signature is a failure, and named")
    func unsigned() async throws {
        let (key, stranger) = (keys[0], SecretKey.random())
        try await FakeBeaconNode.with({ Self.answer($0, [key]) }) { signer in
            let orders = try orders([stranger])
            #expect(try await outcomes(signer.url, Array(orders.prefix(1))) == [.missing])
        }
        try await FakeBeaconNode.with({ request in
            guard !request.target.hasSuffix("publicKeys") else { return Self.answer(request, [key]) }
            let wrong = key.sign(Root(padding: [0xFF])).bytes.hex
            return .json((["signature": .string(wrong)] as JSONValue).text())
        }) { signer in
            let made = try await outcomes(signer.url, Array(try orders([key]).prefix(1)))
            guard case .failed(let reason)? = made.first else {
                Issue.record("\(made)")
                return
            }
            #expect(reason.contains("made a signature that is not this key share's"))
        }
    }

    @Test("flags that make no sense are refused by name")
    func flags() {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try RemoteShares(RemoteSignerFlags(), logger: Self.quiet)
        }
        #expect(error?.flag == "signer-url")
    }
}
