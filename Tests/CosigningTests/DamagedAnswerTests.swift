import BLS
import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import Cosigning

/// Answers with random damage: read or refused, never a trap, and nothing is made of them that does not verify.
@Suite("damaged answers", .timeLimit(.minutes(5)))
struct DamagedAnswerTests {
    private static let rounds = 500
    private static let forkVersion = Network.hoodi.genesisForkVersion
    private let secret: SecretKey
    private let shares: [SecretKey]
    private let validator: ClusterKeys.Validator
    private var pubKey: PubKey { validator.publicKey.bytes }

    init() throws {
        var random = SeededGenerator(seed: 8)
        secret = SecretKey.random(using: &random)
        shares = try secret.split(threshold: 2, shares: 3, using: &random).sorted { $0.key < $1.key }.map(\.value)
        validator = ClusterKeys.Validator(publicKey: secret.publicKey, shares: shares.map(\.publicKey))
    }

    /// - Returns: how many damaged answers were still good for something.
    private func survive(_ answer: JSONValue, _ use: ([UInt8]) throws -> Bool) -> Int {
        let bytes = answer.bytes()
        var random = SeededGenerator(seed: 9)
        return (0..<Self.rounds).count(where: { _ in (try? use(Mutation.damage(bytes, using: &random))) ?? false })
    }

    @Test("an exit")
    func exit() throws {
        var message = VoluntaryExit()
        message.epoch = 7
        func root(_ message: VoluntaryExit) -> Root { message.hashTreeRoot() }
        let signatures: [JSONValue] = shares.map { .string($0.sign(root(message)).bytes.hex) }
        let survivors = survive([
            "epoch": "7", "validator_index": "0", "signatures": .array(signatures + [""]),
        ]) { bytes in
            let collected = try CollectedExit(json: bytes, of: pubKey)
            let exit = try collected.assemble(validator, threshold: 2, root: root(collected.message))
            #expect(exit == SignedVoluntaryExit(message: message, signature: secret.sign(root(message)).bytes))
            return true
        }
        // Damage to white space, order or case only is rare, but there is some.
        #expect(survivors < Self.rounds / 10)
    }

    @Test("deposits")
    func deposits() throws {
        let message = DepositMessage(pubKey: pubKey, withdrawalCredentials: Bytes32(padding: [1]), amount: 5)
        let root = message.signingRoot(Self.forkVersion)
        let partials: [JSONValue] = shares.map { share in
            [
                "partial_public_key": .string(share.publicKey.bytes.hex),
                "partial_deposit_signature": .string(share.sign(root).bytes.hex),
            ]
        }
        let survivors = survive([
            "pubkey": .string(pubKey.hex), "withdrawal_credentials": .string(message.withdrawalCredentials.hex),
            "amounts": [["amount": "5", "partials": .array(partials)]],
        ]) { bytes in
            let collected = try CollectedDeposits(json: bytes, of: pubKey, nodes: 3)
            let (deposits, _) = try collected.assemble(validator, threshold: 2, forkVersion: Self.forkVersion)
            let signature = secret.sign(root).bytes
            for deposit in deposits { #expect(deposit.signature == signature && deposit.amount == 5) }
            return !deposits.isEmpty
        }
        #expect(survivors < Self.rounds / 10)
    }

    @Test("registrations")
    func registrations() throws {
        let message = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [3]), gasLimit: 30, timestamp: 40, pubKey: pubKey)
        let root = message.signingRoot(Self.forkVersion)
        let partials: [JSONValue] = shares.enumerated().map { i, share in
            ["share_index": JSONValue(i + 1), "signature": .string(share.sign(root).bytes.hex)]
        }
        let group: JSONValue = ["message": message.json(), "partial_signatures": .array(partials), "quorum": true]
        let survivors = survive([
            "validators": [["pubkey": .string(pubKey.hex), "builder_registrations": [group]]]
        ]) { bytes in
            let collected = try CollectedRegistrations(json: bytes, of: [pubKey], nodes: 3)
            guard let agreed = try collected.groups(of: pubKey).agreed else { return false }
            let registration = try agreed.assemble(validator, threshold: 2, forkVersion: Self.forkVersion)
            #expect(registration == SignedValidatorRegistration(message: message, signature: secret.sign(root).bytes))
            return true
        }
        #expect(survivors < Self.rounds / 10)
    }
}
