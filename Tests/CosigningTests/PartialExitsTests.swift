import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import Cosigning

/// Values computed from the specification by another program (vectors/cluster/derived/protocol.json).
@Suite("what the service is told of exits", .enabled(if: Vectors.has("cluster/derived/protocol.json")))
struct PartialExitsTests {
    private let vector: JSONValue
    private let identity: PrivateKey

    init() throws {
        vector = try #require(try Vectors.json("cluster/derived/protocol.json")["obol_api"])
        identity = try PrivateKey(Hex.decode(#require(vector["identity_key"]?.string), bytesMax: 32))
    }

    private func text(_ name: String) throws -> String { try #require(vector[name]?.string) }

    private func partial() throws -> PartialExits {
        let row = try #require(vector["partial_exit"])
        var exit = SignedVoluntaryExit()
        exit.message.epoch = Epoch(try #require(row["epoch"]?.uint64))
        exit.message.validatorIndex = ValidatorIndex(try #require(row["validator_index"]?.uint64))
        exit.signature = try SignatureBytes(hex: #require(row["signature"]?.string))
        let entry = PartialExits.Entry(pubKey: try PubKey(hex: text("pubkey")), exit: exit)
        return PartialExits([entry], shareIndex: Int(try #require(vector["share_index"]?.integer)))
    }

    @Test("root and signature of partial exits")
    func exits() throws {
        let root = try partial().root()
        #expect(try root == Root(hex: text("partial_exits_root")))
        #expect(try identity.sign(digest: root) == Bytes65(hex: text("partial_exits_signature")))
    }

    @Test("root and bearer of what concerns one validator")
    func authorization() throws {
        let root = try Seat.authorizationRoot(
            Root(hex: text("lock_hash")), PubKey(hex: text("pubkey")), Int(#require(vector["share_index"]?.integer)))
        #expect(try root == Root(hex: text("auth_root")))
        #expect(try "Bearer " + identity.sign(digest: root).hex == text("authorization"))
    }

    @Test("the body has Charon's members, ascending by validator index")
    func body() throws {
        let one = try #require(try partial().entries.first)
        var exit = one.exit
        exit.message.validatorIndex = 3
        let exits = PartialExits([one, .init(pubKey: one.pubKey, exit: exit)], shareIndex: 2)
        let text = exits.body(signature: .zero).text()
        let row = { (index: Int) in
            "{\"public_key\":\"\(one.pubKey)\",\"signed_exit_message\":{\"message\":{\"epoch\":\"194048\","
                + "\"validator_index\":\"\(index)\"},\"signature\":\"\(one.exit.signature)\"}}"
        }
        #expect(
            text == "{\"partial_exits\":[\(row(3)),\(row(7))],\"share_idx\":2,\"signature\":\"\(Bytes65.zero)\"}")
    }
}
